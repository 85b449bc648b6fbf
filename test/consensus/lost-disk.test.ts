import { describe, expect, it } from 'vitest'
import type { WalRecord } from '../../src/consensus/index.js'
import { all, OneReplica, sent } from '../protocol/one-replica.js'
import { Cluster } from './cluster.js'

/** T2: a replica whose disk is lost. Replica 2 of four, window 4. */

const WINDOW = 4

const lost = (changes = {}, records: readonly WalRecord[] = [{ kind: 'lost' }], n = 4): OneReplica => {
  const one = new OneReplica(2, changes, n, { height: 0, heads: [], records })
  one.log.push(...records)
  return one
}

/** Told by the others: H is 0, and G the highest regency that they name. */
function told(asked: readonly number[] = [1, 1, 1]): OneReplica {
  const one = lost()
  for (const [i, id] of one.others.entries()) one.hear(id, { asked: asked[i] ?? 1 })
  return one
}

/** Blocks that it learns with the others' votes, none of them its own. */
function follow(one: OneReplica, from: number, to: number, regency = 1): void {
  for (let cid = from; cid <= to; cid++) {
    one.decide(cid, regency)
    one.write()
  }
}

describe('T2: asking', () => {
  it('needs a quorum of others, and a moment for the rest', () => {
    const one = lost()
    one.hear(0, {})
    one.hear(1, {})
    one.wait(5_000)
    expect(one.core.status()).toMatchObject({ silent: 'lost', silentUntil: 0 })
    one.hear(3, {})
    expect(one.core.status().silentUntil).toBe(2 * WINDOW)
  })

  it('counts a final height with its proof only', () => {
    const one = lost()
    const certificate = { ...new OneReplica(0).certificateOf(1), cid: 3, digest: 'd', header: 'h' }
    one.hear(0, {})
    one.hear(1, {})
    one.hear(3, { finalized: 1_000_000 })
    expect(one.core.status().silentUntil).toBe(0)
    one.hear(3, { finalized: 3 }, certificate)
    expect(one.core.status().silentUntil).toBe(3 + 2 * WINDOW)
  })

  it('leaves out the highest of more than a quorum, who may lie', () => {
    const one = lost({}, [{ kind: 'lost' }], 7)
    for (const id of one.others) one.hear(id, { asked: id === 0 ? 1_000_000 : 1 })
    expect(one.log.at(-1)).toMatchObject({ kind: 'lost', bounds: { regency: 1 } })
  })

  it('counts no answer of another view, nor of a stranger', () => {
    const one = lost()
    one.hear(0, { view: 1 })
    one.hear(9, {})
    one.hear(1, {})
    one.hear(3, {})
    one.wait(3_000)
    expect(one.core.status().silentUntil).toBe(0)
  })

  it('is done again in the next view: bounds of another view count for nothing', () => {
    const bounds = { view: 7, height: 0, regency: 1 }
    const one = lost({}, [{ kind: 'lost', bounds }])
    follow(one, 1, 2 * WINDOW + 2)
    expect(one.core.status()).toMatchObject({ silent: 'lost', silentUntil: 0 })
  })

  it('what was told is the first record of the new log, and stays there', () => {
    const one = told([1, 3, 1])
    expect(one.log).toEqual([{ kind: 'lost' }, { kind: 'lost', bounds: { view: 0, height: 0, regency: 3 } }])
    expect(one.core.durableRecords()).toContainEqual(one.log[1])
    one.restart()
    expect(one.core.status()).toMatchObject({ silent: 'lost', silentUntil: 2 * WINDOW })
  })
})

