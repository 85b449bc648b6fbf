import '../base/polyfill.js'
import { parentPort } from 'node:worker_threads'
import type { HistoryResult } from './history.js'
import { makePlan, type Plan } from './plan.js'
import { runSeed } from './run-seed.js'

export interface Task {
  readonly seed: number
  readonly hours: number
  /** Instead of the plan that follows from the seed. */
  readonly plan?: Plan
  /** Run it twice, to see that it is the same history. */
  readonly twice: boolean
}

export interface Done {
  readonly result: HistoryResult
  readonly plan: Plan
  /** Trace hash of the second run. */
  readonly again?: string
}

parentPort?.on('message', async ({ seed, hours, plan = makePlan(seed, hours), twice }: Task) => {
  const { result } = await runSeed(seed, hours, plan)
  const again = twice ? (await runSeed(seed, hours, plan)).result.hash : undefined
  parentPort?.postMessage({ result, plan, ...(again === undefined ? {} : { again }) } satisfies Done)
})
