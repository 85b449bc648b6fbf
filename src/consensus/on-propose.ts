import type { Propose, Signed } from '../types/index.js'
import type { Effect } from './interface.js'
import { sendStop } from './on-regency.js'
import { leaderOf } from './quorum.js'
import { type CoreState, inReach, instanceAt, leader, type Proposal } from './state.js'
import { advance, deliverReady } from './voting.js'

/** Regencies ahead of which proposals are kept until the SYNC that opens them is here. */
const REGENCIES_AHEAD_MAX = 2

/**
 * PROPOSE (consensus.md, Normal case, step 3): at most one per (cid, regency), only from that regency's leader, with
 * a timestamp within the drift bound. What the replica votes for is decided in `advance`.
 */
export function onPropose(state: CoreState, signed: Signed<Propose>, out: Effect[]): void {
  const { cid, regency, value } = signed.message
  const { options } = state
  if (!inReach(state, cid) || regency < state.regency || regency > state.regency + REGENCIES_AHEAD_MAX) return
  if (signed.sender !== leaderOf(options.view, regency)) return
  const instance = instanceAt(state, cid)
  const earlier = instance.proposals.get(regency)
  if (earlier !== undefined) {
    if (earlier.digest !== value.digest) accuse(state, signed, earlier, out)
    return
  }
  // No evidence: the proposal may have been long on its way, this replica may have stood still, or its clock may be wrong.
  if (Math.abs(value.timestampMs - state.nowMs) > options.clockDriftMsMax) return
  state.lastNewsMs = state.nowMs
  instance.proposals.set(regency, { digest: value.digest, carried: signed.bytes })
  instance.values.set(value.digest, value)
  advance(state, instance, out)
  deliverReady(state, out)
}

/** A leader that proposes two values for one slot is shown up and given up. */
function accuse(state: CoreState, signed: Signed<Propose>, earlier: Proposal, out: Effect[]): void {
  const messages = earlier.carried === undefined ? [signed.bytes] : [earlier.carried, signed.bytes]
  out.push({ kind: 'misbehaviour', evidence: { replica: signed.sender, reason: 'equivocation', messages } })
  if (signed.sender === leader(state)) sendStop(state, state.regency + 1, out)
}
