import { expect, it } from 'vitest'
import { Cluster } from './cluster.js'

it('finalizes what some decided, though one of the deciders is gone and the one that is needed gave the leader up', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const cluster = new Cluster(4, seed)
    // Replica 3 gets the batch and no vote, so it sends STOP; the others decide, and lack one PERSIST to finalize.
    cluster.passes = (from, to, message) => {
      if (message === undefined) return true
      if (message.kind === 'persist' && (from === 0 || to === 0)) return false
      return from !== 3 && to !== 3
    }
    const digest = cluster.submit(2)
    const decided = () => [0, 1, 2].every((id) => cluster.node(id).core.status().executed === 1)
    expect(cluster.run(900, decided), `seed ${seed}: decided`).toBe(true)
    const stopping = () => cluster.node(3).core.status().phase === 'stopping'
    expect(cluster.run(3_000, stopping), `seed ${seed}: STOP of replica 3`).toBe(true)
    expect(cluster.isFinal(1, digest)).toBe(false)
    cluster.crash(0)
    cluster.passes = () => true
    // Nothing new comes from any client.
    const final = () => [1, 2, 3].every((id) => cluster.isFinal(id, digest))
    const where = () => cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')
    expect(cluster.run(20_000, final), `seed ${seed}\n${where()}`).toBe(true)
    cluster.checkAgreement()
  }
})
