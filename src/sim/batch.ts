import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { HistoryResult } from './history.js'
import { makePlan, type PlanOptions } from './plan.js'
import type { Done, Task } from './worker.js'

export interface BatchOptions extends PlanOptions {
  readonly firstSeed: number
  readonly seeds: number
  readonly hours: number
  /** Ends at the first failure. */
  readonly brief?: boolean
  /** Told after each seed how many are done, and what failed in this one. */
  readonly onDone?: (done: number, failures: readonly Failure[]) => void
}

export interface Failure {
  readonly seed: number
  readonly kind: string
  readonly detail: string
}

/** What many histories gave together. */
export interface BatchResult {
  readonly seeds: number
  readonly simulatedHours: number
  readonly faults: Readonly<Record<string, number>>
  /** Of safety, or bugs. */
  readonly violations: number
  /** Histories in which progress did not come back. */
  readonly stuck: number
  readonly eventsPerSecond: number
  /** Simulated time over time, all cores together. */
  readonly realTimeFactor: number
  readonly transactions: number
  readonly acknowledged: number
  readonly blocks: number
  /** Seeds that were run twice. */
  readonly repeated: number
  readonly failures: readonly Failure[]
}

/** One seed of so many is run twice. */
const REPEAT_EVERY = 10

/** Most of what a history makes is short-lived: with room for it the collector runs less often. */
const RESOURCES = { maxYoungGenerationSizeMb: 128, maxOldGenerationSizeMb: 2_048 }

/** Runs seeds in worker threads. */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { firstSeed, seeds, hours, onDone, brief = false } = options
  const startMs = performance.now()
  const taskOf = (index: number): Task => {
    const seed = firstSeed + index
    return { seed, hours, plan: makePlan(seed, hours, options), twice: index % REPEAT_EVERY === 0 }
  }
  const done = await runTasks(seeds, taskOf, onDone, brief)
  return summary(done, (performance.now() - startMs) / 1_000)
}

/** Runs histories in worker threads, one per core; with `brief` it ends at the first failure. */
export async function runTasks(
  tasks: number,
  taskOf: (index: number) => Task,
  onDone?: BatchOptions['onDone'],
  brief = false,
): Promise<readonly Done[]> {
  const done: Done[] = []
  let next = 0
  const runWorker = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { resourceLimits: RESOURCES })
    try {
      while (next < tasks) {
        const index = next
        next += 1
        const one = await ask(worker, taskOf(index))
        done.push(one)
        const failures = failuresOf(one)
        onDone?.(done.length, failures)
        if (brief && failures.length > 0) next = tasks
      }
    } finally {
      await worker.terminate()
    }
  }
  const workers = Math.min(tasks, availableParallelism())
  await Promise.all(Array.from({ length: workers }, runWorker))
  return done
}

function ask(worker: Worker, task: Task): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Done) => {
      worker.off('error', reject)
      resolve(answer)
    })
    worker.postMessage(task)
  })
}

export function failuresOf({ result, again }: Done): readonly Failure[] {
  const { seed, hash, violations } = result
  const [first] = violations
  if (first !== undefined) return [{ seed, kind: first.kind, detail: first.detail }]
  if (again === undefined || again === hash) return []
  return [{ seed, kind: 'determinism', detail: `the same seed gave the histories ${hash} and ${again}` }]
}

export function summary(done: readonly Done[], seconds: number): BatchResult {
  const results = done.map(({ result }) => result)
  const sum = (of: (result: HistoryResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0)
  const faults: Record<string, number> = {}
  for (const result of results) {
    for (const [kind, count] of Object.entries(result.faults)) faults[kind] = (faults[kind] ?? 0) + count
  }
  const failures = done.flatMap(failuresOf).sort((a, b) => a.seed - b.seed)
  const simulatedMs = sum(({ simulatedMs }) => simulatedMs)
  return {
    seeds: results.length,
    simulatedHours: Math.round(simulatedMs / 36_000) / 100,
    faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
    violations: failures.filter(({ kind }) => kind !== 'stuck').length,
    stuck: failures.filter(({ kind }) => kind === 'stuck').length,
    eventsPerSecond: Math.round(sum(({ events }) => events) / seconds),
    realTimeFactor: Math.round(simulatedMs / 1_000 / seconds),
    transactions: sum(({ submitted }) => submitted),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    blocks: sum(({ height }) => height),
    repeated: done.filter(({ again }) => again !== undefined).length,
    failures,
  }
}
