import '../../src/base/polyfill.js'
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Command, InvalidArgumentError } from 'commander'
import { printJson, say, sayError } from '../../src/cli/output.js'
import { columns } from '../../src/cli/table.js'
import { reportOf, type WorldReport } from './report.js'
import type { Outcome } from './run-world.js'
import type { Job } from './worker.js'
import { DELAYS, WORLD_BY_NAME, WORLDS } from './worlds.js'

const WORKERS_MAX = 2

function integer(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`an integer from ${min} to ${max}`)
    }
    return value
  }
}

function worldsNamed(name: string): string[] {
  if (name === 'all') return Object.keys(WORLDS)
  if (name === 'delays') return Object.keys(DELAYS)
  if (WORLD_BY_NAME[name] === undefined) {
    throw new InvalidArgumentError(`all, delays, or one of ${Object.keys(WORLD_BY_NAME).join(', ')}`)
  }
  return [name]
}

/** Runs the jobs on a few threads, each taking the next as soon as it is free; outcomes come in the order of the jobs. */
async function runJobs(jobs: readonly Job[], workers: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(workers, jobs.length) }, async () => {
      const worker = new Worker(new URL('./worker.js', import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: 128 },
      })
      try {
        while (next < jobs.length) {
          const place = next++
          outcomes[place] = await outcomeOf(worker, jobs[place] as Job)
        }
      } finally {
        await worker.terminate()
      }
    }),
  )
  return outcomes
}

function outcomeOf(worker: Worker, job: Job): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (outcome: Outcome) => {
      worker.off('error', reject)
      resolve(outcome)
    })
    worker.postMessage(job)
  })
}

interface Flags {
  readonly world: readonly string[]
  readonly seeds: number
  readonly firstSeed: number
  readonly workers: number
  readonly json?: boolean
}

async function run({ world: names, seeds, firstSeed, workers, json }: Flags): Promise<void> {
  const worlds: Record<string, WorldReport> = {}
  for (const world of names) {
    const jobs = Array.from({ length: seeds }, (_, i) => ({ world, seed: firstSeed + i }))
    const began = performance.now()
    worlds[world] = reportOf(world, await runJobs(jobs, workers))
    say(`${world}: ${seeds} seeds in ${((performance.now() - began) / 1_000).toFixed(0)} s`)
    for (const missed of worlds[world].missed) say(`  missed: ${missed}`)
  }
  if (json === true) printJson({ worlds, seeds, firstSeed, commit: commit(), node: process.versions.node })
  else process.stdout.write(textOf(worlds))
  if (Object.values(worlds).some(({ missed }) => missed.length > 0)) process.exitCode = 1
}

/** Of the checkout; `null` where there is none. */
function commit(): string | null {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

function textOf(worlds: Readonly<Record<string, WorldReport>>): string {
  const rows = [
    ['world', 'sensitivity', 'specificity', 'false discoveries', 'refuels to detection', 'targets'],
    ...Object.entries(worlds).map(([name, report]) => [
      name,
      report.sensitivity.toFixed(3),
      report.specificity.toFixed(4),
      report.falseDiscoveryRate.toFixed(4),
      report.meanRefuelsToDetection?.toFixed(1) ?? '-',
      report.missed.length === 0 ? 'met' : 'missed',
    ]),
  ]
  return `${columns(rows)}\n`
}

const program = new Command('npm run worlds --').exitOverride().showHelpAfterError()

program
  .command('fuel')
  .description('statistical acceptance of the fuel contract, through its own methods, in seeded worlds')
  .option('--world <name>', 'name of a world, all, or delays', worldsNamed, Object.keys(WORLDS))
  .option('--seeds <n>', 'worlds of each', integer(1, 100_000), 20)
  .option('--first-seed <s>', 'seed of the first', integer(0, 0xffff_ffff), 1)
  .option('--workers <n>', 'threads', integer(1, 64), Math.min(WORKERS_MAX, availableParallelism()))
  .option('--json', 'the result as one line of JSON')
  .action(run)

try {
  await program.parseAsync()
} catch (error) {
  const { exitCode } = error as { exitCode?: number }
  if (exitCode === undefined) sayError(error)
  process.exitCode = exitCode === undefined ? 1 : exitCode === 0 ? 0 : 2
}
