import type { Message } from '../types/index.js'
import { fetchBlocks } from './catch-up.js'
import type { Effect, Timer } from './interface.js'
import { persistVote } from './on-executed.js'
import { sendStop, stopMessage } from './on-regency.js'
import type { PooledBatch } from './pool.js'
import { type CoreState, type Instance, leader, leads, mayVote, openInstances, peersInTurn } from './state.js'
import { deliverReady, isNamed, missing, propose, scheduleFetch } from './voting.js'

/** A tick that comes so many periods late means that this process stood still, not that the leader did. */
const STALL_TICKS = 5

/** Batches of one lane that may be ordered past an older one before the leader is held to be censoring. */
const OVERTAKEN_MAX_PER_LANE = 32

export function onTimeout(state: CoreState, timer: Timer, out: Effect[]): void {
  switch (timer) {
    case 'tick':
      onTick(state, out)
      return
    case 'propose':
      onProposeTimeout(state, out)
      return
    case 'fetch':
      state.fetchTimerSet = false
      fetchMissing(state, out)
      return
  }
}

function onProposeTimeout(state: CoreState, out: Effect[]): void {
  const { proposeAtMs, nowMs } = state
  // A proposal that was made meanwhile has taken the wait back.
  if (proposeAtMs === undefined) return
  if (nowMs < proposeAtMs) {
    // Timers and clocks round differently: it may come a little early.
    out.push({ kind: 'set-timer', timer: 'propose', afterMs: proposeAtMs - nowMs })
    return
  }
  state.proposeAtMs = undefined
  propose(state, out, true)
}

function onTick(state: CoreState, out: Effect[]): void {
  const { timings } = state.options
  forgiveStall(state)
  out.push({ kind: 'set-timer', timer: 'tick', afterMs: timings.tickMs })
  dropExpired(state, out)
  forwardOld(state, out)
  checkLeader(state, out)
  if (isQuiet(state)) resend(state, out)
  if (state.nowMs - state.lastStatusMs >= timings.statusMs) sendStatus(state, out)
  fetchBlocks(state, out)
  deliverReady(state, out)
  propose(state, out)
}

/** In a regency change news of others is no reason to keep silent: they may go on without this replica. */
function isQuiet(state: CoreState): boolean {
  const newsMs = state.phase === 'normal' ? state.lastNewsMs : 0
  return state.nowMs - Math.max(newsMs, state.lastResendMs) >= state.options.timings.resendMs
}

/** After a pause of this process the leader gets its time again: the pause was ours. */
function forgiveStall(state: CoreState): void {
  const { nowMs, lastTickMs, options } = state
  state.lastTickMs = nowMs
  if (lastTickMs === undefined || nowMs - lastTickMs < STALL_TICKS * options.timings.tickMs) return
  state.lastProgressMs = nowMs
  state.phaseSinceMs = nowMs
  state.lastNewsMs = nowMs
}

function dropExpired(state: CoreState, out: Effect[]): void {
  // The clocks of others may be behind by the drift bound, and their block time with them.
  const digests = state.pool
    .expired(state.nowMs - 2 * state.options.clockDriftMsMax)
    .filter((batch) => !isNamed(state, batch.digest))
    .map((batch) => batch.digest)
  if (digests.length === 0) return
  for (const digest of digests) state.pool.remove(digest)
  out.push({ kind: 'drop-batches', digests })
}

/**
 * T1: hands a batch that waits too long to the leader, again and again with growing pauses. Its author sends it to all,
 * since its first copies may have been lost.
 */
function forwardOld(state: CoreState, out: Effect[]): void {
  if (state.phase !== 'normal') return
  const { self, view, timings } = state.options
  for (const batch of state.pool.pending()) {
    const pause = Math.min(timings.forwardMs * 2 ** batch.forwards, timings.timeoutMsMax)
    if (state.nowMs - batch.forwardedMs < pause || batch.proposedIn === state.regency) continue
    batch.forwards += 1
    batch.forwardedMs = state.nowMs
    const to = batch.lane === self ? view.replicas.map(({ id }) => id) : [leader(state)]
    const others = to.filter((id) => id !== self)
    if (others.length > 0) out.push({ kind: 'send-batch', to: others, digest: batch.digest })
  }
}

