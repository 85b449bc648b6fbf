import { describe, expect, it } from 'vitest'
import { BODY_FIELDS, ENVELOPE_FIELDS } from '../../src/sim/adversary/mutate.js'
import { STRATEGIES } from '../../src/sim/adversary/strategies.js'
import { LASTING } from '../../src/sim/fault.js'
import { makePlan, type Plan } from '../../src/sim/plan.js'
import { runSeed } from '../../src/sim/run-seed.js'

const HOURS = 0.03

/** Regency changes are made by killing the leader again and again, so that STOPDATA and SYNC are said. */
const round = {
  lastsMs: 25_000,
  restMs: 1_000,
  faults: [0, 1, 2, 3].map((target) => ({
    kind: 'kill' as const,
    at: 3_000 + 5_000 * target,
    until: 6_000 + 5_000 * target,
    targets: [target],
    parameters: {},
  })),
}

/** One is away for so long that its peers have pruned what it lacks. */
const away = {
  lastsMs: 160_000,
  restMs: 1_000,
  faults: [{ kind: 'kill' as const, at: 500, until: 159_000, targets: [2], parameters: {} }],
}

const withAdversary = (strategy: (typeof STRATEGIES)[number], target: number): Plan => {
  const { link } = makePlan(1, HOURS)
  const adversaries = [{ target, strategy }]
  if (strategy !== 'drip-snapshot') return { n: 4, link, rounds: [round, round], adversaries }
  return { n: 4, link, rounds: [away, away], adversaries, snapshots: { everyBlocks: 2, retainBlocks: 1 } }
}

describe('a Byzantine replica', () => {
  it.each(STRATEGIES)(
    'acts as told and breaks nothing: %s',
    async (strategy) => {
      let acted = 0
      // Snapshots are pulled rarely, and not always from the one that drips.
      const runs = strategy === 'drip-snapshot' ? 8 : 2
      for (let i = 0; i < runs; i++) {
        const { result } = await runSeed(20 + i, HOURS, withAdversary(strategy, i % 2))
        expect(result.violations).toEqual([])
        acted += result.counts.get(`adversary.${strategy}`) ?? 0
      }
      expect(acted).toBeGreaterThan(0)
    },
    60_000,
  )

  it('mutates every field of every kind of message, over some seeds', async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 16; seed++) {
      const { result } = await runSeed(seed, HOURS, withAdversary('mutate', seed % 4))
      expect(result.violations).toEqual([])
      for (const name of result.counts.keys()) seen.add(name)
    }
    const expected = Object.entries(BODY_FIELDS).flatMap(([kind, fields]) =>
      [...fields, ...ENVELOPE_FIELDS].map((field) => `mutated.${kind}.${field}`),
    )
    expect(expected.filter((name) => !seen.has(name))).toEqual([])
    expect(seen.has('mutated.garbage')).toBe(true)
  }, 120_000)

  it('is in a part of the plans, alone, and never beside a machine that fails for good', () => {
    const strategies = new Set<string>()
    for (let seed = 1; seed <= 1_000; seed++) {
      const { n, organizations, adversaries = [], rounds } = makePlan(seed, 0.5)
      for (const { strategy } of adversaries) strategies.add(strategy)
      if (adversaries.length === 0) continue
      expect(adversaries.length).toBeLessThanOrEqual(Math.floor((n - 1) / 3))
      expect(organizations).toBeUndefined()
      const kinds = rounds.flatMap(({ faults }) => faults.map(({ kind }) => kind))
      expect(kinds.filter((kind) => LASTING.includes(kind))).toEqual([])
    }
    expect([...strategies].sort()).toEqual([...STRATEGIES].sort())
  })
})
