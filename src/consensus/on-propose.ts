import type { Propose, Signed } from '../types/index.js'
import { noteProposal, roundTripMs } from './clocks.js'
import { accuse } from './evidence.js'
import type { Effect } from './interface.js'
import { leaderOf } from './quorum.js'
import { type CoreState, inReach, instanceAt } from './state.js'

/** Regencies ahead of which proposals are kept until the SYNC that opens them is here. */
const REGENCIES_AHEAD_MAX = 2
/** The drift bound is never widened beyond this, ms. */
const DRIFT_MS_MAX = 60_000

/**
 * PROPOSE: at most one per (cid, regency), only from that regency's leader. Whether this replica votes for it is decided in `tryWrite`.
 * @returns whether the instance may go on
 */
export function onPropose(state: CoreState, signed: Signed<Propose>, out: Effect[]): boolean {
  const { cid, regency, value } = signed.message
  const { options } = state
  if (!inReach(state, cid) || regency < state.regency || regency > state.regency + REGENCIES_AHEAD_MAX) return false
  if (signed.sender !== leaderOf(options.view, regency)) return false
  const instance = instanceAt(state, cid)
  const timely = isTimely(state, value.timestampMs)
  const earlier = instance.proposals.get(regency)
  if (earlier !== undefined) {
    earlier.timely ||= timely
    if (earlier.digest !== value.digest && earlier.carried !== undefined) {
      accuse(state, signed.sender, regency, [earlier.carried, signed.bytes], out)
    }
    return timely
  }
  instance.newsMs = state.nowMs
  instance.proposals.set(regency, { digest: value.digest, carried: signed.bytes, timely })
  instance.values.set(value.digest, value)
  for (const digest of value.batches) {
    const batch = state.pool.get(digest)
    if (batch !== undefined) batch.proposedIn = Math.max(batch.proposedIn, regency)
  }
  if (regency === state.regency) noteProposal(state)
  return true
}

/** Judged when it comes; a clock that was wrong may judge otherwise when the proposal is sent again (rule L7). */
function isTimely(state: CoreState, timestampMs: number): boolean {
  const boundMs = (state.options.clockDriftMsMax + roundTripMs(state)) * state.timeoutScale
  return Math.abs(timestampMs - state.wallMs) <= Math.min(boundMs, DRIFT_MS_MAX)
}
