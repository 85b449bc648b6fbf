import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificateProblem } from '../../src/consensus/certificates.js'
import { quorumOf } from '../../src/consensus/index.js'
import {
  chooseForRegency,
  isProven,
  neededProofs,
  type RegencyChoice,
  stopDataProblem,
} from '../../src/consensus/regency-choice.js'
import { certificateOf, VoteTable } from '../../src/consensus/votes.js'
import type { Accept, Certificate, Signed, StopData, Write } from '../../src/types/index.js'
import { digestOf, signedBy, testView } from '../consensus/cluster.js'
import { lock, prepared, proofsOf, stopDataOf } from './one-replica.js'

const WINDOW = 4
const REGENCY = 6

describe('quorums', () => {
  const everyN = Array.from({ length: 100 }, (_, i) => quorumOf(i + 1))

  /** Every set of so many of n replicas, as bit masks. */
  function subsets(n: number, size: number): number[] {
    return Array.from({ length: 2 ** n }, (_, mask) => mask).filter((mask) => bits(mask) === size)
  }

  const bits = (mask: number): number => mask.toString(2).replaceAll('0', '').length

  it('share f + 1 replicas, each two of them, counted out for small n', () => {
    for (const { n, f, votes } of everyN.slice(0, 8)) {
      const quorums = subsets(n, votes)
      for (const one of quorums) for (const other of quorums) expect(bits(one & other)).toBeGreaterThanOrEqual(f + 1)
    }
  })

  it('meet n - f STOPDATA in f + 1 replicas, counted out for small n', () => {
    for (const { n, f, votes, stopData } of everyN.slice(0, 8)) {
      const gathered = subsets(n, stopData)
      for (const one of subsets(n, votes)) {
        for (const other of gathered) expect(bits(one & other)).toBeGreaterThanOrEqual(f + 1)
      }
    }
  })

  it('of STOPs draw everybody in: the correct ones among them are enough to join, for n from 1 to 100', () => {
    for (const { f, votes, join } of everyN) expect(votes - f).toBeGreaterThanOrEqual(join)
  })

  it('can be had from the correct alone, for n from 1 to 100', () => {
    for (const { n, f, votes, stopData, join } of everyN) {
      expect(n - f).toBeGreaterThanOrEqual(votes)
      expect(n - f).toBeGreaterThanOrEqual(stopData)
      expect(n - f).toBeGreaterThanOrEqual(join)
    }
  })
})

/** A world in which each (cid, regency) has one prepared value, as quorums make sure. */
interface World {
  readonly n: number
  /** By cid - 1 and regency - 1. */
  readonly prepared: readonly (readonly number[])[]
  readonly reports: readonly StopData[]
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    n: fc.constantFrom(1, 4, 5, 7, 10),
    prepared: fc.array(fc.array(fc.nat(2), { minLength: REGENCY - 1, maxLength: REGENCY - 1 }), {
      minLength: WINDOW,
      maxLength: WINDOW,
    }),
  })
  .chain(({ n, prepared }) => {
    const size = quorumOf(n).stopData
    return fc
      .array(reportOf(prepared), { minLength: size, maxLength: size })
      .map((reports) => ({ n, prepared, reports }))
  })

/** What was prepared for a cid in a regency. */
const valueAt = (values: World['prepared'], cid: number, regency: number) =>
  digestOf(`${cid} ${values[cid - 1]?.[regency - 1]}`)

/** A STOPDATA of good form: some base, and above it locks of some regencies. */
function reportOf(values: World['prepared']): fc.Arbitrary<StopData> {
  const regencies = fc.array(fc.nat(REGENCY - 1), { minLength: values.length, maxLength: values.length })
  return fc.record({ height: fc.nat(values.length), regencies }).map(({ height, regencies }) => {
    const locks = regencies.flatMap((regency, i) =>
      regency === 0 || i < height ? [] : [lock(i + 1, regency, valueAt(values, i + 1, regency))],
    )
    const base = { height, regency: 1, digest: digestOf(`value ${height}`), header: digestOf(`block ${height}`) }
    return stopDataOf(REGENCY, height === 0 ? { locks } : { base, locks })
  })
}

function choose(
  reports: readonly StopData[],
  proofs: readonly Certificate[] = reports.flatMap(proofsOf),
): RegencyChoice {
  const choice = chooseForRegency(reports, proofs, 1)
  if (typeof choice === 'string') throw new Error(choice)
  return choice
}

const plain = ({ base, top, bindings }: RegencyChoice) => ({ base, top, bindings: new Map(bindings) })

/** The locks of the highest regency that any report names for a cid. */
function highest(reports: readonly StopData[], cid: number) {
  const locks = reports.flatMap((report) => report.locks.filter((one) => one.cid === cid))
  const regency = Math.max(0, ...locks.map((one) => one.regency))
  return locks.filter((one) => one.regency === regency)
}

