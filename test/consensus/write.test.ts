import { describe, expect, it } from 'vitest'
import type { Batch } from '../../src/types/index.js'
import { kinds, OneReplica, placeOf, sent } from '../protocol/one-replica.js'
import { Cluster, headerOf, testBatch } from './cluster.js'

/** What a replica writes for: replica 2 of four, whose peers are played by the test. Replica 1 leads regency 1. */

const SELF = 2
const THREE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const

describe('N1: bounds of a proposal', () => {
  const bounds = { transactionsMax: 2, bytesMax: 100, costMax: 10 }
  const sized = (number: number, bytes = 0): Batch => ({ ...testBatch(0, number), bytes: new Uint8Array(bytes) })

  it.each([
    ['transactions', [1, 2, 3].map((number) => ({ batch: sized(number), cost: 1 }))],
    ['bytes', [1, 2].map((number) => ({ batch: sized(number, 60), cost: 1 }))],
    ['cost units', [1, 2].map((number) => ({ batch: sized(number), cost: 6 }))],
  ])('voters refuse one with more %s, and its leader', (_, batches) => {
    const one = new OneReplica(SELF, { bounds })
    for (const { batch, cost } of batches) one.take(batch, cost)
    const effects = one.propose(1, one.valueOf(batches.map(({ batch }) => batch.digest)))
    expect(sent(effects, 'write')).toEqual([])
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2, reason: 'wish' }])
    const allowed = new OneReplica(SELF, { bounds })
    for (const { batch, cost } of batches) allowed.take(batch, cost)
    const fewer = batches.slice(0, -1).map(({ batch }) => batch.digest)
    expect(sent(allowed.propose(1, allowed.valueOf(fewer)), 'write')).toHaveLength(1)
  })

  it('a single batch always fits', () => {
    const one = new OneReplica(SELF, { bounds })
    one.take(sized(1, 500), 50)
    expect(sent(one.propose(1), 'write')).toHaveLength(1)
  })

  it('leaders keep within them', () => {
    const leader = new OneReplica(1, { bounds })
    for (let number = 1; number <= 6; number++) leader.take(sized(number, 45), 3)
    const named = [...sent(leader.wait(200), 'propose')].map(({ value }) => value.batches.length)
    expect(named.every((count) => count <= 2)).toBe(true)
  })
})

describe('N2: the window', () => {
  it('is W above what is final and executed: a certificate without its block does not move it', () => {
    const one = new OneReplica(SELF)
    one.executes = false
    for (let cid = 1; cid <= 5; cid++) one.giveBatch(cid)
    for (let cid = 1; cid <= 4; cid++) expect(sent(one.propose(cid), 'write')).toHaveLength(1)
    expect(sent(one.propose(5), 'write')).toEqual([])
    expect(sent(one.accepts(1), 'write')).toEqual([])
    const [first] = one.executions
    expect(sent(one.execute(first ?? expect.fail()), 'write')).toMatchObject([{ cid: 5 }])
  })

  it('begins above the newest certificate', () => {
    const one = new OneReplica(SELF)
    for (let cid = 1; cid <= 3; cid++) one.giveBatch(cid)
    const { digest } = one.value(2)
    one.giveFrom(one.others, { kind: 'accept', cid: 2, regency: 1, digest, header: 'whatever' })
    expect(sent([...one.propose(1), ...one.propose(2)], 'write')).toEqual([])
    expect(sent(one.propose(3), 'write')).toHaveLength(1)
  })

  it('WRITEs above it make no lock, and are counted once it is there', () => {
    const one = new OneReplica(SELF)
    for (let cid = 1; cid <= 5; cid++) one.prepare(cid)
    expect(sent(one.stops([0, 1, 3], 2), 'stop-data')[0]?.locks.map(({ cid }) => cid)).toEqual([1, 2, 3, 4])
    const other = new OneReplica(SELF)
    for (let cid = 1; cid <= 5; cid++) other.prepare(cid)
    const effects = [...other.accepts(1), ...other.write()]
    expect(sent(effects, 'accept')).toMatchObject([{ cid: 5 }])
  })

  it('that of ACCEPT counts from what is durable', () => {
    const one = new OneReplica(SELF)
    one.decide(1)
    for (let cid = 2; cid <= 4; cid++) expect(sent(one.prepare(cid), 'accept')).toMatchObject([{ cid }])
    const beyond = one.prepare(5)
    expect(sent(beyond, 'write')).toHaveLength(1)
    expect(sent(beyond, 'accept')).toEqual([])
    expect(sent(one.write(), 'accept')).toMatchObject([{ cid: 5 }])
  })
})

