import { describe, expect, it } from 'vitest'
import { statementBytes } from '../../src/codec/statements.js'
import { chooseForRegency, isProven, stopDataProblem } from '../../src/consensus/regency-choice.js'
import type { Certificate, Lock, StopData } from '../../src/types/index.js'
import { digestOf, testBatch } from '../consensus/cluster.js'
import { baseAt, finality, kinds, lock, OneReplica, prepared, proofsOf, sent, stopDataOf } from './one-replica.js'

/**
 * The defects of BFT-SMaRt that consensus.md names: each test fails where the rule that mends it is taken away. Defects 6 to
 * 11, which several replicas show, are in known-defects-network.test.ts.
 */

const WINDOW = 4
const REGENCY = 5

const NONE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const

const problem = (message: StopData): string | undefined => stopDataProblem(message, { window: WINDOW, firstHeight: 1 })

describe('1: "nothing yet" is not the first epoch', () => {
  it('two locks of the first epoch and one report of nothing bind the value', () => {
    const locks = [lock(1, 1, digestOf('decided'))]
    const reports = [{ locks }, { locks }, {}].map((changes) => stopDataOf(REGENCY, changes))
    for (const order of [reports, [...reports].reverse()]) {
      const choice = chooseForRegency(order, order.flatMap(proofsOf), 1)
      expect(typeof choice === 'string' ? choice : choice.bindings.get(1)).toBe(digestOf('decided'))
    }
  })

  it('a replica votes for what one lock of the first epoch binds, and for nothing else there', () => {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    replica.giveBatch(1, 3)
    replica.propose(1)
    const locks = [lock(1, 1, replica.value(1).digest)]
    const effects = replica.changeTo(3, [
      [0, {}],
      [1, { locks }],
      [3, {}],
    ])
    const other = replica.propose(1, replica.value(1, 3), 3)
    const digests = sent([...effects, ...other], 'write').map(({ digest }) => digest)
    expect(digests).toEqual([replica.value(1).digest])
  })
})

describe('2: a last decision that STOPDATA claims is proven', () => {
  it('a base needs its certificate, and that of this height and header', () => {
    const base = baseAt(7)
    const claim = stopDataOf(REGENCY, { base })
    const proof = finality(7, 1, base.digest, base.header)
    expect(isProven(claim, [], 1)).toBe(false)
    expect(isProven(claim, [{ ...proof, cid: 6 }], 1)).toBe(false)
    expect(isProven(claim, [{ ...proof, header: digestOf('another') }], 1)).toBe(false)
    expect(isProven(claim, [proof], 1)).toBe(true)
    expect(chooseForRegency([claim, stopDataOf(REGENCY)], [], 1)).toContain('not proven')
  })

  it('one liar does not stall the change: the leader goes on with the others', () => {
    const leader = new OneReplica(2)
    leader.stops([0, 1, 3], 2)
    expect(leader.give(0, stopDataOf(2, { base: baseAt(7) }))).toEqual([])
    const effects = leader.giveFrom([1, 2, 3], stopDataOf(2))
    expect(sent(effects, 'sync').map(({ stopData }) => stopData.map(({ sender }) => sender))).toEqual([[1, 2, 3]])
  })
})

describe('3: a proof is checked for its cid, kind and epoch', () => {
  const claimed = lock(3, 4, digestOf('a'))
  const good = prepared(3, 4, digestOf('a'))

  it.each<[string, Certificate]>([
    ['kind', { ...good, kind: 'accept', header: digestOf('h') }],
    ['cid', { ...good, cid: 2 }],
    ['epoch', { ...good, regency: 3 }],
    ['value', { ...good, digest: digestOf('b') }],
  ])('one of another %s proves nothing', (_, proof) => {
    const locked = stopDataOf(REGENCY, { locks: [claimed] })
    expect(isProven(locked, [proof], 1)).toBe(false)
    expect(isProven(locked, [good], 1)).toBe(true)
    expect(chooseForRegency([locked], [proof], 1)).toContain('not proven')
  })

  it.each<[string, Lock, string]>([
    ['cid, too low', lock(2, 4), 'ascending'],
    ['cid, beyond the window', lock(2 + WINDOW + 1, 1), 'window'],
    ['epoch, that of the change itself', lock(3, REGENCY), `regency ${REGENCY}`],
    ['epoch, none', lock(3, 0), 'regency 0'],
  ])('a lock of another %s does not count', (_, wrong, words) => {
    const base = baseAt(2)
    expect(problem(stopDataOf(REGENCY, { base, locks: [wrong] }))).toContain(words)
    expect(problem(stopDataOf(REGENCY, { base, locks: [claimed] }))).toBeUndefined()
  })

  it('the signature of a vote is over all of them', () => {
    const vote = { view: 0, kind: 'accept', regency: 1, cid: 1, digest: digestOf('a'), header: digestOf('h') } as const
    const networkId = new Uint8Array(32)
    const statements = [
      vote,
      { ...vote, view: 1 },
      { view: 0, kind: 'write', regency: 1, cid: 1, digest: digestOf('a') } as const,
      { ...vote, regency: 2 },
      { ...vote, cid: 2 },
      { ...vote, digest: digestOf('b') },
      { ...vote, header: digestOf('b') },
    ].map((changed) => Buffer.from(statementBytes(networkId, changed)).toString('hex'))
    expect(new Set(statements).size).toBe(statements.length)
  })
})

