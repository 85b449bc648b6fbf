import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS, type Effect } from '../../src/consensus/index.js'
import type { LanePlace } from '../../src/types/index.js'
import { all, OneReplica, sent } from '../protocol/one-replica.js'
import { Cluster, digestOf, testBatch } from './cluster.js'

/** Lanes without gaps, and what a leader owes them. Replica 1 leads regency 1. */

const digest = (number: number, lane = 0, incarnation = 1) => testBatch(lane, number, incarnation).digest

const named = (effects: readonly Effect[]) => sent(effects, 'propose').map(({ value }) => value.batches)

const heldBy = (one: OneReplica) => all(one.wait(DEFAULT_TIMINGS.statusMs), 'send-status')[0]?.status.lanes ?? []

describe('L1: lanes are numbered without gaps', () => {
  it('a leader proposes what continues a lane, and leaves the rest', () => {
    const leader = new OneReplica(1)
    expect(named([...leader.giveBatch(2), ...leader.wait(100)])).toEqual([])
    expect(named(leader.giveBatch(1))).toEqual([[digest(1), digest(2)]])
  })

  it('in the order of the lane, however the batches came', () => {
    const leader = new OneReplica(1)
    for (const number of [4, 3, 2]) leader.giveBatch(number)
    expect(named(leader.giveBatch(1))).toEqual([[1, 2, 3, 4].map((number) => digest(number))])
  })

  it('a new incarnation begins at 1, above the head', () => {
    const leader = new OneReplica(1)
    leader.decide(1)
    expect(named([...leader.giveBatch(2, 0, 2), ...leader.wait(100)])).toEqual([])
    expect(named(leader.giveBatch(1, 0, 2))).toEqual([[digest(1, 0, 2), digest(2, 0, 2)]])
  })

  it('of two batches at one place one is taken, and the other is dead', () => {
    const leader = new OneReplica(1)
    const other = { ...testBatch(0, 1), digest: digestOf('another batch of that place') }
    leader.giveBatch(1)
    leader.take(other)
    const value = leader.value(1)
    leader.writes(1, value, 1, [0, 2, 3])
    leader.accepts(1, value, 1, [0, 2, 3])
    expect(named(leader.wait(300)).flat()).not.toContain(other.digest)
    expect(all(leader.write(), 'drop-batches')[0]?.digests).toEqual(expect.arrayContaining([digest(1), other.digest]))
  })

  it('what is at or below the head leaves the pool once that is written, and does not come in again', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.decide(2)
    expect(all(one.write(), 'drop-batches')).toMatchObject([{ digests: [digest(1), digest(2)] }])
    expect(all(one.giveBatch(2), 'drop-batches')).toMatchObject([{ digests: [digest(2)] }])
  })

  it('the heads are known again after a restart', () => {
    const one = new OneReplica(1)
    one.decide(1)
    one.write()
    one.stopAndRestart(1)
    expect(named([...one.giveBatch(1), ...one.wait(100)])).toEqual([])
    expect(named(one.giveBatch(2)).flat()).toEqual([digest(2)])
  })

  it('a leader that lacks a block below names no batch that it may hold', () => {
    const leader = new OneReplica(2)
    leader.giveBatch(1)
    const base = { height: 1, regency: 1, digest: leader.value(1, 3).digest, header: digestOf('block 1') }
    const effects = leader.changeTo(2, [
      [0, { base }],
      [1, {}],
      [3, {}],
    ])
    expect(named([...effects, ...leader.wait(200)])).toEqual([])
  })

  it('a leader proposes again what an older regency executed and nobody bound', () => {
    const leader = new OneReplica(2)
    leader.giveBatch(1)
    leader.propose(1)
    const effects = leader.changeTo(2, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    expect(named(effects)).toEqual([[digest(1)]])
  })
})

describe('L2: held vectors', () => {
  it('say up to where each lane is held without a gap', () => {
    const one = new OneReplica(2)
    for (const number of [1, 2, 4]) one.giveBatch(number)
    one.giveBatch(1, 3)
    expect(heldBy(one)).toEqual([
      { lane: 0, incarnation: 1, number: 2 },
      { lane: 3, incarnation: 1, number: 1 },
    ])
  })
})

describe('L3: a circle of lanes', () => {
  it('whose pointer only moves on serves each in turn', () => {
    const leader = new OneReplica(1, { bounds: { transactionsMax: 1, bytesMax: 1_000, costMax: 100 } })
    const served: string[] = []
    for (let number = 1; number <= 2; number++)
      for (const lane of [0, 1, 2, 3]) served.push(...named(leader.giveBatch(number, lane)).flat())
    for (let cid = 1; cid <= 8; cid++) {
      served.push(...named(leader.wait(100)).flat())
      const name = [...new Set(served)][cid - 1] ?? expect.fail(`no proposal ${cid}`)
      const value = leader.valueOf([name])
      leader.writes(cid, value, 1, [0, 2, 3])
      served.push(...named(leader.accepts(cid, value, 1, [0, 2, 3])).flat())
    }
    // Some were said again.
    expect([...new Set(served)]).toEqual([1, 2].flatMap((number) => [0, 1, 2, 3].map((lane) => digest(number, lane))))
  })
})

/** The leader says that it holds a lane up to there. */
const shows = (one: OneReplica, lane: number, number: number) =>
  one.hear(1, { lanes: [{ lane, incarnation: 1, number }] })