describe('T2: voting', () => {
  it('begins above H + 2W, and not before', () => {
    const one = told()
    follow(one, 1, 2 * WINDOW)
    expect(one.core.status().silent).toBe('lost')
    expect(sent([...one.giveBatch(9), ...one.propose(9)], 'write')).toEqual([])
    follow(one, 9, 9)
    expect(one.core.status().silent).toBeUndefined()
    expect(sent([...one.giveBatch(10), ...one.propose(10)], 'write')).toMatchObject([{ cid: 10 }])
  })

  it('is only in regencies from G on', () => {
    const one = told([1, 3, 1])
    follow(one, 1, 2 * WINDOW + 1)
    expect(one.core.status()).toMatchObject({ regency: 1, silent: 'lost' })
    expect(sent([...one.giveBatch(10), ...one.propose(10)], 'write')).toEqual([])
    one.changeTo(3, [
      [0, { base: { ...zero(one), height: 9 } }],
      [1, {}],
      [3, {}],
    ])
    expect(one.core.status()).toMatchObject({ regency: 3 })
    expect(one.core.status().silent).toBeUndefined()
  })

  it('is judged for every vote: with a height that only memory knew the silence returns', () => {
    const one = told()
    follow(one, 1, 2 * WINDOW)
    one.decide(9)
    expect(one.core.status().silent).toBeUndefined()
    one.restart(8)
    expect(one.core.status().silent).toBe('lost')
  })

  it('D3 holds beside it: a crash after the return bars it like any other', () => {
    const one = told()
    follow(one, 1, 2 * WINDOW + 1)
    one.giveBatch(10)
    expect(sent(one.propose(10), 'write')).toHaveLength(1)
    one.restart(9)
    expect(one.core.status()).toMatchObject({ silent: 'barred', silentUntil: 0 })
    for (const id of one.others) one.hear(id, {})
    expect(one.core.status()).toMatchObject({ silent: 'barred', silentUntil: 9 + 2 * WINDOW })
    expect(one.core.durableRecords()).toContainEqual(one.log[1])
  })

  it('STOPDATA is not given for a regency up to G, nor before the durable height is beyond', () => {
    const one = told([1, 3, 1])
    follow(one, 1, 2 * WINDOW + 1)
    expect(sent(one.stops(one.others, 3), 'stop-data')).toEqual([])
    expect(sent(one.stops(one.others, 4), 'stop-data')).toHaveLength(1)
    const memory = told()
    follow(memory, 1, 2 * WINDOW)
    memory.decide(9)
    expect(sent(memory.stops(memory.others, 3), 'stop-data')).toEqual([])
  })

  it('asked for G, it names at least G + 1: STOPs of its earlier life still count', () => {
    const one = told([1, 3, 1])
    expect(all(one.wait(600), 'send-status')[0]?.status.asked).toBe(4)
  })

  it('is asked for by the leader of an idle network, too', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const cluster = new Cluster(4, seed)
      const first = cluster.submit(0)
      cluster.run(2_000, () => [0, 1, 2, 3].every((id) => cluster.isFinal(id, first)))
      cluster.run(50)
      cluster.loseDisk(3)
      cluster.restart(3)
      const votes = () => cluster.node(3).core.status().silent === undefined
      expect(cluster.run(20_000, votes), `seed ${seed}`).toBe(true)
      cluster.run(3_000)
      expect(cluster.chain(0).length).toBeLessThan(40)
      // Now it is needed.
      cluster.crash(0)
      const digest = cluster.submit(2)
      expect(
        cluster.run(10_000, () => [1, 2, 3].every((id) => cluster.isFinal(id, digest))),
        `seed ${seed}`,
      ).toBe(true)
      cluster.checkAgreement()
    }
  })
})

const zero = (one: OneReplica) => {
  const { cid, regency, digest, header } = one.written ?? expect.fail()
  return { height: cid, regency, digest, header }
}

describe('T2: empty blocks for silent peers', () => {
  it('are proposed while one is silent, a few at a time, and end with its height', () => {
    const leader = new OneReplica(1)
    leader.decide(1)
    expect(sent(leader.wait(500), 'propose')).toEqual([])
    leader.hear(3, { silent: 'lost', silentUntil: 2 * WINDOW })
    const [empty] = sent(leader.wait(200), 'propose')
    expect(empty).toMatchObject({ cid: 2, value: { batches: [] } })
  })

  it('are bounded: whoever asks for many, or again and again, gets no more', () => {
    const leader = new OneReplica(1)
    leader.hear(3, { silent: 'lost', silentUntil: 1_000_000 })
    expect(sent(leader.wait(500), 'propose')).toEqual([])
    let count = 0
    for (let round = 0; round < 60; round++) {
      leader.hear(3, { silent: 'lost', silentUntil: leader.core.status().finalized + 3 * WINDOW })
      for (const { cid, value } of sent(leader.wait(150), 'propose')) {
        count += 1
        leader.writes(cid, value)
        leader.accepts(cid, value)
      }
    }
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThanOrEqual(3 * WINDOW + 1)
  })

  it('are not proposed for who merely follows', () => {
    const leader = new OneReplica(1)
    leader.hear(3, { silent: 'following', silentUntil: 0 })
    expect(sent(leader.wait(500), 'propose')).toEqual([])
  })
})