/** T2, adapted to the latency that was measured, doubled for each regency that failed, and capped. */
export function stopTimeoutMs(state: CoreState): number {
  const { stopMs, timeoutMsMax } = state.options.timings
  return Math.min(Math.max(stopMs, 4 * state.latencyMs) * state.timeoutScale, timeoutMsMax)
}

function checkLeader(state: CoreState, out: Effect[]): void {
  if (!mayVote(state)) return
  const timeout = stopTimeoutMs(state)
  if (state.phase === 'syncing') {
    if (state.nowMs - state.phaseSinceMs >= timeout) giveUp(state, out)
    return
  }
  if (state.phase !== 'normal') return
  // What is decided but not final is work too: a replica that is needed for it may have given the leader up.
  // So is a view that is to end.
  const decided = Math.max(state.delivered, state.lastHeight ?? 0)
  const work = state.pool.unordered > 0 || hasUndecided(state) || state.finalized < decided
  if (!work) {
    state.lastProgressMs = state.nowMs
    return
  }
  const dead = state.nowMs - state.lastProgressMs >= timeout
  if (dead || state.pool.pending().some((batch) => isCensored(state, batch, timeout))) giveUp(state, out)
}

function hasUndecided(state: CoreState): boolean {
  for (const instance of state.instances.values()) {
    if (instance.outcome === undefined && instance.written !== undefined) return true
  }
  return false
}

function isCensored(state: CoreState, batch: PooledBatch, timeout: number): boolean {
  if (state.nowMs - batch.receivedMs < timeout || state.nowMs - state.phaseSinceMs < timeout) return false
  return state.pool.overtakenBy(batch) > OVERTAKEN_MAX_PER_LANE * state.quorum.n
}

function giveUp(state: CoreState, out: Effect[]): void {
  state.timeoutScale = Math.min(state.timeoutScale * 2, 64)
  sendStop(state, state.regency + 1, out)
}

/** Nothing relies on a transport that never loses: without news, all that this replica said and that may be needed is said again. */
function resend(state: CoreState, out: Effect[]): void {
  state.lastResendMs = state.nowMs
  if (mayVote(state)) resendOwn(state, out)
  const { batches, values } = missing(state)
  if (batches.length + values.length > 0) scheduleFetch(state, out)
}

function resendOwn(state: CoreState, out: Effect[]): void {
  if (state.phase === 'stopping') out.push({ kind: 'send', to: 'view', message: stopMessage(state) })
  if (state.phase === 'syncing') {
    if (state.ownStopData !== undefined) out.push({ kind: 'send', to: [leader(state)], message: state.ownStopData })
    if (state.sync !== undefined) out.push({ kind: 'send', to: 'view', message: state.sync })
  }
  for (const instance of openInstances(state)) {
    for (const message of ownMessages(state, instance)) out.push({ kind: 'send', to: 'view', message })
  }
}

function ownMessages(state: CoreState, instance: Instance): readonly Message[] {
  const { cid, written, accepted, header } = instance
  const { regency } = state
  const messages: Message[] = []
  if (state.phase === 'normal') {
    const proposal = instance.proposals.get(regency)
    const value = proposal === undefined ? undefined : instance.values.get(proposal.digest)
    if (leads(state) && value !== undefined) messages.push({ kind: 'propose', cid, regency, value })
    if (written?.regency === regency) messages.push({ kind: 'write', cid, ...written })
    if (accepted?.regency === regency) messages.push({ kind: 'accept', cid, ...accepted })
  }
  if (header !== undefined) messages.push(persistVote(cid, header))
  return messages
}

function sendStatus(state: CoreState, out: Effect[]): void {
  state.lastStatusMs = state.nowMs
  const { regency, delivered, executed, finalized } = state
  const status = { view: state.options.view.id, regency, decided: delivered, executed, finalized }
  out.push({ kind: 'send-status', status })
}

function fetchMissing(state: CoreState, out: Effect[]): void {
  const { batches, values } = missing(state)
  if (batches.length + values.length === 0) return
  scheduleFetch(state, out)
  out.push({ kind: 'fetch', what: { batches, values }, from: peersInTurn(state).slice(0, 2) })
}
