import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { all, OneReplica, placeOf, sent } from '../protocol/one-replica.js'
import { headerOf, testBatch } from './cluster.js'

/** What a replica keeps, and what it may say after the next start. Replica 2 of four; replica 1 leads regency 1. */

const THREE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const
const TICK = DEFAULT_TIMINGS.tickMs

const kindsOf = (one: OneReplica): string[] => one.log.map(({ kind }) => kind)

describe('what is on disk before something leaves', () => {
  it.each([1, 2])('the regency, before the first WRITE, PROPOSE or SYNC in it, replica %i', (self) => {
    const one = new OneReplica(self)
    const effects = [...one.giveBatch(1), ...(self === 1 ? [] : one.propose(1))]
    const what = self === 1 ? 'propose' : 'write'
    expect(placeOf(effects, 'regency', 'record')).toBeGreaterThanOrEqual(0)
    expect(placeOf(effects, 'regency', 'record')).toBeLessThan(placeOf(effects, what, 'message'))
    expect(kindsOf(one)).toEqual(['regency'])
  })

  it('the regency that STOPDATA is for', () => {
    const one = new OneReplica(2)
    const effects = one.stops(one.others, 3)
    expect(placeOf(effects, 'regency', 'record')).toBeLessThan(placeOf(effects, 'stop-data', 'message'))
    one.restart()
    expect(one.core.status().regency).toBe(3)
  })

  it('nothing where nothing was said: a first start is not barred, nor the one after it', () => {
    const one = new OneReplica(2)
    one.wait(1_000)
    one.restart()
    expect(one.core.status().silent).toBeUndefined()
  })
})

describe('D1: what leaves the log', () => {
  it('a lock and its value, once the ledger has the block, and not when it is final in memory only', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.prepare(2)
    const locked = () =>
      one.core.durableRecords().flatMap((record) => (record.kind === 'accept' ? [record.prepared.cid] : []))
    expect(locked()).toEqual([1, 2])
    expect([...one.core.liveBatches()]).toEqual([...one.value(1).batches, ...one.value(2).batches])
    one.write()
    expect(locked()).toEqual([2])
    expect([...one.core.liveBatches()]).toEqual([...one.value(2).batches])
  })

  it('power lost with a block final in memory: the next start is locked on it', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.restart(0)
    one.giveBatches()
    const [message] = sent(one.stops(one.others, 3), 'stop-data')
    expect(message).toMatchObject({ base: { height: 0 }, locks: [{ cid: 1, regency: 1 }] })
  })
})

describe('D3: after a crash', () => {
  it('no vote and no proposal in the regency of the log, and the next one is asked for', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    const started = one.restart()
    expect(all(started, 'silence')).toMatchObject([{ silent: 'barred' }])
    one.giveBatch(1)
    one.giveBatch(1, 3)
    const effects = [...one.propose(1, one.value(1, 3)), ...one.writes(1, one.value(1, 3)), ...one.wait(TICK)]
    expect(sent(effects, 'write')).toEqual([])
    expect(sent(effects, 'accept')).toEqual([])
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2, reason: 'barred', start: 2 }])
    expect(one.core.status()).toMatchObject({ silent: 'barred', regency: 1 })
  })

  it('a leader proposes nothing again in that regency, nor sends SYNC', () => {
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    leader.restart()
    expect(sent([...leader.giveBatch(1, 3), ...leader.wait(500)], 'propose')).toEqual([])
  })

  it('it votes again from the next regency on', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    one.restart()
    one.giveBatches()
    one.changeTo(3, THREE)
    expect(one.core.status().silent).toBeUndefined()
    expect(sent(one.propose(1, one.value(1), 3), 'write')).toMatchObject([{ regency: 3 }])
  })

  it('it gives no STOPDATA for the regency that it is barred in, and does for the next', () => {
    const one = new OneReplica(2)
    one.stops(one.others, 3)
    one.restart()
    expect(sent(one.wait(3_000), 'stop-data')).toEqual([])
    expect(sent(one.stops(one.others, 4), 'stop-data')).toHaveLength(1)
  })

  it('or in the same one above H + 2W, where H counts the own log too', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.write()
    one.restart(1)
    const silent = () => one.core.status().silent
    // Two of the others are behind: their answers alone would make H too low.
    for (const id of [0, 1, 3]) one.hear(id, { finalized: 0 })
    expect(one.core.status().silentUntil).toBe(1 + 2 * one.options.window)
    for (let cid = 2; cid <= 9; cid++) {
      one.decide(cid)
      one.write()
      expect(silent()).toBe('barred')
    }
    one.decide(10)
    expect(silent()).toBeUndefined()
    expect(sent([...one.giveBatch(11), ...one.propose(11)], 'write')).toMatchObject([{ regency: 1 }])
  })
})

