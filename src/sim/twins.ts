import { Random } from '../base/random.js'
import type { ReplicaId } from '../types/index.js'
import { type BatchOptions, failuresOf, runTasks } from './batch.js'
import type { Fault } from './fault.js'
import { type Address, GOOD_LINK } from './network.js'
import type { Plan } from './plan.js'

/** Replicas of a Twins network; the second twin is one machine more. */
const N = 4
const MACHINES = N + 1
/** A round lasts so long, ms: a regency without progress times out within it, and the next one begins. */
const TWINS_ROUND_MS = 4_000
/** More than a scenario takes, h. */
const HOURS = 1
/** Rounds of a scenario, and rounds of which all scenarios can be run: each further one makes 122 times as many. */
export const TWINS_ROUNDS_MAX = 4
export const TWINS_ROUNDS_ALL_MAX = 2

/** Which half a machine hears, and is heard by, in one round. */
type Side = 'a' | 'b' | 'both'

const SIDES: readonly Side[] = ['a', 'b', 'both']

/**
 * Ways to part five machines: each hears one half, the other, or both. The first that does not hear both hears half a, so that a parting
 * has one form.
 */
const PARTINGS: readonly (readonly Side[])[] = partings()

/**
 * One scenario of Twins (Bano et al., OPODIS 2021): replicas that a second machine runs too, and for each round the half that each machine hears, by
 * address, the second twin last.
 */
export interface TwinsScenario {
  readonly twins: readonly ReplicaId[]
  readonly rounds: readonly (readonly Side[])[]
}

export interface TwinsOptions {
  readonly rounds: number
  /** So many scenarios, chosen by `firstSeed`; all when absent. */
  readonly sample?: number
  readonly firstSeed: number
  readonly onDone?: BatchOptions['onDone']
}

export interface TwinsFailure {
  readonly scenario: TwinsScenario
  readonly seed: number
  readonly kind: string
  readonly detail: string
}

export interface TwinsResult {
  /** Scenarios of this size that differ by more than names. */
  readonly enumerated: number
  /** Scenarios that were run. */
  readonly scenarios: number
  readonly violations: number
  readonly seconds: number
  readonly acknowledged: number
  readonly blocks: number
  readonly failures: readonly TwinsFailure[]
}

/** Where each address goes when machines are renamed. */
type Renaming = readonly Address[]

function partings(): readonly (readonly Side[])[] {
  const all: Side[][] = [[]]
  for (let machine = 0; machine < MACHINES; machine++) {
    all.push(...all.splice(0).flatMap((sides) => SIDES.map((side) => [...sides, side])))
  }
  return all.filter((sides) => sides.find((side) => side !== 'both') !== 'b')
}

const numbers = new Map(PARTINGS.map((sides, number) => [sides.join(), number]))

/** Number of a parting after machines were renamed, and its halves with them where needed. */
function renamed(parting: readonly Side[], to: Renaming): number {
  const image: Side[] = new Array(MACHINES)
  for (const [address, side] of parting.entries()) image[to[address] as number] = side
  if (image.find((side) => side !== 'both') !== 'b') return numbers.get(image.join()) as number
  const swapped = image.map((side) => (side === 'both' ? side : side === 'a' ? 'b' : 'a'))
  return numbers.get(swapped.join()) as number
}

/** For each renaming, the number of each parting's image. */
const imagesOf = (renamings: readonly Renaming[]): readonly (readonly number[])[] =>
  renamings.map((to) => PARTINGS.map((parting) => renamed(parting, to)))