describe('the choice of a regency change', () => {
  it('R4: is made from statements of good form, all of them proven', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        for (const report of reports) {
          expect(stopDataProblem(report, { window: WINDOW, firstHeight: 1 })).toBeUndefined()
          expect(isProven(report, proofsOf(report), 1)).toBe(true)
        }
      }),
    )
  })

  it('R7: starts at the highest base, and binds every cid from there up to the first gap and no other', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        const { base, top, bindings } = choose(reports)
        expect(base).toBe(Math.max(...reports.map((report) => report.base.height)))
        expect([...bindings.keys()].sort((a, b) => a - b)).toEqual(
          Array.from({ length: top - base }, (_, i) => base + 1 + i),
        )
        for (let cid = base + 1; cid <= top; cid++) expect(highest(reports, cid)).not.toEqual([])
        expect(highest(reports, top + 1)).toEqual([])
      }),
    )
  })

  it('R7: binds each cid to a lock of the highest regency', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        for (const [cid, digest] of choose(reports).bindings) {
          expect(highest(reports, cid).map((one) => one.digest)).toContain(digest)
        }
      }),
    )
  })

  it('does not depend on the order of the reports', () => {
    const shuffled = worlds.chain(({ reports }) =>
      fc.shuffledSubarray([...reports], { minLength: reports.length }).map((other) => ({ reports, other })),
    )
    fc.assert(
      fc.property(shuffled, ({ reports, other }) => {
        expect(plain(choose(other))).toEqual(plain(choose(reports)))
      }),
    )
  })

  it('R6: comes out the same from one proof an outcome, and not at all without any of them', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        const needed = neededProofs(reports, reports.flatMap(proofsOf), 1)
        expect(needed.length).toBeLessThanOrEqual(1 + WINDOW)
        expect(plain(choose(reports, needed))).toEqual(plain(choose(reports)))
        for (const left of needed) {
          const others = needed.filter((proof) => proof !== left)
          expect(typeof chooseForRegency(reports, others, 1)).toBe('string')
        }
      }),
    )
  })

  it('R6: a lie without a proof changes nothing where the truth of the same regency is proven', () => {
    fc.assert(
      fc.property(worlds, fc.nat(WINDOW - 1), ({ reports }, at) => {
        const choice = choose(reports)
        const [truth] = highest(reports, at + 1)
        if (truth === undefined || at + 1 <= choice.base) return
        const lie = stopDataOf(REGENCY, { locks: [lock(at + 1, truth.regency, digestOf('a lie'))] })
        const proofs = reports.flatMap(proofsOf)
        for (const order of [
          [lie, ...reports],
          [...reports, lie],
        ]) {
          expect(plain(choose(order, proofs))).toEqual(plain(choice))
        }
      }),
    )
  })

  it('R7: proposes a decided value again whenever its deciders report', () => {
    // Decided in a regency, with all below it: whoever accepted it has a lock of every height below, and nothing else is
    // prepared from then on.
    const decided = worlds.chain((world) =>
      fc
        .record({ top: fc.integer({ min: 1, max: WINDOW }), regency: fc.integer({ min: 1, max: REGENCY - 1 }) })
        .chain(({ top, regency }) => {
          const values = world.prepared.map((row, i) =>
            i < top ? row.map((value, r) => (r + 1 >= regency ? 9 : value)) : row,
          )
          const size = world.reports.length - 1
          const later = fc.array(fc.integer({ min: regency, max: REGENCY - 1 }), { minLength: top, maxLength: top })
          const others = fc.array(reportOf(values), { minLength: size, maxLength: size })
          return fc.record({ later, others, at: fc.nat(size) }).map(({ later, others, at }) => {
            const locks = later.map((of, i) => lock(i + 1, of, valueAt(values, i + 1, of)))
            return { top, values, reports: others.toSpliced(at, 0, stopDataOf(REGENCY, { locks })) }
          })
        }),
    )
    let bound = 0
    fc.assert(
      fc.property(decided, ({ top, values, reports }) => {
        const { base, bindings } = choose(reports)
        for (let cid = base + 1; cid <= top; cid++) {
          bound += 1
          expect(bindings.get(cid)).toBe(valueAt(values, cid, REGENCY - 1))
        }
      }),
      { numRuns: 500 },
    )
    expect(bound).toBeGreaterThan(10)
  })
})

interface Cast {
  readonly sender: number
  readonly regency: number
  readonly value: number
}

const N = 7
const { votes: QUORUM } = quorumOf(N)
/** Mostly of one mind, so that quorums come about. */
const casts: fc.Arbitrary<readonly Cast[]> = fc.array(
  fc.record({
    sender: fc.nat(N - 1),
    regency: fc.integer({ min: 1, max: 2 }),
    value: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  }),
  { maxLength: 60, size: 'max' },
)

const signed = ({ sender, regency, value }: Cast): Signed<Write> =>
  signedBy(sender, { kind: 'write', cid: 1, regency, digest: digestOf(`${value}`) })

function tableOf(votes: readonly Cast[]): VoteTable<Write> {
  const table = new VoteTable<Write>()
  for (const vote of votes) table.add(signed(vote))
  return table
}

