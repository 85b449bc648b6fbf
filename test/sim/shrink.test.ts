import { expect, it } from 'vitest'
import { FAULT_KINDS, LASTING } from '../../src/sim/fault.js'
import { makePlan, type Plan } from '../../src/sim/plan.js'
import { ddmin, SHRINK_RUNS_MAX, shrinkPlan } from '../../src/sim/shrink.js'

it('ddmin leaves what is needed', async () => {
  const items = Array.from({ length: 40 }, (_, i) => i)
  const needs = (needed: readonly number[]) => async (some: readonly number[]) => needed.every((i) => some.includes(i))
  expect(await ddmin(items, needs([7]))).toEqual([7])
  expect(await ddmin(items, needs([3, 21, 39]))).toEqual([3, 21, 39])
  expect(await ddmin(items, needs([]))).toEqual([])
})

it('a plan shrinks to the faults that matter, and stops at its bound', async () => {
  const plan = makePlan(8, 1, { dense: true })
  const [wanted] = plan.rounds.flatMap(({ faults }) => faults.filter(({ kind }) => kind === 'power-all'))
  expect(wanted).toBeDefined()
  let runs = 0
  const stillFails = async (smaller: Plan): Promise<boolean> => {
    runs += 1
    return smaller.rounds.some(({ faults }) => faults.some(({ kind, at }) => kind === 'power-all' && at === wanted?.at))
  }
  const small = await shrinkPlan(plan, stillFails)
  const faults = small.rounds.flatMap((round) => round.faults)
  expect(faults).toMatchObject([{ kind: 'power-all', at: wanted?.at }])
  expect(faults[0]?.until).toBeLessThan(wanted?.until ?? 0)
  expect(small.rounds).toHaveLength(1)
  expect(runs).toBeLessThanOrEqual(SHRINK_RUNS_MAX)
})

it('plans hold what they promise', () => {
  const kinds = new Set<string>()
  for (let seed = 1; seed <= 200; seed++) {
    const plan = makePlan(seed, 1, { dense: true })
    const f = Math.floor((plan.n - 1) / 3)
    const faults = plan.rounds.flatMap((round) => round.faults.map((fault) => ({ ...fault, lastsMs: round.lastsMs })))
    const bad = new Set<number>()
    for (const { kind, at, until, targets, lastsMs } of faults) {
      kinds.add(kind)
      expect(at).toBeLessThan(until)
      expect(until).toBeLessThanOrEqual(lastsMs)
      expect(targets.length).toBeGreaterThan(0)
      if (LASTING.includes(kind)) for (const target of targets) bad.add(target)
    }
    expect(bad.size).toBeLessThanOrEqual(f)
  }
  expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort())
})
