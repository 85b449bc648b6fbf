import type { Digest, Message } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import { fetchBlocks } from './catch-up.js'
import { finishTimeoutMs, resendAfterMs, roundTripMs, windClocks } from './clocks.js'
import { noteUnshown } from './duty.js'
import { acceptMessage } from './execution.js'
import { dropDead, handOver } from './hand-over.js'
import type { Effect, Timer } from './interface.js'
import { propose } from './propose.js'
import { reviewWish } from './regency.js'
import { askedRegency, concludeReports, mayPromise, mayVote, silence, silentUntil } from './silence.js'
import {
  type CoreState,
  eligibleDigest,
  type Instance,
  leader,
  leads,
  openInstances,
  others,
  peersInTurn,
} from './state.js'
import { sendStopData, trySync, wantedLocks } from './stop-data.js'
import { scheduleFetch } from './write.js'

/** Pauses between two times that the same is said double so often at most. */
const DOUBLINGS_MAX = 4
/** STOPDATA is sent again so often, in resend periods. */
const STOP_DATA_PERIODS = 4

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
  out.push({ kind: 'set-timer', timer: 'tick', afterMs: timings.tickMs })
  windClocks(state)
  noteUnshown(state)
  concludeReports(state, out)
  reviewWish(state, out)
  if (state.phase === 'syncing') resendStopData(state, out)
  else for (const instance of openInstances(state)) resend(state, instance, out)
  handOver(state, out)
  if (state.nowMs - state.lastStatusMs >= timings.statusMs) {
    dropDead(state, out)
    sendStatus(state, out)
  }
  fetchBlocks(state, out)
  propose(state, out)
}

/** Nothing relies on a transport that never loses: what an instance still waits for is said again (rule L6). */
function resend(state: CoreState, instance: Instance, out: Effect[]): void {
  if (instance.cid <= state.final) return
  const pauseMs = resendAfterMs(state) * 2 ** Math.min(instance.resends, DOUBLINGS_MAX)
  if (state.nowMs - Math.max(instance.newsMs, instance.resentMs) < pauseMs) return
  instance.resentMs = state.nowMs
  instance.resends += 1
  if (eligibleDigest(state, instance) !== undefined) scheduleFetch(state, out)
  if (!mayVote(state)) return
  for (const message of ownMessages(state, instance)) out.push({ kind: 'send', to: 'view', message })
  if (instance.cid === state.final + 1 && instance.resends > 1) relayOthers(state, instance, out)
}

function ownMessages(state: CoreState, instance: Instance): readonly Message[] {
  const { cid, written, accepted } = instance
  const { regency } = state
  const messages: Message[] = []
  const proposal = instance.proposals.get(regency)
  const value = proposal === undefined ? undefined : instance.values.get(proposal.digest)
  if (leads(state) && value !== undefined) messages.push({ kind: 'propose', cid, regency, value })
  if (written?.regency === regency) messages.push({ kind: 'write', cid, regency, digest: written.digest })
  const accept = accepted?.regency === regency ? acceptMessage(instance) : undefined
  if (accept !== undefined) messages.push(accept)
  return messages
}

/** The lowest open height is stuck: with others' votes handed on, any connected graph of a quorum makes progress. */
function relayOthers(state: CoreState, { lock, accepts }: Instance, out: Effect[]): void {
  const to = others(state)
  if (lock?.regency === state.regency) out.push({ kind: 'send-certificate', to, certificate: lock })
  for (const message of accepts.of(state.regency)) {
    if (message.sender !== state.options.self) out.push({ kind: 'relay', to, message })
  }
}

function resendStopData(state: CoreState, out: Effect[]): void {
  trySync(state, out)
  const pauseMs = Math.max(STOP_DATA_PERIODS * resendAfterMs(state), finishTimeoutMs(state) / STOP_DATA_PERIODS)
  if (state.nowMs - state.lastStopDataMs < pauseMs || !mayPromise(state, state.regency)) return
  sendStopData(state, out)
}

export function sendStatus(state: CoreState, out: Effect[]): void {
  state.lastStatusMs = state.nowMs
  const silent = silence(state)
  out.push({
    kind: 'send-status',
    status: {
      view: state.options.view.id,
      regency: state.regency,
      asked: askedRegency(state),
      executed: highestExecuted(state),
      finalized: state.executedFinal,
      ...(silent === undefined ? {} : { silent }),
      silentUntil: silent === undefined ? 0 : silentUntil(state),
      awaitsSync: state.phase === 'syncing',
      lanes: state.pool.heldVector(state.heads),
      roundTripMs: Math.round(state.roundTripMs),
    },
  })
}

export function highestExecuted(state: CoreState): number {
  let height = state.executedFinal
  while (state.instances.get(height + 1)?.executed !== undefined) height += 1
  return height
}

/** Values and batches that open instances need and that are not at hand. */
function missing(state: CoreState): { readonly batches: readonly Digest[]; readonly values: readonly Digest[] } {
  const batches = new Set<Digest>()
  const values = new Set<Digest>()
  const need = (instance: Instance | undefined, digest: Digest | undefined): void => {
    if (digest === undefined) return
    const value = instance?.values.get(digest)
    if (value === undefined) values.add(digest)
    for (const batch of value?.batches ?? []) if (!state.pool.has(batch)) batches.add(batch)
  }
  for (const instance of state.instances.values()) {
    if (instance.cid <= state.executedFinal) continue
    need(instance, eligibleDigest(state, instance))
    need(instance, instance.certificate?.digest)
    if (instance.lock?.regency === state.regency) need(instance, instance.lock.digest)
  }
  for (const lock of wantedLocks(state)) need(state.instances.get(lock.cid), lock.digest)
  const { fetchItemsMax } = LIMITS
  return { batches: [...batches].slice(0, fetchItemsMax), values: [...values].slice(0, fetchItemsMax) }
}

/** Pulls go to one peer at a time, the leader among them more often, since it named what is missing. */
function fetchMissing(state: CoreState, out: Effect[]): void {
  const { batches, values } = missing(state)
  if (batches.length + values.length === 0) return
  state.fetchTimerSet = true
  const againMs = Math.max(state.options.timings.fetchAfterMs, 2 * roundTripMs(state))
  out.push({ kind: 'set-timer', timer: 'fetch', afterMs: againMs })
  const peers = peersInTurn(state)
  const from = state.fetches % 2 === 1 && !leads(state) ? leader(state) : peers[0]
  const second = values.length > 0 ? peers.find((id) => id !== from) : undefined
  out.push({ kind: 'fetch', what: { batches, values }, from: [from, second].filter((id) => id !== undefined) })
}
