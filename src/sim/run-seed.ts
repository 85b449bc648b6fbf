import { History, type HistoryResult } from './history.js'
import type { Plan } from './plan.js'
import { shrinkPlan } from './shrink.js'

export const HOUR_MS = 3_600_000

export interface SeedRun {
  readonly result: HistoryResult
  readonly transcript: Transcript
}

export interface Transcript {
  /** Faults, starts, final blocks, and what went wrong. */
  readonly notable: readonly string[]
  /** The last events, every message among them. */
  readonly tail: readonly string[]
}

/** Runs one history: a seed with the plan that follows from it, or with another. */
export async function runSeed(seed: number, hours: number, plan: Plan): Promise<SeedRun> {
  const history = new History(seed, plan)
  const result = await history.run(hours * HOUR_MS)
  const { trace } = history.world
  return { result, transcript: { notable: trace.notables(), tail: trace.tail() } }
}

/** The smallest plan found with which the seed fails as it did. */
export function shrinkFailure(seed: number, hours: number, plan: Plan, kind: string): Promise<Plan> {
  return shrinkPlan(plan, async (smaller) => {
    const { result } = await runSeed(seed, hours, smaller)
    return result.violations.some((violation) => violation.kind === kind)
  })
}
