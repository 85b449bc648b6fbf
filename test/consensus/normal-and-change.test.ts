import { describe, expect, it } from 'vitest'
import { Cluster } from './cluster.js'

const everywhere = (cluster: Cluster, digests: readonly string[], ids: readonly number[]) => () =>
  ids.every((id) => digests.every((digest) => cluster.isFinal(id, digest)))

const ALL = [0, 1, 2, 3]

describe('the normal case', () => {
  it.each([1, 2, 3, 4, 7])('finalizes batches of every lane with n = %i, in one regency', (n) => {
    const cluster = new Cluster(n, n)
    const ids = Array.from({ length: n }, (_, id) => id)
    const digests = ids.flatMap((lane) => [cluster.submit(lane), cluster.submit(lane)])
    expect(cluster.run(5_000, everywhere(cluster, digests, ids))).toBe(true)
    cluster.checkAgreement()
    expect(cluster.nodes.every((node) => node.regencies === 1)).toBe(true)
  })

  it('waits for one sync and two votes a block', () => {
    const cluster = new Cluster(4, 1)
    cluster.delayMs = () => 10
    cluster.syncMs = () => 5
    cluster.ledgerMs = () => 1_000
    const digest = cluster.submit(1)
    // PROPOSE, WRITE, ACCEPT: three ways. The first block of a regency waits for two more syncs, before PROPOSE and WRITE.
    expect(cluster.run(46, everywhere(cluster, [digest], ALL))).toBe(true)
    cluster.run(500)
    const second = cluster.submit(1)
    expect(cluster.run(36, everywhere(cluster, [second], ALL))).toBe(true)
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
      expect(cluster.run(60_000, everywhere(cluster, digests, ALL)), `seed ${seed}`).toBe(true)
      cluster.checkAgreement()
    }
  })

  it('goes on over any connected graph of a quorum (L6)', () => {
    // A chain 0 - 1 - 2, and replica 3 is down.
    const cluster = new Cluster(4, 1)
    cluster.crash(3)
    cluster.passes = (from, to) => Math.abs(from - to) === 1
    const digest = cluster.submit(1)
    expect(cluster.run(10_000, everywhere(cluster, [digest], [0, 1, 2]))).toBe(true)
  })
})

describe('the regency change', () => {
  it('replaces a leader that crashed, within a few seconds, and takes it in again', () => {
    const cluster = new Cluster(4, 1)
    const first = cluster.submit(0)
    cluster.run(1_000, everywhere(cluster, [first], ALL))
    cluster.crash(1)
    const digest = cluster.submit(2)
    expect(cluster.run(4_000, everywhere(cluster, [digest], [0, 2, 3]))).toBe(true)
    cluster.restart(1)
    const late = cluster.submit(1)
    expect(cluster.run(5_000, everywhere(cluster, [first, digest, late], ALL))).toBe(true)
    cluster.checkAgreement()
  })

  it('costs no timeout where the leader stops in order, and a rolling restart of all costs none at all (D4)', () => {
    const cluster = new Cluster(4, 3)
    for (const id of [1, 2, 3, 0, 1, 2]) {
      cluster.resign(id)
      cluster.run(60)
      cluster.stop(id)
      const others = ALL.filter((other) => other !== id)
      const digest = cluster.submit(others[0] ?? 0)
      expect(cluster.run(400, everywhere(cluster, [digest], others)), `without ${id}`).toBe(true)
      cluster.restart(id)
      cluster.run(700)
    }
    cluster.checkAgreement()
  })

  it('survives the crash of all at once', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const cluster = new Cluster(4, seed)
      for (let i = 0; i < 8; i++) cluster.submit(i % 4)
      cluster.run(10 + (seed % 40))
      for (const id of ALL) cluster.crash(id)
      for (const id of ALL) cluster.restart(id)
      cluster.run(500)
      const late = cluster.submit(0)
      expect(cluster.run(20_000, everywhere(cluster, [late], ALL)), `seed ${seed}`).toBe(true)
      cluster.checkAgreement()
    }
  })
})
