import { describe, expect, it } from 'vitest'
import { all, finality, kinds, OneReplica, placeOf, sent } from '../protocol/one-replica.js'
import { digestOf, headerOf } from './cluster.js'

/** Prepared, executed, accepted, final: replica 2 of four, whose peers the test plays. Replica 1 leads regency 1. */

const SELF = 2

describe('N3: prepared', () => {
  it('means a quorum of equal WRITEs: each replica counts once, and digests and regencies count apart', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.propose(1)
    const { digest } = one.value(1)
    one.giveFrom([0, 0, 0], { kind: 'write', cid: 1, regency: 1, digest })
    one.give(1, { kind: 'write', cid: 1, regency: 1, digest: one.value(1, 3).digest })
    expect(sent(one.give(3, { kind: 'write', cid: 1, regency: 1, digest }), 'accept')).toEqual([])
    const late = new OneReplica(SELF)
    late.giveBatch(1)
    late.propose(1)
    late.giveFrom([0, 1], { kind: 'write', cid: 1, regency: 1, digest })
    expect(sent(late.give(3, { kind: 'write', cid: 1, regency: 2, digest }), 'accept')).toEqual([])
    expect(sent(late.give(3, { kind: 'write', cid: 1, regency: 1, digest }), 'accept')).toHaveLength(1)
  })

  it('a replica that votes twice is shown up', () => {
    const one = new OneReplica(SELF)
    one.give(0, { kind: 'write', cid: 1, regency: 1, digest: one.value(1).digest })
    const effects = one.give(0, { kind: 'write', cid: 1, regency: 1, digest: one.value(2).digest })
    expect(effects).toMatchObject([{ kind: 'misbehaviour', evidence: { replica: 0, reason: 'equivocation' } }])
  })
})

describe('N4: execution', () => {
  it('begins after the WRITE has left', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    const effects = one.propose(1)
    expect(kinds(effects).indexOf('execute')).toBeGreaterThan(placeOf(effects, 'write', 'message'))
  })

  it('goes in order, each height on the one below', () => {
    const one = new OneReplica(SELF)
    expect(all([...one.prepare(3), ...one.prepare(2)], 'execute')).toEqual([])
    expect(all(one.prepare(1), 'execute').map(({ cid }) => cid)).toEqual([1, 2, 3])
  })

  it('a staged block survives a regency change that binds its value, and all above it', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    one.prepare(2)
    const locks = [1, 2].map((cid) => ({ cid, regency: 1, digest: one.value(cid).digest }))
    const effects = one.changeTo(3, [
      [0, {}],
      [1, { locks }],
      [3, {}],
    ])
    expect(sent(effects, 'write').map(({ cid }) => cid)).toEqual([1, 2])
    expect(all(effects, 'execute')).toEqual([])
    expect(sent([...one.writes(1, one.value(1), 3), ...one.writes(2, one.value(2), 3)], 'accept')).toMatchObject([
      { cid: 1, regency: 3 },
      { cid: 2, regency: 3 },
    ])
  })

  it('another value rolls back its height and all above', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    one.prepare(2)
    one.giveBatch(1, 3)
    one.changeTo(3, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    const first = one.propose(1, one.value(1, 3), 3)
    expect(all(first, 'execute').map(({ cid, value }) => [cid, value.digest])).toEqual([[1, one.value(1, 3).digest]])
    const second = one.propose(2, one.value(1), 3)
    expect(all(second, 'execute').map(({ cid }) => cid)).toEqual([2])
  })

  it('the result of a request that was overtaken counts for nothing', () => {
    const one = new OneReplica(SELF)
    one.executes = false
    one.prepare(1)
    const [old] = one.executions
    one.giveBatch(1, 3)
    one.changeTo(3, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    one.propose(1, one.value(1, 3), 3)
    one.writes(1, one.value(1, 3), 3)
    expect(one.execute(old ?? expect.fail())).toEqual([])
    const current = one.executions.at(-1) ?? expect.fail()
    expect(sent(one.execute(current), 'accept')).toMatchObject([{ digest: one.value(1, 3).digest }])
  })
})

