import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EtalonError } from '../../base/errors.js'
import type { BatchResult } from '../batch.js'
import { MUTANTS, type Mutant } from './mutants.js'

type Plans = NonNullable<Mutant['plans']>

/** Seeds that each mutant is tried on, in chunks: the first failure ends it. */
const CHUNK_SEEDS = 8
const CHUNKS_MAX = 3
const HOURS = 0.25
/** Mutants that are tried side by side; each uses one worker thread a core itself. */
const SIDE_BY_SIDE = 1
const CHUNK_MS_MAX = 600_000

export interface MutantResult {
  readonly name: string
  readonly found: boolean
  /** Kind of the first violation, and the seed that shows it. */
  readonly kind?: string
  readonly seed?: number
  readonly seconds: number
}

export interface PlantedResult {
  readonly planted: number
  readonly found: number
  /** The program as it is held over the seeds that found a mutant. */
  readonly control: boolean
  readonly mutants: readonly MutantResult[]
}

/** The root of the project: dist/src/sim/planted/ is four folders below. */
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/**
 * Plants each bug into a copy of the built program and lets the copy simulate, until a checker finds it.
 * @param names of the mutants to try; all when empty
 * @throws EtalonError `sim/no-mutant`
 */
export async function runPlanted(
  names: readonly string[],
  onDone: (result: MutantResult) => void,
): Promise<PlantedResult> {
  const unknown = names.find((name) => !MUTANTS.some((mutant) => mutant.name === name))
  if (unknown !== undefined) {
    const known = MUTANTS.map(({ name }) => name).join(', ')
    throw new EtalonError('sim/no-mutant', `there is no planted bug ${unknown}`, `name one of: ${known}`)
  }
  const queue = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name))
  const planted = queue.length
  const mutants: MutantResult[] = []
  const worker = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const result = await tryMutant(mutant)
      mutants.push(result)
      onDone(result)
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  const control = await holds(mutants)
  return { planted, found: mutants.filter(({ found }) => found).length, control, mutants }
}

/** Whether the program without planted bugs holds over the plans and seeds that found them. */
async function holds(results: readonly MutantResult[]): Promise<boolean> {
  const lasts = new Map<string, number>()
  for (const { name, seed = 1 } of results) {
    const { plans = {}, firstSeed = 1 } = MUTANTS.find((mutant) => mutant.name === name) ?? {}
    const key = JSON.stringify({ plans, firstSeed })
    lasts.set(key, Math.max(lasts.get(key) ?? firstSeed, seed))
  }
  for (const [key, last] of lasts) {
    const { plans, firstSeed } = JSON.parse(key) as { plans: Plans; firstSeed: number }
    const result = await simulate(ROOT, firstSeed, last - firstSeed + 1, plans)
    if (result?.failures.length !== 0) return false
  }
  return true
}

async function tryMutant(mutant: Mutant): Promise<MutantResult> {
  const { name, firstSeed = 1, plans } = mutant
  const startMs = performance.now()
  const seconds = (): number => Math.round((performance.now() - startMs) / 100) / 10
  const folder = mkdtempSync(join(tmpdir(), 'etalon-planted-'))
  try {
    plant(folder, mutant)
    for (let chunk = 0; chunk < CHUNKS_MAX; chunk++) {
      const result = await simulate(folder, firstSeed + chunk * CHUNK_SEEDS, CHUNK_SEEDS, plans)
      const [failure] = result?.failures ?? []
      if (failure !== undefined) {
        return { name, found: true, kind: failure.kind, seed: failure.seed, seconds: seconds() }
      }
      // Nobody has looked: a checker did not find it, and perhaps it does not even load.
      if (result === undefined) return { name, found: false, kind: 'no-result', seconds: seconds() }
    }
    return { name, found: false, seconds: seconds() }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A copy of the built program with the bug in it. @throws EtalonError `sim/stale-mutant` */
function plant(folder: string, { name, file, find, replace }: Mutant): void {
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const path = join(folder, 'dist/src', file)
  const text = readFileSync(path, 'utf8')
  if (countOf(text, find) !== 1) {
    throw new EtalonError('sim/stale-mutant', `${name}: its place in ${file} is not there once`, 'adapt the mutant')
  }
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
}

export const countOf = (text: string, part: string): number => text.split(part).length - 1

/** Runs the seeds in a process of its own; `undefined` when it gives no result. */
function simulate(
  root: string,
  firstSeed: number,
  seeds: number,
  { grows = false, strategy }: Plans = {},
): Promise<BatchResult | undefined> {
  const main = join(root, 'dist/src/sim/main.js')
  const args = ['--seeds', seeds, '--first-seed', firstSeed, '--hours', HOURS, '--dense', '--brief', '--json']
  if (grows) args.push('--grows')
  if (strategy !== undefined) args.push('--strategy', strategy)
  const child: ChildProcess = spawn(process.execPath, [main, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), CHUNK_MS_MAX)
  let output = ''
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString()
  })
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(timer)
      const last = output.trimEnd().split('\n').at(-1) ?? ''
      resolve(last.startsWith('{') ? (JSON.parse(last) as BatchResult) : undefined)
    })
  })
}