describe('D4: an orderly stop', () => {
  it('lets the next start vote on in the same regency, never against what was said', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    one.stopAndRestart()
    expect(one.core.status().silent).toBeUndefined()
    one.giveBatch(1)
    one.giveBatch(1, 3)
    expect(sent(one.propose(1, one.value(1, 3)), 'write')).toEqual([])
    one.giveBatch(1, 1)
    expect(sent(one.propose(2, one.value(1, 1)), 'write')).toMatchObject([{ cid: 2, regency: 1 }])
  })

  it('a leader does not propose again where it did before, and goes on above once it has its proposal back', () => {
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    leader.stopAndRestart()
    const value = leader.value(1)
    const waiting = [...leader.giveBatch(1), ...leader.giveBatch(1, 3), ...leader.wait(300)]
    expect(sent(waiting, 'propose')).toEqual([])
    leader.writes(1, value)
    expect(all(leader.wait(100), 'fetch')[0]?.what.values).toEqual([value.digest])
    const effects = [...leader.step({ kind: 'value', value }), ...leader.accepts(1, value), ...leader.wait(100)]
    expect(sent(effects, 'propose')[0]).toMatchObject({ cid: 2, value: { batches: [testBatch(3, 1).digest] } })
  })

  it('a leader that sent its SYNC sends no other', () => {
    const leader = new OneReplica(2)
    const [own] = sent(leader.stops([0, 1, 3], 2), 'stop-data')
    const all = [0, 1, 2].map((sender) => leader.give(sender, own ?? expect.fail()))
    expect(sent(all.flat(), 'sync')).toHaveLength(1)
    leader.stopAndRestart()
    const again = [0, 2, 3].flatMap((sender) => leader.give(sender, own ?? expect.fail()))
    expect(sent([...again, ...leader.wait(1_000)], 'sync')).toEqual([])
  })

  it('the mark goes, synced, before anything leaves', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    one.stopAndRestart()
    one.giveBatch(2)
    const effects = one.propose(2)
    expect(placeOf(effects, 'regency', 'record')).toBeGreaterThanOrEqual(0)
    expect(placeOf(effects, 'regency', 'record')).toBeLessThan(placeOf(effects, 'write', 'message'))
    one.restart()
    expect(one.core.status().silent).toBe('barred')
  })

  it('the mark stays while nothing is said', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    one.stopAndRestart()
    one.wait(500)
    one.restart()
    expect(one.core.status().silent).toBeUndefined()
  })

  it('a barred replica writes no mark', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    one.restart()
    expect(one.core.mark()).toBeUndefined()
  })

  it('the ACCEPT of before is said again, the same, where execution gives its header again', () => {
    const one = new OneReplica(2)
    const [before] = sent(one.prepare(1), 'accept')
    one.stopAndRestart()
    one.executes = false
    one.giveBatches()
    one.propose(1)
    one.writes(1)
    expect(sent(one.wait(1_000), 'accept')).toEqual([])
    one.execute(one.executions[0] ?? expect.fail())
    const again = sent(one.wait(1_000), 'accept')
    expect(again.length).toBeGreaterThan(0)
    for (const accept of again) expect(accept).toEqual(before)
  })

  it('where execution gives another header it is not said, and the replica is barred in that regency (D3)', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.stopAndRestart()
    one.executes = false
    one.giveBatches()
    one.propose(1)
    one.writes(1)
    const other = headerOf('another release', one.value(1).digest)
    const effects = [...one.execute(one.executions[0] ?? expect.fail(), other), ...one.wait(1_000)]
    expect(sent(effects, 'accept')).toEqual([])
    expect(one.core.status().silent).toBe('barred')
    expect(sent(effects, 'stop')[0]).toMatchObject({ regency: 2, reason: 'barred' })
  })

  it('no STOPDATA is given again for a regency in which it accepted: its older locks are gone by then (R4)', () => {
    const one = new OneReplica(2)
    for (const cid of [1, 2]) one.prepare(cid)
    const locks = [1, 2].map((cid) => ({ cid, regency: 1, digest: one.value(cid).digest }))
    one.changeTo(3, [
      [0, { locks }],
      [1, {}],
      [3, {}],
    ])
    // Only the lower height is accepted anew; a second STOPDATA would leave it out, and free the height above by that gap.
    expect(sent(one.writes(1, one.value(1), 3), 'accept')).toMatchObject([{ cid: 1, regency: 3 }])
    one.stopAndRestart()
    one.giveBatches()
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'syncing' })
    expect(sent(one.wait(1_500), 'stop-data')).toEqual([])
    expect(sent(one.stops(one.others, 4), 'stop-data')[0]?.locks).toMatchObject([
      { cid: 1, regency: 3 },
      { cid: 2, regency: 1 },
    ])
  })

  it('a leader that is about to stop resigns, once, and others do not', () => {
    const leader = new OneReplica(1)
    expect(sent(leader.core.resign(), 'stop')).toMatchObject([{ regency: 2, reason: 'resign' }])
    expect(new OneReplica(2).core.resign()).toEqual([])
  })
})

