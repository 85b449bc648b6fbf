import { LIMITS } from '../types/index.js'
import { agreeOnRoundTrip, resendAfterMs } from './clocks.js'
import { beginDuties } from './duty.js'
import type { Effect, Input } from './interface.js'
import { noteSilentPeer } from './propose.js'
import { onReport } from './silence.js'
import { type CoreState, leader } from './state.js'

/** Blocks that were asked for are waited for so long at least, in resend periods without and with the round trip in them. */
const FETCH_PERIODS = 8
const FETCH_TRIPS = 3
/** Without a new final block for so many resend periods, blocks are asked for that peers have. */
const STUCK_PERIODS = 4

/** A peer says where it stands: who is behind is helped, who is ahead is asked, whatever view it is in. */
export function onStatus(state: CoreState, input: Extract<Input, { kind: 'status' }>, out: Effect[]): void {
  const { from, status } = input
  state.peers.set(from, status)
  agreeOnRoundTrip(state)
  if (state.members.has(from) && status.view === state.options.view.id) {
    helpAlong(state, input, out)
    if (from === leader(state)) beginDuties(state)
    if (status.silent === 'barred' || status.silent === 'lost') noteSilentPeer(state, from, status.silentUntil)
    onReport(state, input, out)
  }
  fetchBlocks(state, out)
}

/** Who is in a lower regency gets the STOPs that installed this one, and who lacks its SYNC gets that. */
function helpAlong(state: CoreState, { from, status }: Extract<Input, { kind: 'status' }>, out: Effect[]): void {
  const { installedBy, regency, signedSync } = state
  if (status.regency < regency && installedBy.length > 0) {
    out.push({ kind: 'send-installation', to: [from], stops: installedBy })
  }
  const lacksSync = status.regency < regency || (status.regency === regency && status.awaitsSync)
  if (lacksSync && signedSync !== undefined) out.push({ kind: 'relay', to: [from], message: signedSync })
}

/** Highest final height that a certificate proves, or a peer claims: claims are tried, and only proofs are believed. */
function claimed(state: CoreState): number {
  let height = state.final
  for (const status of state.peers.values()) height = Math.max(height, status.finalized)
  return height
}

/**
 * Pulls blocks when votes cannot bring this replica forward any more: it is behind by more than the window, its execution contradicts a
 * certificate, or a peer has more final blocks and nothing moved here for a while.
 */
export function fetchBlocks(state: CoreState, out: Effect[]): void {
  const { nowMs, options, blockFetch, executedFinal } = state
  const target = claimed(state)
  if (target <= executedFinal) return
  const periodMs = resendAfterMs(state)
  const following = blockFetch !== undefined && executedFinal >= blockFetch.to
  const patienceMs = Math.max(FETCH_PERIODS * options.timings.resendMs, FETCH_TRIPS * periodMs)
  const waiting = blockFetch !== undefined && !following && nowMs - blockFetch.sentMs < patienceMs
  if (waiting) return
  const farBehind = target > executedFinal + options.window
  const stuck = nowMs - state.lastAdvanceMs >= STUCK_PERIODS * periodMs
  if (!farBehind && !stuck && !state.contradicted) return
  const from = executedFinal + 1
  const to = Math.min(target, from + LIMITS.fetchBlocksMax - 1)
  const ahead = [...state.peers].filter(([, { finalized, oldest = 1 }]) => finalized >= from && oldest <= from)
  // Another one each time: who was asked last may not answer at all.
  const last = ahead.findIndex(([id]) => id === blockFetch?.peer)
  const peer = ahead[(last + 1) % Math.max(1, ahead.length)]?.[0]
  if (peer === undefined) return
  state.blockFetch = { to, sentMs: nowMs, peer }
  out.push({ kind: 'fetch', what: { batches: [], values: [], blocks: { from, to } }, from: [peer] })
}
