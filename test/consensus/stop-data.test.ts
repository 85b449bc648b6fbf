import { describe, expect, it } from 'vitest'
import type { Lock, StopData } from '../../src/types/index.js'
import {
  all,
  baseAt,
  kinds,
  lock,
  OneReplica,
  placeOf,
  prepared,
  proofsOf,
  sent,
  stopDataOf,
} from '../protocol/one-replica.js'
import { digestOf, headerOf, testBatch } from './cluster.js'

/** STOPDATA and SYNC. Replica 2 of four leads regency 2; replica 3 leads regency 3. */

const NONE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const

const lockOn = (one: OneReplica, cid: number, regency = 1): Lock => lock(cid, regency, one.value(cid).digest)

describe('R4: STOPDATA', () => {
  it('names the durable base and the lock of every height above it, with the certificates beside', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.write()
    one.prepare(2)
    one.prepare(3)
    const effects = one.stops(one.others, 3)
    expect(sent(effects, 'stop-data')).toEqual([
      {
        kind: 'stop-data',
        regency: 3,
        base: { height: 1, regency: 1, digest: one.value(1).digest, header: one.header(1) },
        locks: [lockOn(one, 2), lockOn(one, 3)],
      },
    ])
    const proofs = all(effects, 'send').find(({ message }) => message.kind === 'stop-data')?.proofs ?? []
    expect(proofs.map(({ kind, cid }) => `${kind} ${cid}`)).toEqual(['accept 1', 'write 2', 'write 3'])
    expect(placeOf(effects, 'regency', 'record')).toBeLessThan(placeOf(effects, 'stop-data', 'message'))
  })

  it('counts from what is durable: a certificate in memory alone takes no lock away (D1)', () => {
    const one = new OneReplica(2)
    one.decide(1)
    one.prepare(2)
    const [message] = sent(one.stops(one.others, 3), 'stop-data')
    expect(message).toMatchObject({ base: { height: 0, regency: 0 }, locks: [{ cid: 1 }, { cid: 2 }] })
  })

  it('names no lock beyond W above the base, whatever else is prepared', () => {
    const one = new OneReplica(2)
    for (let cid = 1; cid <= 2; cid++) one.decide(cid)
    for (let cid = 3; cid <= 6; cid++) one.prepare(cid)
    const [message] = sent(one.stops(one.others, 3), 'stop-data')
    expect(message?.locks.map(({ cid }) => cid)).toEqual([1, 2, 3, 4])
  })

  it('names the lock of the highest regency for each height, below the one asked for', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.changeTo(3, [
      [0, { locks: [lockOn(one, 1)] }],
      [1, {}],
      [3, {}],
    ])
    one.writes(1, one.value(1), 3)
    expect(sent(one.stops(one.others, 4), 'stop-data')[0]?.locks).toEqual([lockOn(one, 1, 3)])
  })

  it('comes again until there is a SYNC', () => {
    const one = new OneReplica(2)
    one.stops(one.others, 3)
    expect(sent(one.wait(1_200), 'stop-data').length).toBeGreaterThanOrEqual(2)
  })
})

/** Replica 2, which leads regency 2, once that is installed and it has said its own STOPDATA. */
function gathering(before: (leader: OneReplica) => void = () => undefined): OneReplica {
  const leader = new OneReplica(2)
  before(leader)
  const [own] = sent(leader.stops([0, 1, 3], 2), 'stop-data')
  leader.give(2, own ?? expect.fail('no STOPDATA of its own'))
  return leader
}

const say = (leader: OneReplica, sender: number, changes: Partial<StopData> = {}, proofs = proofsOf(changes)) =>
  leader.give(sender, stopDataOf(2, changes), proofs)