describe('N2a: WRITE', () => {
  it('is sent once for a proposal whose batches are at hand', () => {
    const one = new OneReplica(SELF)
    expect(sent(one.propose(1), 'write')).toEqual([])
    const { digest } = one.value(1)
    expect(sent(one.giveBatch(1), 'write')).toEqual([{ kind: 'write', cid: 1, regency: 1, digest }])
    expect(sent(one.propose(1), 'write')).toEqual([])
  })

  it('needs no disk but for the first in a regency, which the log names before', () => {
    const one = new OneReplica(SELF)
    for (let cid = 1; cid <= 2; cid++) one.giveBatch(cid)
    const first = one.propose(1)
    expect(placeOf(first, 'regency', 'record')).toBeGreaterThanOrEqual(0)
    expect(placeOf(first, 'regency', 'record')).toBeLessThan(placeOf(first, 'write', 'message'))
    expect(kinds(one.propose(2))).not.toContain('persist')
  })

  it('is for the leader of the regency only', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    const value = one.value(1)
    expect(one.give(3, { kind: 'propose', cid: 1, regency: 1, value })).toEqual([])
    expect(one.give(0, { kind: 'propose', cid: 1, regency: 2, value })).toEqual([])
  })

  it('is for the first proposal only; a second one shows the leader up and ends its regency', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.giveBatch(1, 3)
    one.propose(1)
    const effects = one.propose(1, one.value(1, 3))
    expect(sent(effects, 'write')).toEqual([])
    expect(effects).toContainEqual(
      expect.objectContaining({ evidence: expect.objectContaining({ replica: 1, reason: 'equivocation' }) }),
    )
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2 }])
  })

  it('is not sent in a later regency before its SYNC', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.stops(one.others, 3)
    expect(sent(one.propose(1, one.value(1), 3), 'write')).toEqual([])
    expect(sent(one.sync(3, THREE), 'write')).toMatchObject([{ cid: 1, regency: 3 }])
  })

  it('is not for another value than the one that is certified', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.giveFrom(one.others, {
      kind: 'accept',
      cid: 1,
      regency: 1,
      digest: one.value(1, 3).digest,
      header: headerOf('', one.value(1, 3).digest),
    })
    expect(sent(one.propose(1), 'write')).toEqual([])
  })
})