/** A block of the leader that serves lane 0 only. */
function serveOther(one: OneReplica, cid: number): Effect[] {
  return one.decide(cid)
}

describe('L3: duty', () => {
  it('begins when the leader shows the batch, and ends its regency after so many free proposals without it', () => {
    const one = new OneReplica(2)
    one.giveBatch(1, 3)
    shows(one, 3, 1)
    const proposalsMax = 4 + one.options.window
    const stops: number[] = []
    for (let cid = 1; cid <= proposalsMax + 1; cid++) {
      serveOther(one, cid)
      one.write()
      stops.push(sent(one.wait(50), 'stop').length)
    }
    expect(stops).toEqual([...Array(proposalsMax).fill(0), 1])
  })

  it('ends when a batch of the lane is taken', () => {
    const one = new OneReplica(2)
    one.giveBatch(1, 3)
    shows(one, 3, 1)
    for (let cid = 1; cid <= 6; cid++) serveOther(one, cid)
    const value = one.value(1, 3)
    one.propose(7, value)
    one.writes(7, value)
    one.accepts(7, value)
    for (let cid = 8; cid <= 14; cid++) one.propose(cid, one.value(cid - 1))
    expect(sent(one.wait(50), 'stop')).toEqual([])
  })

  it('ends its regency after a third of the dedup window, too: an idle leader owes it as well', () => {
    const one = new OneReplica(2, { dedupWindowMs: 9_000 })
    one.giveBatch(1, 3)
    shows(one, 3, 1)
    // Some proposal comes now and then, so that it is not the turn that ends it.
    let stopped = 0
    for (let i = 1; i <= 7 && stopped === 0; i++) {
      serveOther(one, i)
      one.write()
      stopped = sent(one.wait(500), 'stop').length === 0 ? 0 : i
    }
    expect(stopped).toBe(6)
  })

  it('heights that the SYNC bound are no free proposals', () => {
    const one = new OneReplica(2)
    for (let cid = 1; cid <= 4; cid++) one.prepare(cid)
    const locks = [1, 2, 3, 4].map((cid) => ({ cid, regency: 1, digest: one.value(cid).digest }))
    one.changeTo(5, [
      [0, { locks }],
      [1, {}],
      [3, {}],
    ])
    one.giveBatch(1, 3)
    shows(one, 3, 1)
    for (let cid = 1; cid <= 4; cid++) {
      one.writes(cid, one.value(cid), 5)
      one.accepts(cid, one.value(cid), 5)
    }
    one.write()
    for (let cid = 5; cid <= 12; cid++) {
      one.decide(cid, 5)
      one.write()
      expect(sent(one.wait(50), 'stop')).toEqual([])
    }
    one.decide(13, 5)
    expect(sent(one.wait(50), 'stop')).toMatchObject([{ regency: 6 }])
  })
})

describe('L3: hand-over', () => {
  const place: LanePlace = { incarnation: 1, number: 1 }

  it('a batch goes to whoever does not show it: of its author to anybody, of others to the leader first', () => {
    const author = new OneReplica(0)
    author.giveBatch(1)
    for (const id of [2, 3]) author.hear(id, { lanes: [{ lane: 0, ...place }] })
    expect(all(author.wait(600), 'send-batch')).toEqual([{ kind: 'send-batch', to: [1], digest: digest(1) }])
    const other = new OneReplica(2)
    other.giveBatch(1)
    expect(all(other.wait(600), 'send-batch')).toEqual([{ kind: 'send-batch', to: [1], digest: digest(1) }])
  })

  it('is not handed over again to who shows it', () => {
    const author = new OneReplica(0)
    author.giveBatch(1)
    for (const id of [1, 2, 3]) author.hear(id, { lanes: [{ lane: 0, ...place }] })
    expect(all(author.wait(800), 'send-batch')).toEqual([])
  })

  it('waits longer on a long path', () => {
    const author = new OneReplica(0)
    author.step({ kind: 'measured', roundTripMs: 2_000, proposalMs: 0 })
    for (const id of author.others) author.hear(id, { roundTripMs: 2_000 })
    author.giveBatch(1)
    expect(all(author.wait(4_000), 'send-batch')).toEqual([])
    expect(all(author.wait(1_000), 'send-batch')).toHaveLength(1)
  })

  it('a leader that does not show a batch handed to it again and again for T_finish and a status is given up', () => {
    const one = new OneReplica(2)
    one.giveBatch(1, 3)
    let waitedMs = 0
    // It serves another lane meanwhile, so it is not the turn that ends it.
    for (let cid = 1; cid <= 30 && waitedMs === 0; cid++) {
      one.decide(cid)
      one.write()
      one.hear(1, { lanes: [] })
      if (sent(one.wait(250), 'stop').length > 0) waitedMs = cid * 250
    }
    const { finishMs, statusMs } = DEFAULT_TIMINGS
    expect(waitedMs).toBeGreaterThanOrEqual(finishMs + statusMs)
    expect(waitedMs).toBeLessThanOrEqual(finishMs + statusMs + 500)
  })

  it('a batch that only its author has reaches the others and is ordered', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const cluster = new Cluster(4, seed)
      const batch = testBatch(0, 1)
      cluster.submitBatch(batch, [0])
      const done = () => [0, 1, 2, 3].every((id) => cluster.isFinal(id, batch.digest))
      expect(cluster.run(2_000, done), `seed ${seed}`).toBe(true)
      expect(cluster.nodes.every(({ regencies }) => regencies === 1)).toBe(true)
    }
  })
})
