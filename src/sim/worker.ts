import '../base/polyfill.js'
import { parentPort } from 'node:worker_threads'
import type { HistoryResult } from './history.js'
import { makePlan } from './plan.js'
import { runSeed } from './run-seed.js'

export interface Task {
  readonly seed: number
  readonly hours: number
  /** With hardly any rest between the faults. */
  readonly dense: boolean
  /** Run it twice, to see that it is the same history. */
  readonly twice: boolean
}

export interface Done {
  readonly result: HistoryResult
  /** Trace hash of the second run. */
  readonly again?: string
}

parentPort?.on('message', async ({ seed, hours, dense, twice }: Task) => {
  const plan = makePlan(seed, hours, dense)
  const { result } = await runSeed(seed, hours, plan)
  const again = twice ? (await runSeed(seed, hours, plan)).result.hash : undefined
  parentPort?.postMessage({ result, ...(again === undefined ? {} : { again }) } satisfies Done)
})
