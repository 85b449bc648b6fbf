import { Random } from '../base/random.js'
import type { ReplicaId } from '../types/index.js'
import { type BatchOptions, failuresOf, runTasks } from './batch.js'
import { type Address, GOOD_LINK } from './network.js'
import type { Fault, Plan } from './plan.js'

/** Replicas of a Twins network. */
const N = 4
/** A round lasts so long, ms: a regency without progress times out within it, and the next one begins. */
const TWINS_ROUND_MS = 4_000
/** More than a scenario takes, h. */
const HOURS = 1
/** Rounds that can be enumerated; each further one makes sixteen times as many scenarios. */
export const TWINS_ROUNDS_MAX = 4

/**
 * One scenario of Twins (Bano et al., OPODIS 2021): replicas that a second machine runs too, and for each round the group of
 * machines that is cut off from the others, as a bit mask over addresses. Machine 0 is never in it, so a partition has one mask.
 */
export interface TwinsScenario {
  readonly twins: readonly ReplicaId[]
  readonly groups: readonly number[]
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

type Permutation = readonly Address[]

/** All scenarios with so many rounds and one twinned replica, one of each class of equal ones. */
export function enumerateTwins(rounds: number): readonly TwinsScenario[] {
  const symmetries = permutations(rounds)
  const scenarios: TwinsScenario[] = []
  for (let twin = 0; twin < N; twin++) {
    // A replica that another can stand for is covered with it.
    if (symmetries.some((to) => (to[twin] as number) < twin)) continue
    const own = symmetries
      .filter((to) => to[twin] === twin)
      .flatMap((to) => [
        [...to, N],
        [...to.slice(0, twin), N, ...to.slice(twin + 1), twin],
      ])
    for (let code = 0; code < 16 ** rounds; code++) {
      const groups = Array.from({ length: rounds }, (_, round) => 2 * ((code >> (4 * round)) & 15))
      if (own.every((to) => !isLess(renamed(groups, to), groups))) scenarios.push({ twins: [twin], groups })
    }
  }
  return scenarios
}

/**
 * Ways to rename replicas that change nothing. The leaders of the regencies that the rounds bring, from 0 on, differ; the others are alike.
 */
function permutations(rounds: number): readonly Permutation[] {
  const identity = Array.from({ length: N }, (_, replica) => replica)
  const alike = identity.filter((replica) => replica > rounds)
  const arrange = (left: readonly number[]): readonly number[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((first) => arrange(left.filter((other) => other !== first)).map((rest) => [first, ...rest]))
  return arrange(alike).map((order) => [...identity.slice(0, N - alike.length), ...order])
}

function renamed(groups: readonly number[], to: Permutation): readonly number[] {
  return groups.map((mask) => {
    const image = to.reduce((sum, target, address) => sum | (((mask >> address) & 1) << target), 0)
    return image & 1 ? 2 ** to.length - 1 - image : image
  })
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((mask, index) => mask !== b[index])
  return at >= 0 && (a[at] as number) < (b[at] as number)
}

/** A scenario as a plan of faults. */
export function planOfTwins({ twins, groups }: TwinsScenario): Plan {
  const faults = groups.map((mask, round): Fault => {
    const targets = Array.from({ length: N + twins.length }, (_, address) => address).filter((a) => (mask >> a) & 1)
    const at = round * TWINS_ROUND_MS
    return { kind: 'split', at, until: at + TWINS_ROUND_MS, targets, parameters: {} }
  })
  const lastsMs = groups.length * TWINS_ROUND_MS
  return { n: N, twins, link: GOOD_LINK, rounds: [{ lastsMs, restMs: 0, faults }] }
}

/** Enumerates scenarios and runs them, or some, in worker threads. The seed of one is its place, so that a sample replays. */
export async function runTwins({ rounds, sample, firstSeed, onDone }: TwinsOptions): Promise<TwinsResult> {
  const startMs = performance.now()
  const all = enumerateTwins(rounds)
  const chosen = sample === undefined ? all.map((_, index) => index) : pick(all.length, sample, firstSeed)
  const scenarioOf = (seed: number): TwinsScenario => all[seed - 1] as TwinsScenario
  const taskOf = (index: number) => {
    const seed = 1 + (chosen[index] as number)
    return { seed, hours: HOURS, plan: planOfTwins(scenarioOf(seed)), twice: false }
  }
  const done = await runTasks(chosen.length, taskOf, onDone)
  const failures = done
    .flatMap(failuresOf)
    .sort((a, b) => a.seed - b.seed)
    .map(({ seed, kind, detail }) => ({ scenario: scenarioOf(seed), seed, kind, detail }))
  return {
    enumerated: all.length,
    scenarios: done.length,
    violations: failures.length,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    acknowledged: done.reduce((sum, { result }) => sum + result.acknowledged, 0),
    blocks: done.reduce((sum, { result }) => sum + result.height, 0),
    failures,
  }
}

/** So many different whole numbers below a bound. */
function pick(below: number, amount: number, seed: number): readonly number[] {
  const random = new Random(seed)
  const chosen = new Set<number>()
  while (chosen.size < Math.min(below, amount)) chosen.add(random.below(below))
  return [...chosen]
}
