import type { Digest, PreparedCertificate, Regency, Signed, Stop, StopData, Sync } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import type { Effect } from './interface.js'
import { leaderOf } from './quorum.js'
import { chooseForRegency, type RegencyChoice, stopDataProblem } from './regency-choice.js'
import { baseOf, type CoreState, instanceAt, leader, leads, mayVote, openInstances, persist } from './state.js'
import { advance, deliverReady, isHeld, prepareEarly, propose } from './voting.js'

/** Step 1: gives the leader up. After this the replica votes in no regency below. */
export function sendStop(state: CoreState, regency: Regency, out: Effect[]): void {
  if (regency <= state.regency || regency <= state.stopSent || !mayVote(state)) return
  state.stopSent = regency
  state.phase = 'stopping'
  state.phaseSinceMs = state.nowMs
  state.lastResendMs = state.nowMs
  persist(out, { kind: 'stop', regency })
  out.push({ kind: 'send', to: 'view', message: stopMessage(state) })
}

/** This replica's STOP for the highest regency that it is in or wants. */
export function stopMessage(state: CoreState): Stop {
  const pending: Digest[] = state.pool
    .pending()
    .slice(0, LIMITS.stopPendingMax)
    .map((batch) => batch.digest)
  return { kind: 'stop', regency: Math.max(state.stopSent, state.regency), pending }
}

/** STOP: joined at f + 1, installed at a quorum (steps 1 and 2). A STOP for a higher regency also speaks for those below. */
export function onStop(state: CoreState, signed: Signed<Stop>, out: Effect[]): void {
  pullPending(state, signed, out)
  const known = state.stops.get(signed.sender)
  if (known !== undefined && known.message.regency >= signed.message.regency) return
  state.stops.set(signed.sender, signed)
  if (signed.message.regency > state.regency) state.lastNewsMs = state.nowMs
  const wanted = [...state.stops.values()].map((stop) => stop.message.regency).sort((a, b) => b - a)
  sendStop(state, wanted[state.quorum.join - 1] ?? 0, out)
  const install = wanted[state.quorum.votes - 1] ?? 0
  if (install > state.regency && install >= state.stopSent) installRegency(state, install, out)
}

/**
 * What timed out at the sender may be known to it alone: it votes no more, and without that work nobody else would give the leader
 * up. Asked for again with each repeated STOP, since the answer may be lost.
 */
function pullPending(state: CoreState, { sender, message }: Signed<Stop>, out: Effect[]): void {
  if (sender === state.options.self || message.regency <= state.regency) return
  const batches = message.pending.filter((digest) => !state.pool.knows(digest))
  if (batches.length > 0) out.push({ kind: 'fetch', what: { batches, values: [] }, from: [sender] })
}

/** Step 2: the old leader is gone; what this replica is bound to goes to the new one. */
function installRegency(state: CoreState, regency: Regency, out: Effect[]): void {
  enterRegency(state, regency, 'syncing')
  state.sync = undefined
  state.signedSync = undefined
  out.push({ kind: 'regency-installed', regency, leader: leader(state) })
  if (mayVote(state)) sendStopData(state, out)
}

function sendStopData(state: CoreState, out: Effect[]): void {
  const { regency, finality } = state
  const message: StopData = {
    kind: 'stop-data',
    regency,
    finalized: state.finalized,
    prepared: locks(state),
    ...(finality === undefined ? {} : { finality }),
  }
  state.ownStopData = message
  state.lastResendMs = state.nowMs
  persist(out, { kind: 'stop-data', message })
  out.push({ kind: 'send', to: [leader(state)], message })
}

/** Moves to a regency; nothing of an older one is voted for after this. */
export function enterRegency(state: CoreState, regency: Regency, phase: 'normal' | 'syncing'): void {
  state.regency = regency
  state.phase = phase
  state.phaseSinceMs = state.nowMs
  state.lastProgressMs = state.nowMs
  state.ownStopData = undefined
  for (const [sender, stopData] of state.stopData) {
    if (stopData.message.regency < regency) state.stopData.delete(sender)
  }
}

function locks(state: CoreState): readonly PreparedCertificate[] {
  return openInstances(state)
    .filter((instance) => instance.cid <= state.finalized + 2 * state.options.window)
    .flatMap((instance) => (instance.prepared === undefined ? [] : [instance.prepared]))
}

