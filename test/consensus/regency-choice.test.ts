import { describe, expect, it } from 'vitest'
import { certificateProblem } from '../../src/consensus/certificates.js'
import { chooseForRegency, isProven, neededProofs, stopDataProblem } from '../../src/consensus/regency-choice.js'
import type { Certificate, StopData } from '../../src/types/index.js'
import { baseAt, finality, lock, prepared, proofsOf, stopDataOf } from '../protocol/one-replica.js'
import { digestOf, testView } from './cluster.js'

const REGENCY = 5
const rules = { window: 4, firstHeight: 1 }

const say = (changes: Partial<StopData> = {}) => stopDataOf(REGENCY, changes)
const problem = (changes: Partial<StopData>) => stopDataProblem(say(changes), rules)

function choose(messages: readonly StopData[], proofs: readonly Certificate[] = messages.flatMap(proofsOf)) {
  const choice = chooseForRegency(messages, proofs, 1)
  return typeof choice === 'string' ? choice : { ...choice, bindings: [...choice.bindings] }
}

describe('the choice of a regency change', () => {
  it('R7: starts above the highest proven height', () => {
    expect(choose([say({ base: baseAt(3) }), say({ base: baseAt(5) }), say()])).toMatchObject({ base: 5, top: 5 })
  })

  it('R7: proposes the value of the highest regency again, whoever reports it', () => {
    const of = (regency: number, name: string) => say({ locks: [lock(1, regency, digestOf(name))] })
    const choice = choose([of(2, 'old'), of(4, 'new'), of(3, 'middle')])
    expect(choice).toMatchObject({ bindings: [[1, digestOf('new')]] })
  })

  it('R7: binds the run of locks up to the first gap, of whichever reports, and nothing above', () => {
    const choice = choose([
      say({ locks: [lock(1, 1), lock(4, 4)] }),
      say({ locks: [lock(2, 3)] }),
      say({ base: baseAt(0, 0), locks: [lock(4, 2)] }),
    ])
    expect(choice).toMatchObject({
      base: 0,
      top: 2,
      bindings: [
        [1, digestOf('value')],
        [2, digestOf('value')],
      ],
    })
  })

  it('R7: forgets what is final', () => {
    expect(choose([say({ locks: [lock(1, 2), lock(2, 2)] }), say({ base: baseAt(2) })])).toMatchObject({
      base: 2,
      top: 2,
      bindings: [],
    })
  })

  it('R7: a gap is one where no report has a lock above the base, though a lock below it is there', () => {
    const choice = choose([say({ locks: [lock(1, 1), lock(3, 1)] }), say({ base: baseAt(1) })])
    expect(choice).toMatchObject({ base: 1, top: 1, bindings: [] })
  })

  it('R6: is void where a statement that counts lacks its proof', () => {
    const locked = say({ locks: [lock(1, 2)] })
    expect(choose([locked], [])).toContain('lock 1 of regency 2 is not proven')
    expect(choose([say({ base: baseAt(2) })], [])).toContain('base 2 is not proven')
    // Above a gap, too: who leaves the proof out would choose what is bound.
    const above = say({ locks: [lock(1, 2), lock(3, 2)] })
    expect(choose([above], [prepared(1, 2)])).toContain('lock 3')
  })

  it('R6: what is outdone needs no proof', () => {
    const messages = [
      say({ locks: [lock(1, 1, digestOf('old')), lock(2, 1)] }),
      say({ base: baseAt(1), locks: [lock(2, 2)] }),
    ]
    const needed = neededProofs(messages, messages.flatMap(proofsOf), 1)
    expect(needed.map(({ kind, cid, regency }) => [kind, cid, regency])).toEqual([
      ['accept', 1, 1],
      ['write', 2, 2],
    ])
    expect(choose(messages, needed)).toMatchObject({ base: 1, top: 2 })
  })

  it('R6: where a statement is proven, one of the same height and regency that says otherwise is outdone', () => {
    const lies = say({ locks: [lock(1, 2, digestOf('lie'))] })
    const truth = say({ locks: [lock(1, 2, digestOf('truth'))] })
    for (const order of [
      [lies, truth],
      [truth, lies],
    ]) {
      expect(choose(order, proofsOf(truth))).toMatchObject({ bindings: [[1, digestOf('truth')]] })
    }
    const liesBase = say({ base: baseAt(2, 1, 'lie') })
    const trueBase = say({ base: baseAt(2, 1, 'truth') })
    for (const order of [
      [liesBase, trueBase],
      [trueBase, liesBase],
    ]) {
      expect(choose(order, proofsOf(trueBase))).toMatchObject({
        base: 2,
        certificate: { header: trueBase.base.header },
      })
    }
  })

  it('R6: two certificates of one base are worth the same, whatever their regency', () => {
    const base = baseAt(2, 1)
    expect(choose([say({ base })], [finality(2, 3, base.digest, base.header)])).toMatchObject({ base: 2 })
    expect(isProven(say({ base }), [finality(2, 3, base.digest, base.header)], 1)).toBe(true)
    expect(isProven(say({ base }), [finality(2, 1, base.digest, digestOf('another'))], 1)).toBe(false)
  })

  it('does not depend on the order of the reports', () => {
    const reports = [
      say({ locks: [lock(1, 2, digestOf('x')), lock(2, 2, digestOf('y'))] }),
      say({ locks: [lock(1, 3, digestOf('z'))] }),
      say({ base: baseAt(0, 0), locks: [lock(3, 1)] }),
    ]
    const outcomes = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ].map((order) => choose(order.flatMap((i) => reports[i] ?? [])))
    for (const outcome of outcomes) {
      if (typeof outcome === 'string' || typeof outcomes[0] === 'string') expect.fail()
      expect(new Map(outcome.bindings)).toEqual(new Map(outcomes[0]?.bindings))
    }
  })
})

