import { describe, expect, it } from 'vitest'
import { certificateProblem } from '../../src/consensus/certificates.js'
import { chooseForRegency, stopDataProblem } from '../../src/consensus/regency-choice.js'
import type { Certificate, StopData, VoteKind } from '../../src/types/index.js'
import { digestOf, testView } from './cluster.js'

const view = testView(4)
const WINDOW = 4

function certificate<K extends VoteKind>(kind: K, cid: number, regency: number, value: string): Certificate<K> {
  const signatures = [0, 1, 2].map((replica) => ({ replica, signature: new Uint8Array(64) }))
  return { kind, view: 0, cid, regency, digest: digestOf(value), signatures }
}

const prepared = (cid: number, regency: number, value: string) => certificate('write', cid, regency, value)

function stopData(finalized: number, locks: StopData['prepared'], regency = 5): StopData {
  const base = { kind: 'stop-data', regency, finalized, prepared: locks } as const
  return finalized === 0 ? base : { ...base, finality: certificate('persist', finalized, 0, `block ${finalized}`) }
}

const rules = { view, window: WINDOW, firstHeight: 1 }
const check = (message: StopData) => stopDataProblem(message, 5, rules)
const choose = (stopData: readonly StopData[]) => chooseForRegency(stopData, 0)

describe('the choice of a regency change', () => {
  it('starts above the highest proven height', () => {
    expect(choose([stopData(3, []), stopData(5, []), stopData(0, [])])).toMatchObject({ base: 5, top: 5 })
  })

  it('proposes the value of the highest epoch again, whoever reports it', () => {
    const choice = choose([
      stopData(0, [prepared(1, 2, 'old')]),
      stopData(0, [prepared(1, 4, 'new')]),
      stopData(0, [prepared(1, 3, 'middle')]),
    ])
    expect(choice.bindings.get(1)).toBe(digestOf('new'))
  })

  it('fills slots in which nothing was prepared with the null value, up to the highest prepared one', () => {
    const choice = choose([stopData(1, [prepared(4, 2, 'late')]), stopData(2, []), stopData(0, [])])
    expect([...choice.bindings]).toEqual([
      [3, null],
      [4, digestOf('late')],
    ])
  })

  it('forgets what is final', () => {
    const choice = choose([stopData(0, [prepared(1, 2, 'a'), prepared(2, 2, 'b')]), stopData(2, [])])
    expect(choice).toMatchObject({ base: 2, top: 2 })
    expect(choice.bindings.size).toBe(0)
  })

  it('does not depend on the order of the reports', () => {
    const reports = [
      stopData(1, [prepared(2, 1, 'x'), prepared(3, 2, 'y')]),
      stopData(0, [prepared(2, 2, 'z')]),
      stopData(1, []),
    ]
    const outcomes = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ].map((order) => choose(order.map((i) => reports[i] as StopData)))
    for (const outcome of outcomes) expect([...outcome.bindings]).toEqual([...(outcomes[0]?.bindings ?? [])])
  })
})

/** More of it: known defects 1 to 3 in test/protocol/known-defects.test.ts. */
describe('a STOPDATA counts only when it proves what it says', () => {
  it('and otherwise passes', () => {
    expect(check(stopData(2, [prepared(3, 4, 'a'), prepared(5, 1, 'b')]))).toBeUndefined()
  })

  it('two locks for one slot', () => {
    expect(check(stopData(0, [prepared(1, 1, 'a'), prepared(1, 2, 'b')]))).toContain('ascending')
  })

  it('another regency', () => {
    expect(check(stopData(0, [], 4))).toContain('regency 4')
  })
})

describe('a certificate', () => {
  const good = prepared(3, 2, 'a')
  const problem = (changes: Partial<Certificate<'write'>>) => certificateProblem({ ...good, ...changes }, 'write', view)

  it('needs a quorum of distinct members in ascending order', () => {
    expect(problem({})).toBeUndefined()
    expect(problem({ signatures: good.signatures.slice(1) })).toContain('quorum')
    const [first, second] = good.signatures
    if (first === undefined || second === undefined) throw new Error('a certificate of three')
    expect(problem({ signatures: [first, first, second] })).toContain('ascending')
    expect(problem({ signatures: [...good.signatures].reverse() })).toContain('ascending')
    expect(problem({ signatures: [...good.signatures, { replica: 9, signature: new Uint8Array(64) }] })).toContain(
      'not in view',
    )
  })

  it('is of one view', () => {
    expect(problem({ view: 1 })).toContain('view')
  })
})
