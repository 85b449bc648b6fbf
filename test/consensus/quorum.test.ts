import { describe, expect, it } from 'vitest'
import { leaderOf, quorumOf } from '../../src/consensus/index.js'
import { testView } from './cluster.js'

describe('quorums, for n from 1 to 100', () => {
  const all = Array.from({ length: 100 }, (_, i) => quorumOf(i + 1))

  it('tolerate f = floor((n - 1) / 3)', () => {
    for (const { n, f } of all) expect(3 * f + 1 <= n && n <= 3 * f + 3).toBe(true)
  })

  it('share a correct replica, any two of them', () => {
    for (const { n, f, votes } of all) expect(2 * votes - n).toBeGreaterThanOrEqual(f + 1)
  })

  it('are no larger than they need be', () => {
    for (const { n, f, votes } of all) expect(2 * (votes - 1) - n).toBeLessThan(f + 1)
  })

  it('can be reached without the faulty ones', () => {
    for (const { n, f, votes } of all) expect(n - f).toBeGreaterThanOrEqual(votes)
  })

  it('of STOPDATA meet every decision in a correct replica', () => {
    for (const { n, f, votes, stopData } of all) expect(votes + stopData - n).toBeGreaterThanOrEqual(f + 1)
  })

  it('to join need one correct replica, and can be met without the faulty ones', () => {
    for (const { n, f, join } of all) {
      expect(join).toBe(f + 1)
      expect(join).toBeLessThanOrEqual(n - f)
    }
  })
})

it('leaders go round the view', () => {
  const view = testView(4)
  expect([1, 2, 3, 4, 5].map((regency) => leaderOf(view, regency))).toEqual([1, 2, 3, 0, 1])
})