/** Replicas that are alike: of the regencies that the rounds bring, from 0 on, the others lead. */
function alike(rounds: number): readonly Renaming[] {
  const identity = Array.from({ length: N }, (_, replica) => replica)
  const same = identity.filter((replica) => replica > rounds)
  const arrange = (left: readonly number[]): readonly number[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((first) => arrange(left.filter((other) => other !== first)).map((rest) => [first, ...rest]))
  return arrange(same).map((order) => [...identity.slice(0, N - same.length), ...order])
}

/** Replicas of which one is to be twinned; another that it can stand for is left out. With each, the renamings that change nothing. */
function twinned(
  rounds: number,
): readonly { readonly twin: ReplicaId; readonly images: readonly (readonly number[])[] }[] {
  const symmetries = alike(rounds)
  return Array.from({ length: N }, (_, twin) => twin)
    .filter((twin) => !symmetries.some((to) => (to[twin] as number) < twin))
    .map((twin) => {
      const own = symmetries
        .filter((to) => to[twin] === twin)
        .flatMap((to) => [
          [...to, N],
          [...to.slice(0, twin), N, ...to.slice(twin + 1), twin],
        ])
      return { twin, images: imagesOf(own) }
    })
}

/** How many scenarios there are that differ by more than names (Burnside). */
export function countTwins(rounds: number): number {
  const fixed = (image: readonly number[]): number => image.filter((to, from) => to === from).length
  return twinned(rounds).reduce(
    (sum, { images }) => sum + images.reduce((all, image) => all + fixed(image) ** rounds, 0) / images.length,
    0,
  )
}

/** Partings of the rounds of a scenario by its number, the first round first. */
const digitsOf = (code: number, rounds: number): readonly number[] =>
  Array.from({ length: rounds }, (_, round) => Math.floor(code / PARTINGS.length ** round) % PARTINGS.length)

/** The place of a scenario among all, from 1 on: twin by twin. It is the seed of its history. */
const seedOf = (twin: ReplicaId, digits: readonly number[]): number =>
  1 +
  twin * PARTINGS.length ** digits.length +
  digits.reduce((sum, digit, at) => sum + digit * PARTINGS.length ** at, 0)

export function twinsScenario(seed: number, rounds: number): TwinsScenario {
  const each = PARTINGS.length ** rounds
  const twin = Math.floor((seed - 1) / each)
  const digits = digitsOf((seed - 1) % each, rounds)
  return { twins: [twin], rounds: digits.map((digit) => PARTINGS[digit] as readonly Side[]) }
}

/** The smallest of those that are equal up to names. */
function canonical(digits: readonly number[], images: readonly (readonly number[])[]): readonly number[] {
  return images
    .map((image) => digits.map((digit) => image[digit] as number))
    .reduce((best, other) => (isLess(other, best) ? other : best), digits)
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((digit, index) => digit !== b[index])
  return at >= 0 && (a[at] as number) < (b[at] as number)
}

/** Seeds of all scenarios with so many rounds and one twinned replica, one of each class of equal ones. */
export function enumerateTwins(rounds: number): readonly number[] {
  const seeds: number[] = []
  for (const { twin, images } of twinned(rounds)) {
    for (let code = 0; code < PARTINGS.length ** rounds; code++) {
      const digits = digitsOf(code, rounds)
      if (!isLess(canonical(digits, images), digits)) seeds.push(seedOf(twin, digits))
    }
  }
  return seeds
}

/** Seeds of so many different scenarios. */
export function sampleTwins(rounds: number, amount: number, seed: number): readonly number[] {
  const random = new Random(seed)
  const kinds = twinned(rounds)
  const chosen = new Set<number>()
  const wanted = Math.min(amount, countTwins(rounds))
  while (chosen.size < wanted) {
    const { twin, images } = random.pick(kinds)
    const digits = Array.from({ length: rounds }, () => random.below(PARTINGS.length))
    chosen.add(seedOf(twin, canonical(digits, images)))
  }
  return [...chosen]
}

/** A scenario as a plan of faults. */
export function planOfTwins({ twins, rounds }: TwinsScenario): Plan {
  const faults = rounds.map((sides, round): Fault => {
    const addresses = sides.map((_, address) => address)
    const targets = addresses.filter((address) => sides[address] === 'b')
    const both = addresses.reduce((mask, address) => mask | (sides[address] === 'both' ? 1 << address : 0), 0)
    const at = round * TWINS_ROUND_MS
    return { kind: 'split', at, until: at + TWINS_ROUND_MS, targets, parameters: { both } }
  })
  return { n: N, twins, link: GOOD_LINK, rounds: [{ lastsMs: rounds.length * TWINS_ROUND_MS, restMs: 0, faults }] }
}

/** Runs scenarios, or some, in worker threads. The seed of one is its place, so that a sample replays. */
export async function runTwins({ rounds, sample, firstSeed, onDone }: TwinsOptions): Promise<TwinsResult> {
  const startMs = performance.now()
  const seeds = sample === undefined ? enumerateTwins(rounds) : sampleTwins(rounds, sample, firstSeed)
  const taskOf = (index: number) => {
    const seed = seeds[index] as number
    return { seed, hours: HOURS, plan: planOfTwins(twinsScenario(seed, rounds)), twice: false }
  }
  const done = await runTasks(seeds.length, taskOf, onDone)
  const failures = done
    .flatMap(failuresOf)
    .sort((a, b) => a.seed - b.seed)
    .map(({ seed, kind, detail }) => ({ scenario: twinsScenario(seed, rounds), seed, kind, detail }))
  return {
    enumerated: countTwins(rounds),
    scenarios: done.length,
    violations: failures.length,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    acknowledged: done.reduce((sum, { result }) => sum + result.acknowledged, 0),
    blocks: done.reduce((sum, { result }) => sum + result.height, 0),
    failures,
  }
}
