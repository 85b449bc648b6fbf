import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { OneReplica, sent } from '../protocol/one-replica.js'
import { Cluster } from './cluster.js'

/** L4: the clocks that run against a leader. Replica 2 of four; replica 1 leads regency 1. */

const { turnMs, finishMs, timeoutMsMax, tickMs } = DEFAULT_TIMINGS
const NONE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const

const isAbout = (ms: number, wantedMs: number): void => {
  expect(ms).toBeGreaterThanOrEqual(wantedMs)
  expect(ms).toBeLessThanOrEqual(wantedMs + 2 * tickMs)
}

/** A regency that brings nothing, and the next one installed by its STOPs and opened by its SYNC. */
const fail = (one: OneReplica, regency: number): void => {
  one.changeTo(regency, NONE)
}

describe('L4: the turn clock', () => {
  it('runs while work waits and no proposal comes, and not while idle', () => {
    const one = new OneReplica(2)
    expect(sent(one.wait(60_000), 'stop')).toEqual([])
    one.giveBatch(1)
    isAbout(one.waitFor('stop', 5_000), turnMs)
  })

  it('is stopped by a proposal from anyone, or a height that is final', () => {
    const one = new OneReplica(2)
    for (const lane of [0, 1, 3]) one.giveBatch(1, lane)
    one.wait(turnMs - 200)
    one.propose(1)
    expect(sent(one.wait(turnMs - 200), 'stop')).toEqual([])
    isAbout(one.waitFor('stop', 5_000), 200)
  })

  it('does not run for the leader itself, nor while the window is full', () => {
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    expect(sent(leader.wait(finishMs - 100), 'stop')).toEqual([])
    const full = new OneReplica(2, { window: 1 })
    full.giveBatch(1)
    full.propose(1)
    full.giveBatch(2)
    isAbout(full.waitFor('stop', 5_000), finishMs)
  })

  it('is at least four round trips', () => {
    const one = new OneReplica(2)
    one.step({ kind: 'measured', roundTripMs: 500, proposalMs: 0 })
    for (const id of one.others) one.hear(id, { roundTripMs: 500 })
    one.giveBatch(1)
    isAbout(one.waitFor('stop', 10_000), 2_000)
  })
})

describe('L4: the finish clock', () => {
  it('runs while the lowest open height is proposed and not final, also for its leader', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    isAbout(one.waitFor('stop', 5_000), finishMs)
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    isAbout(leader.waitFor('stop', 5_000), finishMs)
  })

  it('starts anew when the lowest open height moves', () => {
    const one = new OneReplica(2)
    for (let cid = 1; cid <= 3; cid++) one.prepare(cid)
    one.wait(finishMs - 200)
    one.accepts(1)
    isAbout(one.waitFor('stop', 5_000), finishMs)
  })

  it('does not start anew for a height above', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.wait(finishMs - 200)
    one.prepare(2)
    isAbout(one.waitFor('stop', 5_000), 200)
  })

  it('allows for round trips, and for what a full proposal costs here', () => {
    const one = new OneReplica(2)
    one.step({ kind: 'measured', roundTripMs: 300, proposalMs: 400 })
    for (const id of one.others) one.hear(id, { roundTripMs: 300 })
    one.giveBatch(1)
    one.propose(1)
    isAbout(one.waitFor('stop', 10_000), 8 * 300 + 4 * 400)
  })

  it('runs while a SYNC is awaited, too', () => {
    const one = new OneReplica(2)
    one.stops(one.others, 3)
    isAbout(one.waitFor('stop', 5_000), finishMs)
  })
})

describe('L4: doubling', () => {
  it('comes with each regency in a row that brought no final height, up to the bound', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    const patience: number[] = []
    // Replica 2 leads every fourth regency, and the turn clock does not run for it.
    for (const regency of [3, 5, 7, 9, 11, 13, 15]) {
      patience.push(Math.floor(one.waitFor('stop', 60_000) / 1_000))
      fail(one, regency)
    }
    expect(patience).toEqual([1, 1, 2, 4, 8, 16, 30])
    expect(timeoutMsMax).toBe(30_000)
  })

  it('is halved with every final height', () => {
    const one = new OneReplica(2)
    for (const regency of [3, 5, 7, 9]) fail(one, regency)
    const waits: number[] = []
    for (let cid = 1; cid <= 4; cid++) {
      // Proposed, and then nothing: the finish clock runs.
      one.giveBatch(cid)
      one.propose(cid, one.value(cid), 9)
      waits.push(Math.floor(one.waitFor('stop', 60_000) / 1_000))
      one.writes(cid, one.value(cid), 9)
      one.accepts(cid, one.value(cid), 9)
      one.write()
      one.wait(tickMs)
    }
    expect(waits).toEqual([16, 8, 4, 2])
  })

  it('no liar of f raises the round trip that the clocks rest on', () => {
    const one = new OneReplica(2)
    one.step({ kind: 'measured', roundTripMs: 10, proposalMs: 0 })
    one.hear(0, { roundTripMs: 10 })
    one.hear(1, { roundTripMs: 1_000_000 })
    one.hear(3, { roundTripMs: 12 })
    expect(one.core.status().roundTripMs).toBe(12)
  })
})

describe('L4: what is not the fault of a leader', () => {
  it('a pause of this process', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.wait(tickMs)
    one.nowMs += 60_000
    expect(sent(one.wait(tickMs), 'stop')).toEqual([])
    one.giveBatch(1, 3)
    one.propose(1)
    expect(sent(one.wait(tickMs), 'stop')).toEqual([])
  })

  it('a monotonic clock that seems to go back stops nothing', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.wait(500)
    one.nowMs -= 300
    expect(sent(one.wait(300), 'stop')).toEqual([])
    expect(one.waitFor('stop', 2_000)).toBeLessThanOrEqual(700)
  })

  it('a wall clock that jumps, either way', () => {
    for (const jumpMs of [-86_400_000, 86_400_000]) {
      const one = new OneReplica(2)
      one.giveBatch(1)
      one.wallMs += jumpMs
      expect(sent(one.wait(turnMs - 200), 'stop')).toEqual([])
      isAbout(one.waitFor('stop', 5_000), 200)
    }
  })

  it.each([500, 1_000, 2_000])('slow ticks of %i ms do not keep a leader that does nothing (H14)', (everyMs) => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    let waitedMs = 0
    while (sent(one.wait(everyMs, everyMs), 'stop').length === 0) {
      waitedMs += everyMs
      if (waitedMs > 60_000) expect.fail('never')
    }
    // A step counts half a second at most.
    expect(waitedMs).toBeLessThanOrEqual((turnMs / Math.min(500, everyMs) + 1) * everyMs)
  })

  it('slow ticks everywhere, and a leader that is gone: the others go on (H14)', () => {
    const cluster = new Cluster(4, 14)
    cluster.tickDelayMs = () => 600
    cluster.run(2_000)
    cluster.crash(1)
    const digest = cluster.submit(0)
    const done = () => [0, 2, 3].every((id) => cluster.isFinal(id, digest))
    expect(cluster.run(20_000, done)).toBe(true)
  })
})
