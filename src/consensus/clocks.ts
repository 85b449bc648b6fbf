import { isDutyNeglected, unshownMs } from './duty.js'
import { headersDiffer } from './execution.js'
import { headsAreWaiting } from './propose.js'
import { silence } from './silence.js'
import { baseOf, type CoreState, eligibleDigest, leads, type WishCause, windowTop } from './state.js'

/**
 * The clocks that run against a leader (rule L4). They go by the patience clock, which stands still while this process does, so a pause of
 * its own is never the leader's fault.
 */

/** A step of the patience clock is this at most, ms: slow ticks slow it down, and never stop it. */
const PATIENCE_STEP_MS_MAX = 500

/** How often the timeouts are doubled at most. */
const SCALE_MAX = 64

export function passTime(state: CoreState, monotonicMs: number, wallMs: number): void {
  const passedMs = Math.max(0, monotonicMs - state.nowMs)
  state.nowMs += passedMs
  state.wallMs = wallMs
  state.patienceMs += Math.min(passedMs, PATIENCE_STEP_MS_MAX)
}

/**
 * R, as in Prime (Amir et al., TDSC 2011): the (f + 1)-th largest of the round trips that the members publish, so that no f of them can
 * raise it above what a correct replica measures.
 */
export function agreeOnRoundTrip(state: CoreState): void {
  const { options, peers, quorum, roundTripMs: own } = state
  const published = options.view.replicas.map(({ id }) =>
    id === options.self ? own : (peers.get(id)?.roundTripMs ?? 0),
  )
  state.agreedRoundTripMs = published.sort((a, b) => b - a)[quorum.f] ?? 0
}

/** R, ms. */
export const roundTripMs = ({ agreedRoundTripMs }: CoreState): number => agreedRoundTripMs

const scaled = (state: CoreState, ms: number): number =>
  Math.min(ms * state.timeoutScale, Math.max(ms, state.options.timings.timeoutMsMax))

/** T_turn: how long a leader may take to propose, ms. */
export const turnTimeoutMs = (state: CoreState): number =>
  scaled(state, Math.max(state.options.timings.turnMs, 4 * roundTripMs(state)))

/** T_finish: how long the lowest open height may take, ms. */
export const finishTimeoutMs = (state: CoreState): number =>
  scaled(state, Math.max(state.options.timings.finishMs, 8 * roundTripMs(state) + 4 * state.proposalMs))

/** After so long without news what was said is said again, ms (rule L6). */
export const resendAfterMs = (state: CoreState): number =>
  Math.max(state.options.timings.resendMs, 2 * roundTripMs(state))

/** A regency that brought no final height has failed. */
export function noteRegencyEnd(state: CoreState): void {
  if (!state.regencyServed) state.timeoutScale = Math.min(state.timeoutScale * 2, SCALE_MAX)
  state.regencyServed = false
}

/** A proposal came, from whomever, or a height became final. */
export function noteProposal(state: CoreState): void {
  state.turnSinceMs = undefined
}

/** Whether work waits that no proposal of this regency names, with room for another proposal. */
function isLeadersTurn(state: CoreState): boolean {
  if (state.phase !== 'normal' || nextUnproposed(state) > windowTop(state)) return false
  const isViewToEnd = state.lastHeight !== undefined
  const isViewToBegin = state.final === baseOf(state.options) && state.final > 0
  return isViewToEnd || isViewToBegin || headsAreWaiting(state)
}

function nextUnproposed(state: CoreState): number {
  const { binding, instances, final, regency } = state
  let cid = Math.max(binding.top, final) + 1
  while (instances.get(cid)?.proposals.has(regency) === true) cid += 1
  return cid
}

/** The lowest height that is not final, when it is proposed or bound. */
function lowestOpen(state: CoreState): number | undefined {
  const cid = state.final + 1
  const instance = state.instances.get(cid)
  if (state.phase !== 'normal' || instance === undefined) return undefined
  return eligibleDigest(state, instance) === undefined ? undefined : cid
}

/** Winds the clocks; called with every tick. */
export function windClocks(state: CoreState): void {
  if (!isLeadersTurn(state)) state.turnSinceMs = undefined
  else state.turnSinceMs ??= state.patienceMs
  const cid = lowestOpen(state)
  if (cid === undefined) state.finish = undefined
  else if (state.finish?.cid !== cid) state.finish = { cid, sinceMs: state.patienceMs }
}

/** Why this replica wants another leader now, or nothing. */
export function causeToStop(state: CoreState): Exclude<WishCause, 'join'> | undefined {
  const silent = silence(state)
  if (silent === 'barred') return 'barred'
  if (silent !== undefined) return undefined
  if (state.leaderAtFault !== undefined) return state.leaderAtFault
  const { patienceMs, phaseSinceMs } = state
  if (state.phase === 'syncing') return patienceMs - phaseSinceMs >= finishTimeoutMs(state) ? 'sync' : undefined
  const cause = clockThatRanOut(state)
  // Where execution gave different headers no leader makes the height final or serves anything above it (rule N8).
  return cause !== undefined && cause !== 'turn' && doHeadersDiffer(state) ? undefined : cause
}

function clockThatRanOut(state: CoreState): 'turn' | 'finish' | 'duty' | 'hand-over' | undefined {
  const { finish, patienceMs, turnSinceMs } = state
  if (isOver(finish?.sinceMs, patienceMs, finishTimeoutMs(state))) return 'finish'
  if (leads(state)) return undefined
  if (isOver(turnSinceMs, patienceMs, turnTimeoutMs(state))) return 'turn'
  if (isDutyNeglected(state)) return 'duty'
  // What the leader holds is told with its next status only.
  const toldMs = finishTimeoutMs(state) + state.options.timings.statusMs
  return unshownMs(state) >= toldMs ? 'hand-over' : undefined
}

const doHeadersDiffer = (state: CoreState): boolean =>
  state.instances.has(state.final + 1) && headersDiffer(state, state.final + 1)

const isOver = (sinceMs: number | undefined, nowMs: number, afterMs: number): boolean =>
  sinceMs !== undefined && nowMs - sinceMs >= afterMs