describe('R5: a lock counts only with its data', () => {
  it('a replica names only locks whose value and batches it holds', () => {
    const one = new OneReplica(2)
    one.propose(1)
    one.writes(1)
    expect(sent(one.stops(one.others, 3), 'stop-data')[0]?.locks).toEqual([])
    const other = new OneReplica(2)
    other.writes(1)
    other.giveBatch(1)
    expect(sent(other.stops(other.others, 3), 'stop-data')[0]?.locks).toEqual([])
  })

  it('a lock that was accepted is named though a newer one, without its data, came after it', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.changeTo(3, NONE)
    const other = one.value(1, 3)
    one.propose(1, other, 3)
    one.writes(1, other, 3)
    expect(sent(one.stops(one.others, 4), 'stop-data')[0]?.locks).toEqual([lockOn(one, 1)])
  })

  it('a leader counts a STOPDATA once it holds the data of all its locks, and pulls them', () => {
    const leader = gathering()
    const value = leader.value(1)
    say(leader, 0)
    expect(sent(say(leader, 1, { locks: [lockOn(leader, 1)] }), 'sync')).toEqual([])
    const pulled = leader.wait(50)
    expect(all(pulled, 'fetch')[0]?.what).toMatchObject({ values: [value.digest] })
    expect(leader.core.namesValue(value.digest)).toBe(true)
    expect(sent(leader.step({ kind: 'value', value }), 'sync')).toEqual([])
    expect(all(leader.wait(50), 'fetch')[0]?.what).toMatchObject({ batches: value.batches })
    const [sync] = sent(leader.giveBatch(1), 'sync')
    expect(sync?.stopData.map(({ sender }) => sender)).toEqual([0, 1, 2])
  })

  it('and goes on with the others where nobody gives them', () => {
    const leader = gathering()
    say(leader, 1, { locks: [lockOn(leader, 1)] })
    say(leader, 0)
    const [sync] = sent(say(leader, 3), 'sync')
    expect(sync?.stopData.map(({ sender }) => sender)).toEqual([0, 2, 3])
  })
})

describe('R6: SYNC', () => {
  it('carries n - f STOPDATA, and one certificate for the base and for each height above it', () => {
    const leader = gathering((one) => {
      for (const cid of [1, 2, 3]) one.giveBatch(cid)
      for (const cid of [1, 2, 3]) one.propose(cid)
    })
    const base = baseAt(1)
    say(leader, 0, { base, locks: [lockOn(leader, 2)] })
    const effects = say(leader, 3, { locks: [lockOn(leader, 1), lockOn(leader, 2), lockOn(leader, 3)] })
    const [sync] = sent(effects, 'sync')
    expect(sync?.stopData.map(({ sender }) => sender)).toEqual([0, 2, 3])
    expect(sync?.proofs.map(({ kind, cid }) => `${kind} ${cid}`)).toEqual(['accept 1', 'write 2', 'write 3'])
    expect(placeOf(effects, 'regency', 'record')).toBeLessThan(placeOf(effects, 'sync', 'message'))
  })

  it('is not made of statements without their proofs: one liar does not stall the change', () => {
    const leader = gathering()
    expect(say(leader, 0, { base: baseAt(7) }, [])).toEqual([])
    expect(say(leader, 0, { locks: [lock(1, 1)] }, [prepared(2, 1)])).toEqual([])
    say(leader, 1)
    expect(sent(say(leader, 3), 'sync')[0]?.stopData.map(({ sender }) => sender)).toEqual([1, 2, 3])
  })

  it('is said again to who missed it, and never made anew', () => {
    const leader = gathering()
    say(leader, 0)
    const [sync] = sent(say(leader, 1), 'sync')
    leader.give(2, sync ?? expect.fail())
    expect(all(say(leader, 3), 'send')).toMatchObject([
      { to: [3], message: { kind: 'sync', stopData: sync?.stopData } },
    ])
  })

  it('is taken from the leader of its regency only', () => {
    const one = new OneReplica(2)
    const message = { kind: 'sync', regency: 3, stopData: [], proofs: [] } as const
    expect(one.give(0, message)).toEqual([])
    expect(one.core.status().regency).toBe(1)
  })

  it.each<[string, (one: OneReplica) => ReturnType<OneReplica['sync']>]>([
    [
      'too few STOPDATA',
      (one) =>
        one.sync(3, [
          [0, {}],
          [1, {}],
        ]),
    ],
    [
      'too many',
      (one) =>
        one.sync(3, [
          [0, {}],
          [1, {}],
          [2, {}],
          [3, {}],
        ]),
    ],
    [
      'one sender twice',
      (one) =>
        one.sync(3, [
          [0, {}],
          [1, {}],
          [1, {}],
        ]),
    ],
    [
      'senders out of order',
      (one) =>
        one.sync(3, [
          [1, {}],
          [0, {}],
          [3, {}],
        ]),
    ],
    [
      'a STOPDATA of another regency',
      (one) =>
        one.sync(3, [
          [0, {}],
          [1, { regency: 2 }],
          [3, {}],
        ]),
    ],
    [
      'a base without its proof',
      (one) =>
        one.sync(
          3,
          [
            [0, { base: baseAt(2) }],
            [1, {}],
            [3, {}],
          ],
          [],
        ),
    ],
    [
      'a lock without its proof',
      (one) =>
        one.sync(
          3,
          [
            [0, { locks: [lock(1, 1)] }],
            [1, {}],
            [3, {}],
          ],
          [],
        ),
    ],
    [
      'a lock of its own regency',
      (one) =>
        one.sync(3, [
          [0, { locks: [lock(1, 3)] }],
          [1, {}],
          [3, {}],
        ]),
    ],
  ])('is void with %s: evidence against its leader, who is given up', (_, sync) => {
    const one = new OneReplica(2)
    one.stops(one.others, 3)
    const effects = [...sync(one), ...one.wait(50)]
    expect(all(effects, 'misbehaviour')).toMatchObject([{ evidence: { replica: 3, reason: 'bad-sync' } }])
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'syncing' })
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 4 }])
  })

  it('needs no proof for what is outdone', () => {
    const one = new OneReplica(2)
    const stale = lock(1, 1, digestOf('old'))
    const newer = lock(1, 2, digestOf('new'))
    one.sync(
      3,
      [
        [0, { locks: [stale] }],
        [1, { locks: [newer] }],
        [3, {}],
      ],
      [prepared(1, 2, digestOf('new'))],
    )
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'normal' })
  })
})

