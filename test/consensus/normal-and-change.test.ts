import { describe, expect, it } from 'vitest'
import { Cluster } from './cluster.js'

const everywhere = (cluster: Cluster, digests: readonly string[], ids: readonly number[]) => () =>
  ids.every((id) => digests.every((digest) => cluster.isFinal(id, digest)))

describe('the normal case', () => {
  it.each([1, 2, 3, 4, 7])('finalizes batches of every lane with n = %i', (n) => {
    const cluster = new Cluster(n, n)
    const ids = Array.from({ length: n }, (_, id) => id)
    const digests = ids.flatMap((lane) => [cluster.submit(lane), cluster.submit(lane)])
    expect(cluster.run(5_000, everywhere(cluster, digests, ids))).toBe(true)
    cluster.checkAgreement()
    expect(cluster.nodes.every((node) => node.regencies === 0)).toBe(true)
  })

  it('goes on while messages are lost', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new Cluster(4, seed)
      cluster.lossRate = 0.2
      const digests = []
      for (let i = 0; i < 20; i++) {
        digests.push(cluster.submit(i % 4))
        cluster.run(50)
      }
      cluster.lossRate = 0
      expect(cluster.run(60_000, everywhere(cluster, digests, [0, 1, 2, 3])), `seed ${seed}`).toBe(true)
      cluster.checkAgreement()
    }
  })
})

describe('the regency change', () => {
  it('replaces a leader that crashed, within a few seconds', () => {
    const cluster = new Cluster(4, 1)
    const first = cluster.submit(0)
    cluster.run(1_000, everywhere(cluster, [first], [0, 1, 2, 3]))
    cluster.crash(1)
    const digest = cluster.submit(2)
    expect(cluster.run(4_000, everywhere(cluster, [digest], [0, 2, 3]))).toBe(true)
    cluster.restart(1)
    const late = cluster.submit(1)
    expect(cluster.run(5_000, everywhere(cluster, [first, digest, late], [0, 1, 2, 3]))).toBe(true)
    cluster.checkAgreement()
  })

  it('keeps one history through crashes, restarts, partitions and loss', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const cluster = new Cluster(4, seed)
      const { random } = cluster
      const digests: string[] = []
      for (let round = 0; round < 12; round++) {
        cluster.lossRate = random.below(20) / 100
        const victim = random.below(4)
        const fault = random.below(3)
        if (fault === 0) cluster.crash(victim)
        if (fault === 1) cluster.passes = (from, to) => from !== victim && to !== victim
        for (let i = 0; i < 5; i++) {
          const lane = random.below(4)
          const digest = cluster.submit(lane)
          if (fault === 2) digests.push(digest)
          cluster.run(random.below(600))
        }
        cluster.passes = () => true
        if (fault === 0) cluster.restart(victim)
        cluster.checkAgreement()
      }
      cluster.lossRate = 0
      const done = everywhere(cluster, digests, [0, 1, 2, 3])
      const finished = cluster.run(120_000, done)
      cluster.checkAgreement()
      const where = cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')
      expect(finished, `seed ${seed}\n${where}`).toBe(true)
    }
  })

  it('survives the crash of all at once', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const cluster = new Cluster(4, seed)
      const digests = Array.from({ length: 8 }, (_, i) => cluster.submit(i % 4))
      cluster.run(10 + (seed % 40))
      for (let id = 0; id < 4; id++) cluster.crash(id)
      for (let id = 0; id < 4; id++) cluster.restart(id)
      cluster.run(20_000)
      const late = cluster.submit(0)
      expect(cluster.run(20_000, everywhere(cluster, [late], [0, 1, 2, 3])), `seed ${seed}`).toBe(true)
      cluster.checkAgreement()
      expect(digests.length).toBe(8)
    }
  })
})
