import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Random } from '../base/random.js'
import { Corpus } from './corpus.js'
import type { HistoryResult } from './history.js'
import { makePlan, type Plan, type PlanOptions } from './plan.js'
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
  /** What went wrong by plan. */
  readonly plan: Plan
}

/** What many histories gave together. */
export interface BatchResult {
  readonly seeds: number
  readonly simulatedHours: number
  readonly faults: Readonly<Record<string, number>>
  /** Of safety, or bugs. */
  readonly violations: number
  /** Histories in which progress did not come back, or not in time. */
  readonly stuck: number
  readonly eventsPerSecond: number
  /** Simulated time over time, all cores together. */
  readonly realTimeFactor: number
  readonly transactions: number
  readonly acknowledged: number
  readonly blocks: number
  /** States of the core that were met (coverage.ts). */
  readonly states: number
  /** Counters of all replicas, and of the simulation. */
  readonly counts: Readonly<Record<string, number>>
  /** Seeds that were run twice. */
  readonly repeated: number
  readonly failures: readonly Failure[]
}

/** One seed of so many is run twice. */
const REPEAT_EVERY = 10
/**
 * Seeds whose plans are made at once, and the share of them that are made from plans that reached something new. What they are made from is what all
 * earlier ones reached, so the same options give the same plans, whatever order the workers end in.
 */
const GENERATION_SEEDS = 32
const MUTATED_SHARE = 0.25

/** Most of what a history makes is short-lived: with room for it the collector runs less often. */
const RESOURCES = { maxYoungGenerationSizeMb: 128, maxOldGenerationSizeMb: 2_048 }

/** Runs seeds in worker threads, a generation after another. */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { firstSeed, seeds, hours, onDone, brief = false } = options
  const startMs = performance.now()
  const corpus = new Corpus()
  const done: Done[] = []
  let stop = false
  for (let first = 0; first < seeds && !stop; first += GENERATION_SEEDS) {
    const tasks = Array.from({ length: Math.min(GENERATION_SEEDS, seeds - first) }, (_, i): Task => {
      const seed = firstSeed + first + i
      const plan = planOf(seed, options, corpus)
      return { seed, hours, plan, twice: (first + i) % REPEAT_EVERY === 0 }
    })
    const told = (now: number, failures: readonly Failure[]): void => onDone?.(first + now, failures)
    const results = await runTasks(tasks.length, (index) => tasks[index] as Task, told, brief)
    for (const { plan, seed } of tasks) {
      const one = results.find(({ result }) => result.seed === seed)
      if (plan !== undefined && one !== undefined) corpus.learn(plan, one.result.states)
    }
    done.push(...results)
    stop = brief && results.some((one) => failuresOf(one).length > 0)
  }
  return { ...summary(done, (performance.now() - startMs) / 1_000), states: corpus.states.size }
}

/** The plan that follows from a seed, or for some seeds one beside a plan that reached something new. */
function planOf(seed: number, options: BatchOptions, corpus: Corpus): Plan {
  const isMutated = new Random(seed ^ 0x6d75).chance(MUTATED_SHARE)
  return (isMutated ? corpus.propose(seed) : undefined) ?? makePlan(seed, options.hours, options)
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

export function failuresOf({ result, again, plan }: Done): readonly Failure[] {
  const { seed, hash, violations } = result
  const [first] = violations
  if (first !== undefined) return [{ seed, kind: first.kind, detail: first.detail, plan }]
  if (again === undefined || again === hash) return []
  return [{ seed, kind: 'determinism', detail: `the same seed gave the histories ${hash} and ${again}`, plan }]
}

export function summary(done: readonly Done[], seconds: number): BatchResult {
  const results = done.map(({ result }) => result)
  const sum = (of: (result: HistoryResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0)
  const faults = totals(results.map((result) => Object.entries(result.faults)))
  const counts = totals(results.map((result) => [...result.counts]))
  const states = new Set(results.flatMap((result) => result.states)).size
  const failures = done.flatMap(failuresOf).sort((a, b) => a.seed - b.seed)
  const simulatedMs = sum(({ simulatedMs }) => simulatedMs)
  return {
    seeds: results.length,
    simulatedHours: Math.round(simulatedMs / 36_000) / 100,
    faults,
    violations: failures.filter(({ kind }) => !NO_PROGRESS.includes(kind)).length,
    stuck: failures.filter(({ kind }) => NO_PROGRESS.includes(kind)).length,
    eventsPerSecond: Math.round(sum(({ events }) => events) / seconds),
    realTimeFactor: Math.round(simulatedMs / 1_000 / seconds),
    transactions: sum(({ submitted }) => submitted),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    blocks: sum(({ height }) => height),
    states,
    counts,
    repeated: done.filter(({ again }) => again !== undefined).length,
    failures,
  }
}

const NO_PROGRESS: readonly string[] = ['stuck', 'unserved', 'needless-change']

/** Adds up, by name, in the order of the names. */
function totals(parts: readonly (readonly (readonly [string, number])[])[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>()
  for (const [name, count] of parts.flat()) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
}