/** Step 3: the new leader gathers n - f valid STOPDATA and sends them to all. */
export function onStopData(state: CoreState, signed: Signed<StopData>, out: Effect[]): void {
  const { message, sender } = signed
  const { options, quorum } = state
  if (message.regency < state.regency || leaderOf(options.view, message.regency) !== options.self) return
  if (!mayVote(state)) return
  if (message.regency === state.regency && state.phase === 'normal') {
    // The sender missed the SYNC.
    if (state.sync !== undefined) out.push({ kind: 'send', to: [sender], message: state.sync })
    return
  }
  if (stopDataProblem(message, message.regency, options) !== undefined) {
    const evidence = { replica: sender, reason: 'bad-stop-data' as const, messages: [signed.bytes] }
    out.push({ kind: 'misbehaviour', evidence })
    return
  }
  const known = state.stopData.get(sender)
  if (known !== undefined && known.message.regency >= message.regency) return
  state.stopData.set(sender, signed)
  state.lastNewsMs = state.nowMs
  trySync(state, quorum.stopData, out)
}

function trySync(state: CoreState, needed: number, out: Effect[]): void {
  if (state.phase !== 'syncing' || !leads(state) || state.sync !== undefined) return
  const stopData = [...state.stopData.values()]
    .filter(({ message }) => message.regency === state.regency)
    .sort((a, b) => a.sender - b.sender)
    .slice(0, needed)
  if (stopData.length < needed) return
  const message: Sync = { kind: 'sync', regency: state.regency, stopData }
  state.sync = message
  // Kept before it is sent: a leader that restarts must not choose another set.
  persist(out, { kind: 'sync', message })
  out.push({ kind: 'send', to: 'view', message })
}

/** Says why a SYNC must not count, or nothing. */
export function syncProblem(state: CoreState, message: Sync): string | undefined {
  const { options, quorum } = state
  if (message.stopData.length !== quorum.stopData) return `${message.stopData.length} STOPDATA, not ${quorum.stopData}`
  let previous = -1
  for (const { sender, view, message: stopData } of message.stopData) {
    if (sender <= previous || !state.members.has(sender)) return 'senders are not ascending members of the view'
    if (view !== options.view.id) return 'a STOPDATA of another view'
    const problem = stopDataProblem(stopData, message.regency, options)
    if (problem !== undefined) return `STOPDATA of replica ${sender}: ${problem}`
    previous = sender
  }
  return undefined
}

/**
 * Step 4: every replica computes the outcome for itself. A valid SYNC also brings in a replica that missed the STOPs:
 * its n - f STOPDATA show that correct replicas installed the regency.
 */
export function onSync(state: CoreState, signed: Signed<Sync>, out: Effect[]): void {
  const { message, sender } = signed
  const { regency } = message
  if (regency < state.regency || regency < state.stopSent || sender !== leaderOf(state.options.view, regency)) return
  if (regency === state.regency && state.phase === 'normal') return
  const problem = syncProblem(state, message)
  if (problem !== undefined) {
    out.push({ kind: 'misbehaviour', evidence: { replica: sender, reason: 'bad-sync', messages: [signed.bytes] } })
    // Only where its SYNC is awaited: one replica alone must not bring the others into a regency of its choice.
    if (regency === state.regency) sendStop(state, regency + 1, out)
    return
  }
  if (state.sync !== message) persist(out, { kind: 'sync', message })
  if (regency > state.regency) out.push({ kind: 'regency-installed', regency, leader: sender })
  state.signedSync = signed
  openRegency(state, message, out)
}

/** Takes up normal work in the regency of a SYNC, beginning with what it binds. */
function openRegency(state: CoreState, message: Sync, out: Effect[]): void {
  adoptSync(state, message)
  for (const instance of openInstances(state)) {
    prepareEarly(state, instance)
    advance(state, instance, out)
  }
  deliverReady(state, out)
  propose(state, out)
}

/** The silent part of a SYNC, shared with the restoring of a log. */
export function adoptSync(state: CoreState, message: Sync): void {
  enterRegency(state, message.regency, 'normal')
  state.sync = message
  const choice = chooseForRegency(
    message.stopData.map((signed) => signed.message),
    baseOf(state.options),
  )
  state.binding = bindingOf(state, choice)
  state.nextFree = Math.max(choice.top, state.delivered) + 1
  for (const [cid, digest] of state.binding.digests) {
    if (cid <= state.finalized) continue
    const value = instanceAt(state, cid).values.get(digest)
    if (!isHeld(state, value)) continue
    for (const batch of value.batches) {
      const pooled = state.pool.get(batch)
      if (pooled !== undefined) pooled.proposedIn = message.regency
    }
  }
}

function bindingOf(state: CoreState, choice: RegencyChoice) {
  const digests = new Map([...choice.bindings].map(([cid, digest]) => [cid, digest ?? state.nullValue.digest]))
  return { base: choice.base, top: choice.top, digests }
}
