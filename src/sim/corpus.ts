import { Random } from '../base/random.js'
import { type Fault, LASTING, type Round } from './fault.js'
import type { Plan } from './plan.js'

/** Plans kept: those that reached a new state last. */
const PLANS_MAX = 64
const SEED_SALT = 0xc0de

/**
 * Plans that reached a state of the core that none before had reached. Others are made from them, since what is rare is more often beside something
 * rare than anywhere else.
 */
export class Corpus {
  readonly #plans: Plan[] = []
  readonly #states = new Map<string, number>()

  /** States that were reached so far, and how often. */
  get states(): ReadonlyMap<string, number> {
    return this.#states
  }

  /** Takes what a history has reached; tells how many states were new. */
  learn(plan: Plan, states: readonly string[]): number {
    let fresh = 0
    for (const state of states) {
      const times = this.#states.get(state) ?? 0
      if (times === 0) fresh += 1
      this.#states.set(state, times + 1)
    }
    if (fresh > 0) this.#plans.push(plan)
    if (this.#plans.length > PLANS_MAX) this.#plans.shift()
    return fresh
  }

  /** A plan beside one that reached something new; `undefined` when none did. */
  propose(seed: number): Plan | undefined {
    if (this.#plans.length === 0) return undefined
    const random = new Random(seed ^ SEED_SALT)
    const plan = random.pick(this.#plans)
    const other = random.pick(this.#plans)
    return mutatePlan(plan, other, random)
  }
}

/** Changes a plan a little. What a heal does not mend stays where it is, so that the plan has no more faulty replicas than before. */
export function mutatePlan(plan: Plan, other: Plan, random: Random): Plan {
  const changes = [moveFaults, retarget, repeatRound, swapRounds, (one: Plan) => spliceRound(one, other, random)]
  let changed = plan
  for (let left = 1 + random.below(3); left > 0; left--) changed = random.pick(changes)(changed, random)
  return changed
}

const isMended = ({ kind }: Fault): boolean => !LASTING.includes(kind)

const mapFaults = (plan: Plan, change: (fault: Fault, round: Round) => Fault): Plan => ({
  ...plan,
  rounds: plan.rounds.map((round) => ({ ...round, faults: round.faults.map((fault) => change(fault, round)) })),
})

/** Some faults begin at another time, and last as long. */
function moveFaults(plan: Plan, random: Random): Plan {
  return mapFaults(plan, (fault, { lastsMs }) => {
    if (!random.chance(0.3)) return fault
    const longMs = fault.until - fault.at
    const at = random.below(Math.max(1, lastsMs - longMs))
    return { ...fault, at, until: at + longMs }
  })
}

/** The faults of one kind strike other replicas: all are renamed alike. */
function retarget(plan: Plan, random: Random): Plan {
  const by = 1 + random.below(Math.max(1, plan.n - 1))
  return mapFaults(plan, (fault) => {
    if (!isMended(fault) || !random.chance(0.5)) return fault
    return { ...fault, targets: fault.targets.map((target) => (target < plan.n ? (target + by) % plan.n : target)) }
  })
}

/** A round comes twice, with hardly any rest between. */
function repeatRound(plan: Plan, random: Random): Plan {
  const at = random.below(plan.rounds.length)
  const round = plan.rounds[at]
  if (round === undefined) return plan
  const again = { ...round, faults: round.faults.filter(isMended) }
  const rounds = [...plan.rounds.slice(0, at), { ...round, restMs: 1_000 }, again, ...plan.rounds.slice(at + 1)]
  return { ...plan, rounds }
}

function swapRounds(plan: Plan, random: Random): Plan {
  const rounds = [...plan.rounds]
  const [a, b] = [random.below(rounds.length), random.below(rounds.length)]
  const [first, second] = [rounds[a], rounds[b]]
  if (first === undefined || second === undefined) return plan
  rounds[a] = second
  rounds[b] = first
  return { ...plan, rounds }
}

/** A round of another plan comes first, as far as a heal mends it. */
function spliceRound(plan: Plan, other: Plan, random: Random): Plan {
  const round = other.rounds[random.below(other.rounds.length)]
  if (round === undefined || other.n !== plan.n || hasAdversary(plan) !== hasAdversary(other)) return plan
  return { ...plan, rounds: [{ ...round, faults: round.faults.filter(isMended) }, ...plan.rounds] }
}

const hasAdversary = ({ adversaries = [] }: Plan): boolean => adversaries.length > 0