const certificateIn = (table: VoteTable<Write>, regency: number, value: number): Certificate | undefined =>
  certificateOf(table, 0, 1, { regency, digest: digestOf(`${value}`) }, QUORUM)

const slots = [1, 2].flatMap((regency) => [0, 1].map((value) => ({ regency, value })))

/** The first vote of each replica in each regency: the one that counts. */
function counting(votes: readonly Cast[]): readonly Cast[] {
  return votes.filter(
    (vote, i) => votes.findIndex(({ sender, regency }) => sender === vote.sender && regency === vote.regency) === i,
  )
}

describe('a table of votes', () => {
  it('counts the first vote of each replica in a regency, knows it again, and shows up any other', () => {
    fc.assert(
      fc.property(casts, (votes) => {
        const table = new VoteTable<Write>()
        for (const [i, vote] of votes.entries()) {
          const first = votes
            .slice(0, i)
            .find(({ sender, regency }) => sender === vote.sender && regency === vote.regency)
          const expected = first === undefined ? 'added' : first.value === vote.value ? 'known' : 'conflict'
          expect(table.add(signed(vote)).kind).toBe(expected)
        }
      }),
    )
  })

  it('gives a certificate exactly where a quorum voted, never two in a regency, and always the same one', () => {
    let made = 0
    fc.assert(
      fc.property(casts, (votes) => {
        const table = tableOf(votes)
        const again = tableOf([...votes, ...votes])
        const sorted = tableOf([...counting(votes)].sort((a, b) => b.sender - a.sender))
        for (const { regency, value } of slots) {
          const voters = counting(votes).filter((vote) => vote.regency === regency && vote.value === value)
          const found = certificateIn(table, regency, value)
          expect(found !== undefined).toBe(voters.length >= QUORUM)
          expect(certificateIn(again, regency, value)).toEqual(found)
          expect(certificateIn(sorted, regency, value)).toEqual(found)
          if (found === undefined) continue
          made += 1
          expect(certificateProblem(found, 'write', testView(N))).toBeUndefined()
          expect(certificateIn(table, regency, 1 - value)).toBeUndefined()
        }
      }),
      { numRuns: 500 },
    )
    expect(made).toBeGreaterThan(100)
  })

  it('has one form of a certificate: signers repeated, out of order, too few or not of the view are refused', () => {
    const good = prepared(1, 1)
    const indexes = fc.array(fc.nat(N + 1), { maxLength: N + 2 })
    fc.assert(
      fc.property(indexes, (replicas) => {
        const signatures = replicas.map((replica) => ({ replica, signature: new Uint8Array(64) }))
        const ascending = replicas.every((replica, i) => i === 0 || replica > (replicas[i - 1] ?? 0))
        const isGood = ascending && replicas.every((replica) => replica < N) && replicas.length >= QUORUM
        expect(certificateProblem({ ...good, signatures }, 'write', testView(N)) === undefined).toBe(isGood)
      }),
      { numRuns: 500, examples: [[[0, 1, 2, 3, 4]], [[0, 1, 2, 3, 5, 6]], [[0, 0, 1, 2, 3]], [[1, 0, 2, 3, 4]]] },
    )
  })

  it('keeps a few regencies of each replica, the latest', () => {
    const table = new VoteTable<Write>()
    for (let regency = 1; regency <= 50; regency++) table.add(signed({ sender: 0, regency, value: 0 }))
    const kept = Array.from({ length: 50 }, (_, i) => i + 1).filter((regency) => table.of(regency).length > 0)
    expect(kept).toEqual([47, 48, 49, 50])
    // The counts go with them.
    expect(table.count({ regency: 1, digest: digestOf('0') })).toBe(0)
    expect(table.count({ regency: 50, digest: digestOf('0') })).toBe(1)
  })

  it('of ACCEPTs counts headers apart, and shows up who names two in one regency', () => {
    const accept = (sender: number, header: string, regency = 1): Signed<Accept> =>
      signedBy(sender, { kind: 'accept', cid: 1, regency, digest: digestOf('v'), header: digestOf(header) })
    const table = new VoteTable<Accept>()
    for (const sender of [0, 1, 2]) table.add(accept(sender, 'one'))
    for (const sender of [3, 4, 5]) table.add(accept(sender, 'other'))
    const choice = (header: string) => ({ regency: 1, digest: digestOf('v'), header: digestOf(header) })
    expect(certificateOf(table, 0, 1, choice('one'), 4)).toBeUndefined()
    expect(table.add(accept(0, 'other')).kind).toBe('conflict')
    expect(table.add(accept(0, 'other', 2)).kind).toBe('added')
    expect(table.add(accept(6, 'one')).kind).toBe('added')
    expect(certificateOf(table, 0, 1, choice('one'), 4)).toMatchObject({ kind: 'accept', header: digestOf('one') })
    expect(table.choices(1).map(({ count }) => count)).toEqual([4, 3])
  })
})
