import { describe, expect, it } from 'vitest'
import { Cluster } from './cluster.js'

const where = (cluster: Cluster): string => cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')

describe('N6: what is decided', () => {
  it('becomes final everywhere, though a decider is gone and one that is needed wants another leader', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new Cluster(4, seed)
      // Replica 3 gets the batch and no vote, so it asks for another leader. Only replica 0 learns the decision.
      cluster.passes = (from, to, message) => {
        if (message === undefined) return from !== 0
        if (message.kind === 'accept' && to !== 0) return false
        return from !== 3 && to !== 3
      }
      const digest = cluster.submit(2)
      expect(
        cluster.run(900, () => cluster.isFinal(0, digest)),
        `seed ${seed}: decided`,
      ).toBe(true)
      let isWanted = false
      cluster.watch = (id, effect) => {
        if (id === 3 && effect.kind === 'send' && effect.message.kind === 'stop') isWanted = true
      }
      expect(
        cluster.run(3_000, () => isWanted),
        `seed ${seed}: STOP of replica 3`,
      ).toBe(true)
      expect([1, 2, 3].some((id) => cluster.isFinal(id, digest))).toBe(false)
      cluster.crash(0)
      cluster.passes = () => true
      // Nothing new comes from any client.
      const final = () => [1, 2, 3].every((id) => cluster.isFinal(id, digest))
      expect(cluster.run(20_000, final), `seed ${seed}\n${where(cluster)}`).toBe(true)
      cluster.restart(0)
      cluster.run(2_000)
      cluster.checkAgreement()
    }
  })

  it('and told to a client, survives that all lose power in that moment', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new Cluster(4, seed)
      const digest = cluster.submit(seed % 4)
      // Written nowhere: certificates are in memory only.
      cluster.ledgerMs = () => 10_000
      expect(cluster.run(3_000, () => [0, 1, 2, 3].some((id) => cluster.isFinal(id, digest)))).toBe(true)
      const at = [0, 1, 2, 3].find((id) => cluster.isFinal(id, digest)) ?? 0
      const header = cluster.chain(at)[0]?.hash
      for (let id = 0; id < 4; id++) cluster.crash(id)
      cluster.ledgerMs = () => 1
      const gone = seed % 4
      for (let id = 0; id < 4; id++) if (id !== gone) cluster.restart(id)
      const left = [0, 1, 2, 3].filter((id) => id !== gone)
      const final = () => left.every((id) => cluster.chain(id)[0]?.hash === header)
      expect(cluster.run(20_000, final), `seed ${seed}\n${where(cluster)}`).toBe(true)
    }
  })
})
