import type { Fault, Round } from './fault.js'
import type { Plan } from './plan.js'

/** Whether a history with this plan still fails in the same way. */
export type StillFails = (plan: Plan) => Promise<boolean>

/** Histories that shrinking one plan may cost. */
export const SHRINK_RUNS_MAX = 80

/** A fault is not made shorter than this, ms. */
const SHORTEST_MS = 100

/**
 * Delta debugging (Zeller and Hildebrandt 2002): leaves out ever smaller pieces of a list for as long as the rest still fails.
 * @returns a list of which no single piece tried could be left out
 */
export async function ddmin<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = items
  let pieces = 2
  while (left.length > 0) {
    const size = Math.ceil(left.length / pieces)
    const smaller = await withoutOnePiece(left, size, fails)
    if (smaller !== undefined) {
      left = smaller
      pieces = Math.max(2, pieces - 1)
    } else if (size === 1) return left
    else pieces = Math.min(left.length, pieces * 2)
  }
  return left
}

async function withoutOnePiece<T>(
  items: readonly T[],
  size: number,
  fails: (items: readonly T[]) => Promise<boolean>,
): Promise<readonly T[] | undefined> {
  for (let start = 0; start < items.length; start += size) {
    const rest = [...items.slice(0, start), ...items.slice(start + size)]
    if (await fails(rest)) return rest
  }
  return undefined
}

/** Makes a failing plan smaller: fewer rounds, fewer faults, shorter ones. */
export async function shrinkPlan(plan: Plan, stillFails: StillFails): Promise<Plan> {
  let runs = 0
  const fails = async (smaller: Plan): Promise<boolean> => {
    runs += 1
    return runs <= SHRINK_RUNS_MAX && (await stillFails(smaller))
  }
  let best = plan
  best = { ...best, rounds: await ddmin(best.rounds, (rounds) => fails({ ...best, rounds })) }
  const faults = best.rounds.flatMap(({ faults }) => faults)
  const kept = await ddmin(faults, (some) => fails(withFaults(best, some)))
  best = withFaults(best, kept)
  for (const change of [shortRests, shortFaults]) {
    const shorter = change(best)
    if (await fails(shorter)) best = shorter
  }
  return best
}

function withFaults(plan: Plan, faults: readonly Fault[]): Plan {
  const keep = new Set(faults)
  return mapRounds(plan, (round) => ({ ...round, faults: round.faults.filter((fault) => keep.has(fault)) }))
}

const mapRounds = (plan: Plan, change: (round: Round) => Round): Plan => ({ ...plan, rounds: plan.rounds.map(change) })

const shortRests = (plan: Plan): Plan =>
  mapRounds(plan, (round) => ({ ...round, restMs: Math.min(round.restMs, 1_000) }))

const shortFaults = (plan: Plan): Plan =>
  mapRounds(plan, (round) => ({
    ...round,
    faults: round.faults.map((fault) => ({
      ...fault,
      until: fault.at + Math.max(SHORTEST_MS, Math.round((fault.until - fault.at) / 4)),
    })),
  }))
