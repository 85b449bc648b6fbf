import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS, type Effect } from '../../src/consensus/index.js'
import type { Message, Signed } from '../../src/types/index.js'
import { markVerified } from '../../src/types/verified.js'
import { all, OneReplica, placeOf, sent } from '../protocol/one-replica.js'
import { signedBy, testBatch } from './cluster.js'

/** Wishes, installation and evidence: replica 2 of four, whose peers the test plays. Replica 1 leads regency 1. */

const SELF = 2
const THREE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const
/** The period of STOPs, and how long one stays fresh, ms. */
const STOP_MS = 4 * DEFAULT_TIMINGS.resendMs
const FRESH_MS = 3 * STOP_MS

/** Asks for another leader, since none proposes what waits. */
function wishing(): OneReplica {
  const one = new OneReplica(SELF)
  one.giveBatch(1)
  expect(one.waitFor('stop', 5_000)).toBeLessThan(2_000)
  return one
}

describe('R1: a STOP is a wish', () => {
  it('its sender votes on in the regency in force', () => {
    const one = wishing()
    expect(sent(one.propose(1), 'write')).toMatchObject([{ regency: 1 }])
    expect(sent(one.writes(1), 'accept')).toMatchObject([{ regency: 1 }])
    expect(all(one.accepts(1), 'final')).toHaveLength(1)
  })

  it('a quorum of them installs the regency; with STOPDATA all below is given up', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    expect(sent(one.stops([0, 1], 2), 'stop-data')).toEqual([])
    expect(one.core.status()).toMatchObject({ regency: 1, phase: 'normal' })
    expect(sent(one.stop(3, 2), 'stop-data')).toHaveLength(1)
    expect(one.core.status()).toMatchObject({ regency: 2, phase: 'syncing' })
    expect(sent([...one.propose(1), ...one.writes(1)], 'write')).toEqual([])
    expect(sent(one.writes(1), 'accept')).toEqual([])
  })

  it('what is decided in a regency that was given up is final all the same', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    one.stops(one.others, 2)
    expect(all(one.accepts(1), 'final')).toHaveLength(1)
  })

  it('is in the log before it leaves (T2 needs it)', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    const effects = one.wait(1_100)
    expect(placeOf(effects, 'stop', 'record')).toBeGreaterThanOrEqual(0)
    expect(placeOf(effects, 'stop', 'record')).toBeLessThan(placeOf(effects, 'stop', 'message'))
  })
})

describe('R2: wishes', () => {
  const isJoined = (effects: readonly Effect[], regency = 2) =>
    sent(effects, 'stop').some((stop) => stop.regency === regency)

  it('are joined at f + 1, and not before', () => {
    const one = new OneReplica(SELF)
    expect(isJoined([...one.stop(0, 2), ...one.stop(0, 2), ...one.wait(100)])).toBe(false)
    expect(isJoined(one.stop(3, 2))).toBe(true)
  })

  it('lapse when they are not said again', () => {
    const one = new OneReplica(SELF)
    one.stop(0, 2)
    one.wait(FRESH_MS + 50)
    expect(isJoined(one.stop(3, 2))).toBe(false)
    expect(isJoined(one.stop(0, 2))).toBe(true)
  })

  it('count for nothing once their sender took them back, and an old one does not come back', () => {
    const one = new OneReplica(SELF)
    const stop = (regency: number, number: number, start = 1): Message => {
      return { kind: 'stop', regency, reason: 'wish', start, number }
    }
    one.give(0, stop(2, 1))
    one.give(0, stop(0, 2))
    expect(isJoined(one.give(3, stop(2, 1)))).toBe(false)
    expect(isJoined(one.give(0, stop(2, 1)))).toBe(false)
    // A later start of its sender counts from 1 again.
    expect(isJoined(one.give(0, stop(2, 1, 2)))).toBe(true)
  })

  it('of the start before the last are old, whatever their number', () => {
    const one = new OneReplica(SELF)
    one.give(0, { kind: 'stop', regency: 0, reason: 'wish', start: 2, number: 1 })
    one.give(0, { kind: 'stop', regency: 2, reason: 'wish', start: 1, number: 99 })
    expect(isJoined(one.stop(3, 2))).toBe(false)
  })

  it('grow in number, and are said again while they last', () => {
    const one = wishing()
    const again = sent(one.wait(3 * STOP_MS), 'stop')
    expect(again.map(({ regency }) => regency)).toEqual([2, 2, 2])
    const numbers = again.map(({ number }) => number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(new Set(numbers).size).toBe(3)
  })

  it('end with their cause: a proposal takes the wish back with a STOP for regency 0', () => {
    const one = wishing()
    expect(sent([...one.propose(1), ...one.wait(100)], 'stop')).toMatchObject([{ regency: 0 }])
    expect(sent(one.wait(500), 'stop')).toEqual([])
  })

  it('that were joined end when the others take theirs back', () => {
    const one = new OneReplica(SELF)
    expect(isJoined(one.stops([0, 3], 2))).toBe(true)
    expect(sent([...one.stops([0, 3], 0), ...one.wait(50)], 'stop')).toMatchObject([{ regency: 0 }])
  })

  it('are for the next regency, and for a higher one only where f + 1 ask for it', () => {
    const one = new OneReplica(SELF)
    expect(isJoined(one.stop(0, 9), 9)).toBe(false)
    expect(isJoined(one.stop(3, 7), 7)).toBe(true)
    expect(wishing().core.status().regency).toBe(1)
  })

  it('for a regency speak for all below: three that ask for three different ones meet', () => {
    const one = new OneReplica(SELF)
    one.stop(0, 4)
    one.stop(1, 3)
    one.stop(3, 2)
    expect(one.core.status()).toMatchObject({ regency: 2, phase: 'syncing' })
  })

  it('of the leader that resigns, or that leave fewer than a quorum of voters, are joined at once (D3, D4)', () => {
    expect(isJoined(new OneReplica(SELF).stop(1, 2, 'resign'))).toBe(true)
    expect(isJoined(new OneReplica(SELF).stop(0, 2, 'resign'))).toBe(false)
    const one = new OneReplica(SELF)
    expect(isJoined(one.stop(0, 2, 'barred'))).toBe(false)
    expect(isJoined(one.stop(3, 2, 'barred'))).toBe(true)
  })
})

describe('R3: installation is handed on', () => {
  const stop = (sender: number, regency = 3) =>
    markVerified(signedBy(sender, { kind: 'stop', regency, reason: 'wish', start: 1, number: 1 } as const))

  it('to all, by whoever installs', () => {
    const one = new OneReplica(SELF)
    const effects = one.stops([0, 1, 3], 2)
    expect(all(effects, 'send-installation')).toMatchObject([{ to: 'view' }])
    expect(
      all(effects, 'send-installation')[0]
        ?.stops.map(({ sender }) => sender)
        .sort(),
    ).toEqual([0, 1, 3])
  })

  it('the STOPs of a quorum install, whatever their age', () => {
    const one = new OneReplica(SELF)
    one.stops([0, 1, 3], 0)
    one.step({ kind: 'installation', stops: [0, 1, 3].map((sender) => stop(sender)) })
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'syncing' })
  })

  it('but not those of fewer, or of one replica again and again', () => {
    const one = new OneReplica(SELF)
    one.step({ kind: 'installation', stops: [0, 1, 1, 1].map((sender) => stop(sender)) })
    expect(one.core.status().regency).toBe(1)
    one.step({ kind: 'installation', stops: [stop(0, 3), stop(1, 3), stop(3, 2)] })
    expect(one.core.status().regency).toBe(2)
  })

  it('to who says that it is in a lower regency, with the SYNC', () => {
    const one = new OneReplica(SELF)
    one.changeTo(3, THREE)
    const effects = one.hear(0, { regency: 1 })
    expect(all(effects, 'send-installation')).toMatchObject([{ to: [0] }])
    expect(all(effects, 'relay')).toMatchObject([{ to: [0], message: { sender: 3, message: { kind: 'sync' } } }])
    expect(all(one.hear(0, { regency: 3, awaitsSync: true }), 'relay')).toHaveLength(1)
    expect(one.hear(0, { regency: 3 })).toEqual([])
  })

  it('a SYNC brings in who missed the STOPs', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.sync(3, THREE)
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'normal' })
    expect(sent(one.propose(1, one.value(1), 3), 'write')).toMatchObject([{ regency: 3 }])
  })
})