describe('R7: the outcome', () => {
  it('is the run of locks from the base up to the first gap; what lies above is free', () => {
    const one = new OneReplica(2)
    for (const cid of [1, 2, 4]) one.prepare(cid)
    const locks = [1, 2, 4].map((cid) => lockOn(one, cid))
    const effects = one.changeTo(3, [
      [0, {}],
      [1, { locks }],
      [3, {}],
    ])
    expect(sent(effects, 'write').map(({ cid }) => cid)).toEqual([1, 2])
    const free = one.propose(3, one.value(3), 3)
    expect(sent([...one.giveBatch(3), ...free], 'write')).toMatchObject([{ cid: 3 }])
  })

  it('binds to the lock of the highest regency, and nothing else is written there', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.giveBatch(1, 3)
    const effects = one.changeTo(3, [
      [0, {}],
      [1, { locks: [lockOn(one, 1)] }],
      [3, {}],
    ])
    const other = one.propose(1, one.value(1, 3), 3)
    expect(sent([...effects, ...other], 'write').map(({ digest }) => digest)).toEqual([one.value(1).digest])
  })

  it('binds nobody below the base of the SYNC, and its certificate is learned', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    const header = headerOf('', one.value(1).digest)
    const base = { height: 1, regency: 1, digest: one.value(1).digest, header }
    const effects = one.changeTo(3, [
      [0, { base }],
      [1, { locks: [lockOn(one, 1)] }],
      [3, {}],
    ])
    expect(sent(effects, 'write')).toEqual([])
    expect(all(effects, 'final')).toMatchObject([{ certificate: { cid: 1 } }])
  })

  it('a new leader proposes above it', () => {
    const leader = gathering((one) => {
      one.giveBatch(1)
      one.propose(1)
      one.giveBatch(1, 3)
    })
    say(leader, 0)
    const [sync] = sent(say(leader, 1, { locks: [lockOn(leader, 1)] }), 'sync')
    const effects = leader.give(2, sync ?? expect.fail())
    expect(sent(effects, 'write')[0]).toMatchObject({ cid: 1, digest: leader.value(1).digest, regency: 2 })
    expect(sent([...effects, ...leader.wait(50)], 'propose').map(({ cid, value }) => [cid, value.batches])).toEqual([
      [2, [testBatch(3, 1).digest]],
    ])
  })
})

describe('R8: votes across regencies', () => {
  it('no ACCEPT of an older regency counts with one of this', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.accepts(1, one.value(1), 1, [0, 1])
    one.changeTo(3, [
      [0, { locks: [lockOn(one, 1)] }],
      [1, {}],
      [3, {}],
    ])
    one.writes(1, one.value(1), 3)
    expect(kinds(one.accepts(1, one.value(1), 3, [3]))).not.toContain('final')
    expect(kinds(one.accepts(1, one.value(1), 3, [0, 1]))).toContain('final')
  })
})

describe('R9: a SYNC with a base below what is certified', () => {
  it('is answered by the certificate, to all', () => {
    const one = new OneReplica(2)
    one.decide(1)
    const effects = one.changeTo(3, NONE)
    expect(all(effects, 'send-certificate')).toMatchObject([
      { to: 'view', certificate: { cid: 1, kind: 'accept', header: one.header(1) } },
    ])
  })
})
