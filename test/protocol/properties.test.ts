import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificateProblem } from '../../src/consensus/certificates.js'
import { quorumOf } from '../../src/consensus/index.js'
import { chooseForRegency, stopDataProblem } from '../../src/consensus/regency-choice.js'
import { VoteTable } from '../../src/consensus/votes.js'
import type { Certificate, PreparedCertificate, Signed, StopData, Vote, VoteKind } from '../../src/types/index.js'
import { digestOf, signedBy, testView } from '../consensus/cluster.js'

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

function certificate<K extends VoteKind>(kind: K, n: number, cid: number, regency: number, value: string) {
  const signatures = Array.from({ length: quorumOf(n).votes }, (_, replica) => ({
    replica,
    signature: new Uint8Array(64),
  }))
  return { kind, view: 0, cid, regency, digest: digestOf(value), signatures } as Certificate<K>
}

/** A world in which each (cid, epoch) has one prepared value, as quorums make sure. */
interface World {
  readonly n: number
  /** By cid - 1 and epoch - 1. */
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
  .chain(({ n, prepared }) =>
    fc
      .array(reportOf(n, prepared), { minLength: quorumOf(n).stopData, maxLength: quorumOf(n).stopData })
      .map((reports) => ({ n, prepared, reports })),
  )

/** A valid STOPDATA: some finalized height, and above it locks of some epochs. */
function reportOf(n: number, values: World['prepared']): fc.Arbitrary<StopData> {
  const epochs = fc.array(fc.nat(REGENCY - 1), { minLength: values.length, maxLength: values.length })
  return fc.record({ finalized: fc.nat(values.length), epochs }).map(({ finalized, epochs }) => {
    const prepared = epochs.flatMap((epoch, i) =>
      epoch === 0 || i < finalized ? [] : [certificate('write', n, i + 1, epoch, `${i} ${values[i]?.[epoch - 1]}`)],
    )
    const base = { kind: 'stop-data', regency: REGENCY, finalized, prepared } as const
    return finalized === 0 ? base : { ...base, finality: certificate('persist', n, finalized, 0, `block ${finalized}`) }
  })
}

const plain = ({ base, top, bindings }: ReturnType<typeof chooseForRegency>) => ({ base, top, bindings: [...bindings] })

describe('the choice of a regency change', () => {
  it('is made from reports that count', () => {
    fc.assert(
      fc.property(worlds, ({ n, reports }) => {
        const rules = { view: testView(n), window: WINDOW, firstHeight: 1 }
        for (const report of reports) expect(stopDataProblem(report, REGENCY, rules)).toBeUndefined()
      }),
    )
  })

  it('starts at the highest proven height, and binds every cid from there to the highest lock', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        const { base, top, bindings } = chooseForRegency(reports, 0)
        expect(base).toBe(Math.max(...reports.map(({ finalized }) => finalized)))
        const locked = reports.flatMap(({ prepared }) => prepared.map(({ cid }) => cid))
        expect(top).toBe(Math.max(base, ...locked))
        expect([...bindings.keys()]).toEqual(Array.from({ length: top - base }, (_, i) => base + 1 + i))
      }),
    )
  })

  it('binds a cid to null only where no report has a lock, and else to a lock of the highest epoch', () => {
    fc.assert(
      fc.property(worlds, ({ reports }) => {
        for (const [cid, digest] of chooseForRegency(reports, 0).bindings) {
          const locks = reports.flatMap(({ prepared }) => prepared.filter((lock) => lock.cid === cid))
          const highest = Math.max(...locks.map(({ regency }) => regency))
          expect(digest).toBe(locks.find(({ regency }) => regency === highest)?.digest ?? null)
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
        expect(plain(chooseForRegency(other, 0))).toEqual(plain(chooseForRegency(reports, 0)))
      }),
    )
  })

  it('proposes a decided value again whenever one of its locks is among the reports', () => {
    // Decided in an epoch: from then on nothing else is prepared, and the report of a correct decider is among them.
    const decided = worlds.chain((world) =>
      fc
        .record({ cid: fc.integer({ min: 1, max: WINDOW }), epoch: fc.integer({ min: 1, max: REGENCY - 1 }) })
        .chain(({ cid, epoch }) => {
          const values = world.prepared.map((row, i) =>
            i === cid - 1 ? row.map((value, e) => (e + 1 >= epoch ? 9 : value)) : row,
          )
          const later = fc.integer({ min: epoch, max: REGENCY - 1 })
          const others = fc.array(reportOf(world.n, values), {
            minLength: world.reports.length - 1,
            maxLength: world.reports.length - 1,
          })
          return fc.record({ later, others, at: fc.nat(world.reports.length - 1) }).map(({ later, others, at }) => {
            const lock: PreparedCertificate = certificate('write', world.n, cid, later, `${cid - 1} 9`)
            const decider: StopData = { kind: 'stop-data', regency: REGENCY, finalized: 0, prepared: [lock] }
            return { cid, reports: others.toSpliced(at, 0, decider) }
          })
        }),
    )
    let bound = 0
    fc.assert(
      fc.property(decided, ({ cid, reports }) => {
        const { base, bindings } = chooseForRegency(reports, 0)
        // What is final needs no proposal.
        if (base >= cid) return
        bound += 1
        expect(bindings.get(cid)).toBe(digestOf(`${cid - 1} 9`))
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

const signed = ({ sender, regency, value }: Cast): Signed<Vote<'write'>> =>
  signedBy(sender, { kind: 'write', cid: 1, regency, digest: digestOf(`${value}`) })

function tableOf(votes: readonly Cast[]): VoteTable<'write'> {
  const table = new VoteTable('write')
  for (const vote of votes) table.add(signed(vote))
  return table
}

const certificateIn = (table: VoteTable<'write'>, regency: number, value: number): Certificate<'write'> | undefined =>
  table.certificate(0, 1, regency, digestOf(`${value}`), QUORUM)

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
        const table = new VoteTable('write')
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
    const good = certificate('write', N, 1, 1, 'value')
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
    const table = new VoteTable('write')
    for (let regency = 1; regency <= 50; regency++) table.add(signed({ sender: 0, regency, value: 0 }))
    const kept = Array.from({ length: 50 }, (_, i) => i + 1).filter((regency) => table.has(0, regency))
    expect(kept).toEqual([47, 48, 49, 50])
  })
})