describe('L7: the time of a proposal', () => {
  const { clockDriftMsMax } = new OneReplica(SELF).options

  /** A proposal that is so far ahead of this replica's clock. */
  function proposed(one: OneReplica, aheadMs: number, regency = 1) {
    one.giveBatch(1)
    return one.propose(1, one.valueOf(one.value(1).batches, one.wallMs + aheadMs), regency)
  }

  it('may differ by the drift bound and the round trip, and no more', () => {
    for (const sign of [1, -1]) {
      expect(sent(proposed(new OneReplica(SELF), sign * clockDriftMsMax), 'write')).toHaveLength(1)
      expect(sent(proposed(new OneReplica(SELF), sign * (clockDriftMsMax + 1)), 'write')).toEqual([])
    }
    const far = new OneReplica(SELF)
    far.step({ kind: 'measured', roundTripMs: 300, proposalMs: 0 })
    for (const id of far.others) far.hear(id, { roundTripMs: 300 })
    expect(sent(proposed(far, clockDriftMsMax + 300), 'write')).toHaveLength(1)
  })

  it('may differ by twice as much with each regency in a row that failed, up to a minute', () => {
    const one = new OneReplica(SELF)
    one.changeTo(3, THREE)
    one.changeTo(5, THREE)
    expect(sent(proposed(one, 2 * clockDriftMsMax + 1, 5), 'write')).toEqual([])
    const other = new OneReplica(SELF)
    for (const regency of [3, 5, 7, 9, 11, 13]) other.changeTo(regency, THREE)
    expect(sent(proposed(other, 60_000, 13), 'write')).toHaveLength(1)
    for (const regency of [15, 17, 19]) other.changeTo(regency, THREE)
    expect(sent(proposed(other, 60_001, 19), 'write')).toEqual([])
  })

  it('is not judged where a quorum wrote, nor for what is bound', () => {
    const one = new OneReplica(SELF)
    const value = one.valueOf(one.value(1).batches, one.wallMs + 10 * clockDriftMsMax)
    one.giveBatch(1)
    expect(sent(one.propose(1, value), 'write')).toEqual([])
    expect(sent(one.writes(1, value), 'write')).toMatchObject([{ cid: 1, digest: value.digest }])
    const bound = new OneReplica(SELF)
    bound.giveBatch(1)
    bound.propose(1, value)
    const locks = [{ cid: 1, regency: 1, digest: value.digest }]
    expect(
      sent(
        bound.changeTo(3, [
          [0, {}],
          [1, { locks }],
          [3, {}],
        ]),
        'write',
      ),
    ).toHaveLength(1)
  })

  it('is judged anew when the proposal comes again: a clock that was put right votes', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(1)
    one.wallMs -= 600_000
    expect(sent(one.propose(1), 'write')).toEqual([])
    one.wallMs += 600_000
    expect(sent(one.propose(1), 'write')).toHaveLength(1)
  })

  it('two of four clocks ahead by ten minutes for four seconds cost seconds, not ten minutes (H8)', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = new Cluster(4, seed)
      for (const id of [1, 2]) cluster.clockErrorMs.set(id, 600_000)
      cluster.submit(0)
      cluster.run(4_000)
      cluster.clockErrorMs.clear()
      const digests = [0, 1, 2, 3].map((lane) => cluster.submit(lane))
      const done = () => [0, 1, 2, 3].every((id) => digests.every((digest) => cluster.isFinal(id, digest)))
      expect(cluster.run(20_000, done), `seed ${seed}`).toBe(true)
      cluster.checkAgreement()
    }
  })
})

describe('L1: a proposal in which no batch can continue a lane', () => {
  it.each([
    ['was taken before', 1],
    ['leaves a gap', 3],
  ])('is refused with its leader: the batch %s', (_, number) => {
    const one = new OneReplica(SELF)
    one.decide(1)
    for (const known of [1, 2, 3]) one.giveBatch(known)
    const effects = one.propose(2, one.value(number))
    expect(sent(effects, 'write')).toEqual([])
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2 }])
  })

  it('is not refused for a dead batch beside a live one, nor where it is empty', () => {
    const one = new OneReplica(SELF)
    one.decide(1)
    one.giveBatch(1)
    one.giveBatch(2)
    const both = one.valueOf([testBatch(0, 1).digest, testBatch(0, 2).digest])
    expect(sent(one.propose(2, both), 'write')).toHaveLength(1)
    expect(sent(one.propose(3, one.valueOf([])), 'write')).toHaveLength(1)
  })

  it('is not refused where a height below is not known, which may hold what it continues', () => {
    const one = new OneReplica(SELF)
    one.giveBatch(2)
    expect(sent(one.propose(2, one.value(2)), 'write')).toHaveLength(1)
  })

  it('a new incarnation begins at 1, and one that was taken does not come back', () => {
    const one = new OneReplica(SELF)
    one.decide(1)
    one.giveBatch(1, 0, 2)
    expect(sent(one.propose(2, one.valueOf([testBatch(0, 1, 2).digest])), 'write')).toHaveLength(1)
    one.giveBatch(2)
    expect(sent(one.propose(3, one.value(2)), 'write')).toEqual([])
  })
})
