import type { ReplicaId } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import type { Effect, PeerStatus } from './interface.js'
import { stopMessage } from './on-regency.js'
import { type CoreState, mayVote } from './state.js'

/** A peer says where it stands: who is behind is helped, who is ahead is asked, whatever view it is in. */
export function onStatus(state: CoreState, from: ReplicaId, status: PeerStatus, out: Effect[]): void {
  state.peers.set(from, status)
  const sameView = state.members.has(from) && status.view === state.options.view.id
  if (sameView && status.regency < state.regency && mayVote(state)) {
    if (state.signedSync !== undefined) out.push({ kind: 'relay', to: [from], message: state.signedSync })
    else out.push({ kind: 'send', to: [from], message: stopMessage(state) })
  }
  fetchBlocks(state, out)
}

/** Highest finalized height that any peer claims: claims are tried, and only proofs are believed. */
function claimed(state: CoreState): number {
  let height = 0
  for (const status of state.peers.values()) height = Math.max(height, status.finalized)
  return height
}

/**
 * Pulls blocks when votes cannot bring this replica forward any more: it is behind by more than the window, or a peer
 * has finalized more and nothing moved here for a while.
 */
export function fetchBlocks(state: CoreState, out: Effect[]): void {
  const { nowMs, options, blockFetch } = state
  const target = claimed(state)
  if (target <= state.finalized) return
  const { resendMs } = options.timings
  const following = blockFetch !== undefined && state.finalized >= blockFetch.to
  const waiting = blockFetch !== undefined && !following && nowMs - blockFetch.sentMs < 4 * resendMs
  if (waiting) return
  const farBehind = target > state.executed + options.window
  const stuck = nowMs - state.lastAdvanceMs >= resendMs
  if (!farBehind && !stuck) {
    if (following) state.blockFetch = undefined
    return
  }
  const from = state.finalized + 1
  const to = Math.min(target, from + LIMITS.fetchBlocksMax - 1)
  state.blockFetch = { to, sentMs: nowMs }
  const ahead = [...state.peers].filter(([, { finalized, oldest = 1 }]) => finalized >= from && oldest <= from)
  const next = ahead[state.fetches % ahead.length]
  state.fetches += 1
  if (next === undefined) return
  out.push({ kind: 'fetch', what: { batches: [], values: [], blocks: { from, to } }, from: [next[0]] })
}
