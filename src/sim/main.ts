import '../base/polyfill.js'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { STRATEGIES } from './adversary/strategies.js'
import { type BatchResult, type Failure, failuresOf, runBatch, summary } from './batch.js'
import { faultText } from './fault.js'
import { makePlan, type Plan, type PlanOptions } from './plan.js'
import { runPlanted } from './planted/run.js'
import { runSeed, type SeedRun, shrinkFailure } from './run-seed.js'
import { planOfTwins, runTwins, TWINS_ROUNDS_ALL_MAX, TWINS_ROUNDS_MAX } from './twins.js'

const USAGE = `usage: npm run sim -- --seeds N [--hours H] [--first-seed S] [--json]
       npm run sim -- --seed S [--hours H] [--plan FILE] [--json]
       npm run sim -- --planted [--only NAME] [--json]
       npm run sim -- --twins ROUNDS [--sample N] [--first-seed S] [--json]

  --seeds N       run N histories, one per seed
  --hours H       simulated hours of each history (default 1)
  --first-seed S  the first of the seeds (default 1)
  --seed S        run one history twice, and print its transcript
  --plan FILE     with --seed: take the faults from a file, as a failure prints them
  --dense         faults with hardly any rest between them
  --grows         every network of four grows to seven and shrinks, again and again
  --strategy NAME every network of four and more has a Byzantine replica of this kind
  --brief         with --seeds: end at the first failure, and do not explain it
  --planted       plant bugs into the built program, one after the other, and see that each is found
  --only NAME     with --planted: this bug alone
  --twins ROUNDS  run all Twins scenarios with so many rounds
  --sample N      with --twins: only N of them, chosen by the first seed; then up to four rounds
  --json          print one JSON object as the last line of standard output
`

/** Lines of a transcript that are printed. */
const NOTABLE_LINES = 60
const TAIL_LINES = 120