describe('4: votes of an epoch count in that epoch alone', () => {
  function inRegency3(): OneReplica {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    replica.propose(1)
    replica.writes(1, replica.value(1), 1, [0, 1])
    replica.changeTo(3, NONE)
    return replica
  }

  it('stored WRITEs of an aborted epoch make no certificate with those of the next', () => {
    const replica = inRegency3()
    const value = replica.value(1)
    replica.propose(1, value, 3)
    expect(sent(replica.writes(1, value, 3, [3]), 'accept')).toEqual([])
    const effects = replica.writes(1, value, 3, [0, 1])
    expect(sent(effects, 'accept')).toMatchObject([{ cid: 1, regency: 3, digest: value.digest }])
  })

  it('a quorum of an aborted epoch that comes late is neither accepted nor a lock', () => {
    const replica = inRegency3()
    const late = replica.writes(1, replica.value(1), 1, [3])
    expect(sent(late, 'accept')).toEqual([])
    expect(sent(replica.stops([0, 1, 3], 4), 'stop-data')).toMatchObject([{ locks: [] }])
  })

  it('ACCEPTs of two epochs decide nothing together', () => {
    const replica = inRegency3()
    const value = replica.value(1)
    replica.propose(1, value, 3)
    replica.writes(1, value, 3)
    replica.accepts(1, value, 1, [0, 1])
    expect(kinds(replica.accepts(1, value, 3, [3]))).not.toContain('final')
  })
})

describe('5: a batch that a regency change displaced is proposed again', () => {
  const named = (effects: readonly ReturnType<typeof sent<'propose'>>[number][]): (readonly [number, string])[] =>
    effects.flatMap(({ cid, value }) => value.batches.map((digest) => [cid, digest] as const))

  it('by the new leader, above what it is bound to', () => {
    const leader = new OneReplica(2)
    leader.giveBatch(1)
    leader.giveBatch(1, 3)
    leader.propose(1)
    leader.propose(2, leader.value(1, 3))
    // Another value is bound in cid 1; what stood there and above is free again.
    leader.giveBatch(1, 1)
    const other = leader.value(1, 1)
    const effects = leader.changeTo(2, [
      [0, {}],
      [1, {}],
      [3, { locks: [lock(1, 1, other.digest)] }],
    ])
    const all = [...effects, ...leader.step({ kind: 'value', value: other }), ...leader.wait(100)]
    expect(new Set(named(sent(all, 'propose')).map(String))).toEqual(
      new Set([`2,${testBatch(3, 1).digest}`, `2,${testBatch(0, 1).digest}`]),
    )
  })

  it('above a gap, where it was prepared and not decided', () => {
    const leader = new OneReplica(2)
    leader.giveBatch(1)
    leader.giveBatch(2)
    leader.propose(1)
    leader.propose(2)
    const locks = [lock(2, 1, leader.value(2).digest)]
    const effects = leader.changeTo(2, [
      [0, {}],
      [1, {}],
      [3, { locks }],
    ])
    const [first] = sent([...effects, ...leader.wait(100)], 'propose')
    expect(first).toMatchObject({ cid: 1, value: { batches: [testBatch(0, 1).digest, testBatch(0, 2).digest] } })
  })

  it('by the leader that proposed it before, when its turn comes again', () => {
    const leader = new OneReplica(1)
    expect(named(sent(leader.giveBatch(1), 'propose'))).toEqual([[1, testBatch(0, 1).digest]])
    leader.giveBatch(1, 3)
    const other = leader.value(1, 3)
    const effects = leader.changeTo(5, [
      [0, {}],
      [2, { locks: [lock(1, 2, other.digest)] }],
      [3, {}],
    ])
    const all = [...effects, ...leader.step({ kind: 'value', value: other }), ...leader.wait(200)]
    expect(named(sent(all, 'propose'))[0]).toEqual([2, testBatch(0, 1).digest])
  })
})