describe('R10: evidence', () => {
  const value = new OneReplica(SELF).value(1)
  const proposal = (lane: number, regency = 1): Signed =>
    signedBy(regency % 4, { kind: 'propose', cid: 1, regency, value: { ...value, digest: `${lane}` } })
  const evidence = (first: Signed, second: Signed) =>
    ({ kind: 'evidence', first: markVerified(first), second: markVerified(second) }) as const

  it('is sent to all, and one replica that alone was shown it does not fall out of step', () => {
    const one = new OneReplica(SELF)
    one.take(testBatch(0, 1))
    const effects = [...one.propose(1), ...one.propose(1, one.value(1, 3))]
    expect(all(effects, 'send-evidence')).toHaveLength(1)
    expect(one.core.status()).toMatchObject({ regency: 1, phase: 'normal' })
    expect(sent(one.writes(1), 'accept')).toHaveLength(1)
  })

  it('that is handed on is acted on, and handed on once more', () => {
    const one = new OneReplica(SELF)
    const effects = one.step(evidence(proposal(1), proposal(2)))
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2 }])
    expect(all(effects, 'send-evidence')).toHaveLength(1)
    expect(one.step(evidence(proposal(1), proposal(2))).filter(({ kind }) => kind === 'send-evidence')).toEqual([])
  })

  it('of another regency than the one in force replaces nobody', () => {
    const one = new OneReplica(SELF)
    one.changeTo(3, THREE)
    expect(one.step(evidence(proposal(1, 1), proposal(2, 1)))).toEqual([])
    expect(one.step(evidence(proposal(1, 7), proposal(2, 7)))).toEqual([])
  })

  it.each<[string, Signed, Signed]>([
    ['the same proposal twice', proposal(1), proposal(1)],
    ['proposals of two senders', proposal(1), { ...proposal(2), sender: 3 }],
    ['proposals of two views', proposal(1), { ...proposal(2), view: 1 }],
    [
      'ACCEPTs of two regencies',
      signedBy(1, { kind: 'accept', cid: 1, regency: 1, digest: 'd', header: 'h' }),
      signedBy(1, { kind: 'accept', cid: 1, regency: 5, digest: 'd', header: 'g' }),
    ],
    [
      'two STOPDATA for one regency',
      signedBy(1, {
        kind: 'stop-data',
        regency: 1,
        base: { height: 0, regency: 0, digest: '', header: '' },
        locks: [],
      }),
      signedBy(1, {
        kind: 'stop-data',
        regency: 1,
        base: { height: 1, regency: 0, digest: '', header: '' },
        locks: [],
      }),
    ],
  ])('is not: %s', (_, first, second) => {
    expect(new OneReplica(SELF).step(evidence(first, second))).toEqual([])
  })
})