const OPTIONS = {
  seeds: { type: 'string' },
  hours: { type: 'string', default: '1' },
  'first-seed': { type: 'string', default: '1' },
  seed: { type: 'string' },
  plan: { type: 'string' },
  brief: { type: 'boolean', default: false },
  dense: { type: 'boolean', default: false },
  grows: { type: 'boolean', default: false },
  strategy: { type: 'string' },
  planted: { type: 'boolean', default: false },
  only: { type: 'string' },
  twins: { type: 'string' },
  sample: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const say = (text: string): boolean => process.stderr.write(`${text}\n`)

class WrongUsage extends Error {}

function count(name: string, text: string, whole = true): number {
  const value = Number(text)
  if (text !== '' && Number.isFinite(value) && value > 0 && (!whole || Number.isSafeInteger(value))) return value
  throw new WrongUsage(`--${name} ${text}: a ${whole ? 'whole ' : ''}number above 0 is expected`)
}

function readPlan(file: string): Plan {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Plan
  } catch (error) {
    throw new WrongUsage(`--plan ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function commit(): string | undefined {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Prints the faults and the end of a history. */
function printTranscript({ result, transcript }: SeedRun): void {
  const failed = result.violations.length > 0
  for (const line of transcript.notable.slice(-NOTABLE_LINES)) say(line)
  if (!failed) return
  say('\nthe last events:')
  for (const line of transcript.tail.slice(-TAIL_LINES)) say(line)
}

/** The plan of a seed that was made from other plans, which the seed alone does not give. */
function printPlan(hours: number, of: PlanOptions, { seed, plan }: Failure): void {
  const text = JSON.stringify(plan)
  if (text !== JSON.stringify(makePlan(seed, hours, of))) say(`the plan of seed ${seed}, for --plan:\n${text}`)
}

/** Explains a failure: its transcript, and a plan with as few faults as lead to it. */
async function explain(hours: number, of: PlanOptions, { seed, kind, plan }: Failure): Promise<void> {
  const { dense, grows, strategy } = of
  const isOwn = JSON.stringify(plan) === JSON.stringify(makePlan(seed, hours, of))
  const flags = [...(dense === true ? ['--dense'] : []), ...(grows === true ? ['--grows'] : [])]
  const options = [...flags, ...(strategy === undefined ? [] : ['--strategy', strategy])]
  const from = isOwn ? options : ['--plan FILE, with the plan below']
  const replay = ['npm run sim -- --seed', seed, '--hours', hours, ...from].join(' ')
  say(`\nseed ${seed} failed: ${kind}; commit ${commit() ?? 'unknown'}; replay: ${replay}`)
  printPlan(hours, of, { seed, kind, plan, detail: '' })
  printTranscript(await runSeed(seed, hours, plan))
  if (kind === 'determinism') return
  say('\nshrinking the plan of faults …')
  const small = await shrinkFailure(seed, hours, plan, kind)
  const faults = small.rounds.flatMap((round) => round.faults)
  say(`${faults.length} faults in ${small.rounds.length} rounds are enough:`)
  for (const fault of faults)
    say(`  at ${fault.at} ms of its round, for ${fault.until - fault.at} ms: ${faultText(fault)}`)
  say(`the plan, for --plan:\n${JSON.stringify(small)}`)
}

const failureText = ({ seed, kind, detail }: Failure): string => `seed ${seed}: ${kind}: ${detail.split('\n')[0]}`

function finish(result: BatchResult, json: boolean): number {
  const { failures, seeds, simulatedHours, violations, stuck, realTimeFactor, states } = result
  for (const failure of failures) say(failureText(failure))
  say(
    `${seeds} seeds, ${simulatedHours} h simulated, ${realTimeFactor} times real time: ${violations} violations, ${stuck} stuck, ${states} states of the core`,
  )
  const hash = commit()
  // Plans are long, and explained above.
  const brief = failures.map(({ seed, kind, detail }) => ({ seed, kind, detail }))
  const whole = { ...result, failures: brief, ...(hash === undefined ? {} : { commit: hash }) }
  if (json) process.stdout.write(`${JSON.stringify(whole)}\n`)
  return failures.length === 0 ? 0 : 1
}

/** Says now and then how far a batch is, and at once what failed. */
function progress(what: string): (done: number, failures: readonly Failure[]) => void {
  let shown = performance.now()
  let failed = 0
  return (done, failures) => {
    failed += failures.length
    for (const failure of failures) say(failureText(failure))
    if (performance.now() - shown < 2_000) return
    shown = performance.now()
    say(`${done} ${what}, ${failed} failed`)
  }
}

async function runMany(
  seeds: number,
  firstSeed: number,
  hours: number,
  plan: PlanOptions,
  { json, brief }: { readonly json: boolean; readonly brief: boolean },
): Promise<number> {
  const result = await runBatch({ seeds, firstSeed, hours, onDone: progress(`of ${seeds} seeds`), ...plan, brief })
  const [first] = result.failures
  for (const failure of result.failures.slice(1)) printPlan(hours, plan, failure)
  if (first !== undefined && !brief) await explain(hours, plan, first)
  return finish(result, json)
}

async function runOne(seed: number, hours: number, of: PlanOptions, plan: Plan, json: boolean): Promise<number> {
  const startMs = performance.now()
  const run = await runSeed(seed, hours, plan)
  const again = (await runSeed(seed, hours, plan)).result.hash
  const done = { result: run.result, again, plan }
  const [failure] = failuresOf(done)
  if (failure === undefined) printTranscript(run)
  else await explain(hours, of, failure)
  say(`trace ${run.result.hash}`)
  return finish(summary([done], (performance.now() - startMs) / 1_000), json)
}

async function runMutants(names: readonly string[], json: boolean): Promise<number> {
  const result = await runPlanted(names, ({ name, found, kind, seed, seconds }) => {
    say(
      `${name}: ${found ? `found in ${seconds} s, ${kind}${seed === undefined ? '' : ` at seed ${seed}`}` : `NOT FOUND in ${seconds} s`}`,
    )
  })
  const { planted, found, control } = result
  say(`${found} of ${planted} planted bugs found; without them the simulation ${control ? 'holds' : 'FAILS'}`)
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
  return found === planted && control ? 0 : 1
}

async function runAllTwins(
  rounds: number,
  sample: number | undefined,
  firstSeed: number,
  json: boolean,
): Promise<number> {
  const most = sample === undefined ? TWINS_ROUNDS_ALL_MAX : TWINS_ROUNDS_MAX
  if (rounds > most)
    throw new WrongUsage(`--twins ${rounds}: at most ${most} rounds, ${TWINS_ROUNDS_MAX} with --sample`)
  const onDone = progress('scenarios')
  const result = await runTwins({ rounds, firstSeed, onDone, ...(sample === undefined ? {} : { sample }) })
  const { enumerated, scenarios, violations, seconds, failures } = result
  for (const { seed, scenario, kind, detail } of failures) {
    say(
      `scenario ${seed} (twinned ${scenario.twins}, ${scenario.rounds.map((sides) => sides.join(' ')).join(' | ')}): ${kind}: ${detail.split('\n')[0]}`,
    )
  }
  const [first] = failures
  if (first !== undefined) {
    say(`\nthe plan of scenario ${first.seed}, for --seed ${first.seed} --plan:`)
    say(JSON.stringify(planOfTwins(first.scenario)))
  }
  say(`${scenarios} of ${enumerated} scenarios in ${seconds} s: ${violations} violations`)
  const hash = commit()
  if (json) process.stdout.write(`${JSON.stringify({ ...result, ...(hash === undefined ? {} : { commit: hash }) })}\n`)
  return failures.length === 0 ? 0 : 1
}

function planOptions(values: { dense: boolean; grows: boolean; strategy?: string | undefined }): PlanOptions {
  const { dense, grows } = values
  if (values.strategy === undefined) return { dense, grows }
  const strategy = STRATEGIES.find((known) => known === values.strategy)
  if (strategy === undefined) throw new WrongUsage(`--strategy ${values.strategy}: one of ${STRATEGIES.join(', ')}`)
  if (grows) throw new WrongUsage('--strategy goes with a fixed view')
  return { dense, strategy }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS, allowPositionals: false })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (values.planted) return runMutants(values.only === undefined ? [] : [values.only], values.json)
  if (values.twins !== undefined) {
    if (values.seed !== undefined || values.seeds !== undefined) throw new WrongUsage('give --twins or seeds')
    const sample = values.sample === undefined ? undefined : count('sample', values.sample)
    return runAllTwins(count('twins', values.twins), sample, count('first-seed', values['first-seed']), values.json)
  }
  if (values.sample !== undefined) throw new WrongUsage('--sample goes with --twins')
  const hours = count('hours', values.hours, false)
  const plan = planOptions(values)
  if ((values.seed === undefined) === (values.seeds === undefined)) throw new WrongUsage('give --seeds or --seed')
  if (values.seeds !== undefined) {
    if (values.plan !== undefined) throw new WrongUsage('--plan goes with --seed')
    return runMany(count('seeds', values.seeds), count('first-seed', values['first-seed']), hours, plan, values)
  }
  const seed = count('seed', values.seed ?? '')
  const faults = values.plan === undefined ? makePlan(seed, hours, plan) : readPlan(values.plan)
  return runOne(seed, hours, plan, faults, values.json)
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage =
    error instanceof WrongUsage || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  if (!isUsage) throw error
  say(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
