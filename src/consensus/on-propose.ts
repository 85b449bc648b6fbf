import type { Propose, Signed } from '../types/index.js'
import type { Effect } from './interface.js'
import { leaderOf } from './quorum.js'
import { type CoreState, inReach, instanceAt } from './state.js'
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
    if (earlier !== value.digest) {
      // The earlier proposal's bytes are not kept: its digest and this signature tell operators where to look.
      const evidence = { replica: signed.sender, reason: 'equivocation' as const, messages: [signed.bytes] }
      out.push({ kind: 'misbehaviour', evidence })
    }
    return
  }
  if (Math.abs(value.timestampMs - state.nowMs) > options.clockDriftMsMax) {
    const evidence = { replica: signed.sender, reason: 'bad-proposal' as const, messages: [signed.bytes] }
    out.push({ kind: 'misbehaviour', evidence })
    return
  }
  state.lastNewsMs = state.nowMs
  instance.proposals.set(regency, value.digest)
  instance.values.set(value.digest, value)
  advance(state, instance, out)
  deliverReady(state, out)
}