describe('D5: a compacted log', () => {
  /** The log is written anew from what the core says, and power is lost. */
  function compactAndRestart(one: OneReplica, height = 0): void {
    one.log = [...one.core.durableRecords()]
    one.restart(height)
    one.giveBatches()
  }

  it('keeps every lock above the durable height, the lowest as well', () => {
    const one = new OneReplica(2)
    for (let cid = 1; cid <= 3; cid++) one.prepare(cid)
    compactAndRestart(one)
    const [message] = sent(one.stops(one.others, 3), 'stop-data')
    expect(message?.locks.map(({ cid, digest }) => [cid, digest])).toEqual(
      [1, 2, 3].map((cid) => [cid, one.value(cid).digest]),
    )
  })

  it('keeps an older lock while no newer one is accepted', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.changeTo(3, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    compactAndRestart(one)
    expect(sent(one.stops(one.others, 4), 'stop-data')[0]?.locks).toMatchObject([{ cid: 1, regency: 1 }])
  })

  it('keeps the regency, and that it was asked for another one', () => {
    const one = new OneReplica(2)
    one.changeTo(3, THREE)
    one.giveBatch(1)
    expect(one.waitFor('stop', 10_000)).toBeLessThan(10_000)
    compactAndRestart(one)
    expect(one.core.status()).toMatchObject({ regency: 3, silent: 'barred' })
    const [said] = all(one.wait(600), 'send-status')
    expect(said?.status.asked).toBeGreaterThanOrEqual(4)
  })

  it('keeps a STOP that nothing followed (T2 needs it)', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    expect(one.waitFor('stop', 5_000)).toBeLessThan(5_000)
    one.log = [...one.core.durableRecords()]
    one.restart()
    expect(one.core.status()).toMatchObject({ regency: 1 })
    expect(all(one.wait(600), 'send-status')[0]?.status.asked).toBe(2)
  })

  it('keeps the mark of an orderly stop while nothing was said, and the bar of a crash', () => {
    const stopped = new OneReplica(2)
    stopped.giveBatch(1)
    stopped.propose(1)
    stopped.stopAndRestart()
    compactAndRestart(stopped)
    expect(stopped.core.status().silent).toBeUndefined()
    expect(sent(stopped.propose(1, stopped.value(1, 3)), 'write')).toEqual([])
    const crashed = new OneReplica(2)
    crashed.giveBatch(1)
    crashed.propose(1)
    crashed.restart()
    compactAndRestart(crashed)
    expect(crashed.core.status().silent).toBe('barred')
  })

  it('is bounded, whatever was voted for', () => {
    const one = new OneReplica(2)
    for (let cid = 1; cid <= 500; cid++) one.prepare(cid)
    for (let regency = 2; regency <= 100; regency++) one.writes(1, one.value(regency), regency)
    expect(one.core.durableRecords().length).toBeLessThanOrEqual(3 + one.options.window)
    expect(one.core.status().openInstances).toBeLessThanOrEqual(2 * one.options.window)
  })
})
