import type { HeldLane } from '../types/index.js'
import type { ExecutedHeight } from './interface.js'
import { headOf } from './lanes.js'
import { isBehind } from './pool.js'
import { type CoreState, leader, leads } from './state.js'

/**
 * What the leader owes each lane (rule L3). The duty begins when the leader's own held vector shows the batch that continues the head, and
 * ends when execution takes a batch of the lane.
 */

/** Lanes of which the leader says that it holds the next batch. */
function shown(state: CoreState): readonly HeldLane[] {
  const lanes = state.peers.get(leader(state))?.lanes ?? []
  return lanes.filter((held) => !isBehind(headOf(state, held.lane), held))
}

/** Called when the leader says what it holds. */
export function beginDuties(state: CoreState): void {
  if (leads(state) || state.phase !== 'normal') return
  for (const { lane } of shown(state)) {
    if (!state.duties.has(lane)) state.duties.set(lane, { sinceMs: state.patienceMs, proposals: 0 })
  }
}

/** A block of the regency in force became final: lanes of which it took nothing have waited for one more free proposal. */
export function countServed(state: CoreState, { height, heads }: ExecutedHeight): void {
  for (const { lane } of heads) {
    state.duties.delete(lane)
    state.unshown.delete(lane)
  }
  if (state.phase !== 'normal' || height <= state.binding.top) return
  for (const duty of state.duties.values()) duty.proposals += 1
}

/** Whether a lane waited for K free proposals, or for a third of the dedup window, in vain. */
export function isDutyNeglected({ duties, options, patienceMs, quorum }: CoreState): boolean {
  const proposalsMax = quorum.n + options.window
  const waitsMax = options.dedupWindowMs / 3
  return [...duties.values()].some(
    ({ proposals, sinceMs }) => proposals > proposalsMax || patienceMs - sinceMs >= waitsMax,
  )
}

/** Notes since when the leader does not show a batch that is held here, though it is handed over again and again. */
export function noteUnshown(state: CoreState): void {
  if (leads(state) || state.phase !== 'normal') return
  const shows = new Set(shown(state).map(({ lane }) => lane))
  for (const lane of state.pool.lanes()) {
    const isNext = state.pool.next(lane, headOf(state, lane)) !== undefined
    if (!isNext || shows.has(lane)) state.unshown.delete(lane)
    else if (!state.unshown.has(lane)) state.unshown.set(lane, state.patienceMs)
  }
  for (const lane of state.unshown.keys())
    if (state.pool.next(lane, headOf(state, lane)) === undefined) state.unshown.delete(lane)
}

/** For how long the leader has not shown a batch that is held here, at most, ms. */
export const unshownMs = ({ unshown, patienceMs }: CoreState): number =>
  Math.max(0, ...[...unshown.values()].map((sinceMs) => patienceMs - sinceMs))
