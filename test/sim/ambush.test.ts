import { describe, expect, it } from 'vitest'
import { GOOD_LINK } from '../../src/sim/network.js'
import { makePlan } from '../../src/sim/plan.js'
import { runSeed } from '../../src/sim/run-seed.js'

const HOURS = 0.02
const ambush = (at: number, target: number, accept: 0 | 1) =>
  ({ kind: 'ambush', at, until: at + 3_000, targets: [target], parameters: { accept, holdMs: 100 } }) as const

describe('an ambush', () => {
  it('is sprung by the vote that it waits for, cuts off, and nothing breaks', async () => {
    const faults = [ambush(1_000, 0, 0), ambush(5_000, 1, 0), ambush(9_000, 2, 1), ambush(13_000, 3, 0)]
    const rounds = [{ lastsMs: 20_000, restMs: 1_000, faults }]
    const { result, transcript } = await runSeed(3, HOURS, { n: 4, link: GOOD_LINK, rounds })
    expect(result.violations).toEqual([])
    expect(result.faults.ambush).toBe(4)
    const sprung = transcript.notable.filter((line) => line.includes('sprung on'))
    expect(sprung.length).toBeGreaterThanOrEqual(3)
    expect(sprung.some((line) => line.includes('by ACCEPT'))).toBe(true)
  })

  it('is in a part of the plans of four and more, in rounds of its own', () => {
    let rounds = 0
    for (let seed = 1; seed <= 100; seed++) {
      const plan = makePlan(seed, 0.5)
      for (const { faults } of plan.rounds) {
        const kinds = new Set(faults.map(({ kind }) => kind))
        if (!kinds.has('ambush')) continue
        rounds += 1
        expect([...kinds]).toEqual(['ambush'])
        expect(plan.n).toBeGreaterThanOrEqual(4)
      }
    }
    expect(rounds).toBeGreaterThan(20)
  })
})
