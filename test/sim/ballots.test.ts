import { expect, it } from 'vitest'
import { Ballots } from '../../src/sim/ballots.js'
import { servedBlocksMax, serviceMsMax } from '../../src/sim/calm.js'

const accept = (cid: number, regency: number, header: string) =>
  ({ kind: 'accept', cid, regency, digest: 'value', header }) as const

it('a quorum of equal ACCEPTs decides, whether or not anybody has them all', () => {
  const ballots = new Ballots()
  expect(ballots.note(0, 0, accept(1, 1, 'x'), 3)).toBeUndefined()
  expect(ballots.note(0, 0, accept(1, 1, 'x'), 3)).toBeUndefined()
  expect(ballots.note(1, 0, accept(1, 1, 'x'), 3)).toBeUndefined()
  expect(ballots.note(2, 0, accept(1, 1, 'y'), 3)).toBeUndefined()
  expect(ballots.note(2, 0, accept(1, 2, 'x'), 3)).toBeUndefined()
  expect(ballots.note(2, 1, accept(1, 1, 'x'), 3)).toBeUndefined()
  expect(ballots.note(2, 0, accept(1, 1, 'x'), 3)).toBe('x')
  expect(ballots.note(3, 0, accept(1, 1, 'x'), 3)).toBeUndefined()
})

it('the bounds of service grow with faulty leaders and long lines', () => {
  const terms = { n: 4, faulty: 0, window: 8, dedupWindowMs: 60_000, roundTripMs: 4 }
  expect(serviceMsMax(terms)).toBe(8_000)
  expect(serviceMsMax({ ...terms, faulty: 1 })).toBe(4_000 + 12_000 + 2_000 + 8_000)
  expect(serviceMsMax({ ...terms, roundTripMs: 600 })).toBe(4_000 + 2 * 4_800)
  expect(servedBlocksMax({ ...terms, faulty: 1 })).toBe(40)
})