/** More of it: known defects 1 to 3 in test/protocol/known-defects.test.ts. */
describe('R4: the form of a STOPDATA', () => {
  it('passes', () => {
    expect(problem({ base: baseAt(2), locks: [lock(3, 4), lock(6, 1)] })).toBeUndefined()
    expect(problem({})).toBeUndefined()
  })

  it.each<[string, Partial<StopData>, string]>([
    ['two locks for one height', { locks: [lock(1, 1), lock(1, 2)] }, 'ascending'],
    ['a lock at the base', { base: baseAt(2), locks: [lock(2, 1)] }, 'ascending'],
    ['a lock beyond the window', { base: baseAt(2), locks: [lock(7, 1)] }, 'window'],
    ['a lock of the regency asked for', { locks: [lock(1, REGENCY)] }, 'regency'],
    ['a lock of no regency', { locks: [lock(1, 0)] }, 'regency'],
    ['a base of the regency asked for', { base: baseAt(2, REGENCY) }, 'regency'],
    ['a base above the view without a regency', { base: baseAt(2, 0) }, 'regency'],
    ['a regency that nobody changes to', { regency: 1 }, 'regency 1'],
  ])('does not pass with %s', (_, changes, words) => {
    expect(problem(changes)).toContain(words)
  })
})

describe('N6: a certificate', () => {
  const good = prepared(3, 2, digestOf('a'))
  const problemOf = (changes: Partial<typeof good>) => certificateProblem({ ...good, ...changes }, 'write', testView(4))

  it('needs a quorum of distinct members in ascending order', () => {
    expect(problemOf({})).toBeUndefined()
    expect(problemOf({ signatures: good.signatures.slice(1) })).toContain('quorum')
    const [first, second] = good.signatures
    if (first === undefined || second === undefined) throw new Error('a certificate of three')
    expect(problemOf({ signatures: [first, first, second] })).toContain('ascending')
    expect(problemOf({ signatures: [...good.signatures].reverse() })).toContain('ascending')
    const stranger = { replica: 9, signature: new Uint8Array(64) }
    expect(problemOf({ signatures: [...good.signatures, stranger] })).toContain('not in view')
  })

  it('is of one view and kind', () => {
    expect(problemOf({ view: 1 })).toContain('view')
    expect(certificateProblem(good, 'accept', testView(4))).toContain('kind')
  })
})