describe('N5: ACCEPT', () => {
  it('names the header of the block that was executed, with the lock and the value in the log first', () => {
    const one = new OneReplica(SELF)
    const value = one.value(1)
    const effects = one.prepare(1)
    expect(sent(effects, 'accept')).toEqual([
      { kind: 'accept', cid: 1, regency: 1, digest: value.digest, header: headerOf('', value.digest) },
    ])
    expect(placeOf(effects, 'accept', 'record')).toBeLessThan(placeOf(effects, 'accept', 'message'))
    expect(one.log.at(-1)).toMatchObject({
      kind: 'accept',
      prepared: { cid: 1, regency: 1, digest: value.digest },
      value: value.bytes,
      header: headerOf('', value.digest),
    })
  })

  it('waits for the execution', () => {
    const one = new OneReplica(SELF)
    one.executes = false
    expect(sent(one.prepare(1), 'accept')).toEqual([])
    expect(sent(one.execute(one.executions[0] ?? expect.fail()), 'accept')).toHaveLength(1)
  })

  it('waits for value and batches', () => {
    const one = new OneReplica(SELF)
    expect(sent(one.writes(1), 'accept')).toEqual([])
    expect(sent(one.propose(1), 'accept')).toEqual([])
    expect(sent(one.giveBatch(1), 'accept')).toHaveLength(1)
  })

  it('waits for every open height below', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.propose(1)
    expect(sent(one.prepare(2), 'accept')).toEqual([])
    expect(sent(one.writes(1), 'accept')).toMatchObject([{ cid: 2 }])
  })

  it('is cumulative: of several heights at once the highest is said, and all are in the log', () => {
    const one = new OneReplica(SELF)
    for (const cid of [3, 2]) one.prepare(cid)
    expect(sent(one.prepare(1), 'accept').map(({ cid }) => cid)).toEqual([3])
    const logged = one.log.flatMap((record) => (record.kind === 'accept' ? [record.prepared.cid] : []))
    expect(logged).toEqual([1, 2, 3])
  })

  it('is said of a lower height on its own where that is stuck', () => {
    const one = new OneReplica(SELF)
    one.prepare(2)
    one.prepare(1)
    const again = sent(one.wait(300), 'accept').map(({ cid }) => cid)
    expect(again).toContain(1)
    expect(again).toContain(2)
  })

  it('needs a lock of the regency in force: one of an older regency is not enough', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    const { digest } = one.value(1)
    const locks = [{ cid: 1, regency: 1, digest }]
    expect(
      sent(
        one.changeTo(3, [
          [0, {}],
          [1, { locks }],
          [3, {}],
        ]),
        'accept',
      ),
    ).toEqual([])
    expect(sent(one.writes(1, one.value(1), 3), 'accept')).toMatchObject([{ cid: 1, regency: 3, digest }])
  })

  it('is not against a certificate that is known', () => {
    const one = new OneReplica(SELF)
    one.learn(finality(1, 1, one.value(1).digest, digestOf('another header')))
    expect(sent(one.prepare(1), 'accept')).toEqual([])
  })
})

describe('N6: a certificate', () => {
  it('is a quorum of ACCEPTs equal in everything, and makes the block final', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    const { digest } = one.value(1)
    const accept = { kind: 'accept', cid: 1, regency: 1, digest, header: one.header(1) } as const
    one.give(0, accept)
    one.give(1, { ...accept, header: digestOf('another header') })
    expect(kinds(one.give(3, { ...accept, regency: 2 }))).not.toContain('final')
    expect(all(one.give(2, accept), 'final')).toEqual([])
    expect(all(one.give(3, { ...accept, regency: 1 }), 'final')).toMatchObject([
      { certificate: { cid: 1, header: one.header(1) } },
    ])
  })

  it('decides every height below as well', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    one.prepare(2)
    expect(all(one.accepts(2), 'final').map(({ certificate }) => certificate.cid)).toEqual([2])
    expect(one.core.status().finalized).toBe(2)
  })

  it('decides whoever brings it, and waits for the value and the batches', () => {
    const one = new OneReplica(SELF)
    const value = one.value(1)
    const certificate = finality(1, 1, value.digest, headerOf('', value.digest))
    expect(all(one.learn(certificate), 'final')).toEqual([])
    one.giveBatch(1)
    expect(all(one.step({ kind: 'value', value }), 'final')).toMatchObject([{ certificate }])
  })

  it('of another value than the one executed rolls that back', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1, 3)
    one.prepare(1)
    const other = one.value(1, 3)
    one.learn(finality(1, 3, other.digest, headerOf('', other.digest)))
    const effects = one.step({ kind: 'value', value: other })
    expect(all(effects, 'execute')).toMatchObject([{ cid: 1, value: { digest: other.digest } }])
    expect(all(effects, 'final')).toHaveLength(1)
  })

  it('proves that its regency was installed: no vote in a lower one, also after a restart', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    const effects = one.learn(one.certificateOf(1, 3))
    expect(one.core.status()).toMatchObject({ regency: 3, phase: 'syncing', finalized: 1 })
    expect(placeOf(effects, 'regency', 'record')).toBeGreaterThanOrEqual(0)
    expect(sent(one.prepare(2), 'write')).toEqual([])
    one.restart()
    expect(one.core.status().regency).toBe(3)
  })

  it('on disk counts after a restart though the log says nothing of its regency', () => {
    const one = new OneReplica(SELF)
    one.decide(1)
    one.log = []
    const restored = { height: 1, heads: [], records: [], certificate: one.certificateOf(1, 4) }
    const next = new OneReplica(SELF, {}, 4, restored)
    expect(next.core.status()).toMatchObject({ regency: 4, phase: 'syncing' })
    next.giveBatch(2)
    expect(sent(next.propose(2), 'write')).toEqual([])
  })

  it('of one regency counts with no vote of another', () => {
    const one = new OneReplica(SELF)
    one.prepare(1)
    one.accepts(1, one.value(1), 1, [0, 1])
    expect(kinds(one.accepts(1, one.value(1), 2, [3]))).not.toContain('final')
  })
})
