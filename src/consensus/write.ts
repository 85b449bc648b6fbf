import { LIMITS, type Value } from '../types/index.js'
import type { Effect } from './interface.js'
import { headsBelow, takeBatches } from './lanes.js'
import { mayVote } from './silence.js'
import { type CoreState, eligibleDigest, type Instance, isBound, isHeld, leads, persist, windowTop } from './state.js'
import { type Choice, certificateOf } from './votes.js'

/**
 * WRITE (rule N2a): once per regency, within the window, for the eligible digest, with everything at hand. It needs no disk, but the log
 * must say first that this regency is in force.
 */
export function tryWrite(state: CoreState, instance: Instance, out: Effect[]): void {
  const { regency, phase } = state
  const { cid, written, certificate } = instance
  if (phase !== 'normal' || cid <= state.final || cid > windowTop(state)) return
  if (written !== undefined && written.regency >= regency) return
  const digest = eligibleDigest(state, instance)
  if (digest === undefined || !mayVote(state)) return
  if (certificate !== undefined && certificate.digest !== digest) return
  const value = instance.values.get(digest)
  if (!isHeld(state, value)) {
    scheduleFetch(state, out)
    return
  }
  if (!isBound(state, cid) && !isAcceptable(state, instance, value)) return
  instance.written = { regency, digest }
  logRegency(state, out)
  out.push({ kind: 'send', to: 'view', message: { kind: 'write', cid, regency, digest } })
}

/** The log names the regency before the first WRITE, PROPOSE or SYNC in it. */
export function logRegency(state: CoreState, out: Effect[]): void {
  if (state.regencyLogged) return
  state.regencyLogged = true
  state.mark = undefined
  persist(out, { kind: 'regency', regency: state.regency })
}

/** What a leader proposes freely is judged by its time (rule L7), its size (rule N1) and its lanes (rule L1). */
function isAcceptable(state: CoreState, instance: Instance, value: Value): boolean {
  if (leads(state)) return true
  const { regency, quorum } = state
  const isWritten = instance.writes.count({ regency, digest: value.digest }) >= quorum.votes
  if (instance.proposals.get(regency)?.timely !== true && !isWritten) return false
  if (isWithinBounds(state, value) && hasLiveBatch(state, instance, value)) return true
  state.leaderAtFault ??= 'refused'
  return false
}

/** Every correct replica comes to the same, since bounds and batches are the same everywhere. A single batch always fits. */
export function isWithinBounds({ pool, options }: CoreState, { batches }: Value): boolean {
  if (batches.length > LIMITS.valueBatchesMax) return false
  let [transactions, bytes, cost] = [0, 0, 0]
  for (const digest of batches) {
    const batch = pool.get(digest)
    transactions += batch?.transactions ?? 0
    bytes += batch?.bytes ?? 0
    cost += batch?.cost ?? 0
  }
  const { transactionsMax, bytesMax, costMax } = options.bounds
  return batches.length <= 1 || (transactions <= transactionsMax && bytes <= bytesMax && cost <= costMax)
}

/** A proposal that names batches must name one that execution takes, as far as this replica can tell. */
function hasLiveBatch(state: CoreState, { cid }: Instance, value: Value): boolean {
  if (value.batches.length === 0) return true
  const { heads, complete } = headsBelow(state, cid)
  return !complete || takeBatches(state, heads, value) > 0
}

/**
 * Prepared (rule N3): a quorum of WRITEs of the regency in force, within the window. WRITEs of a regency whose SYNC is not here yet make
 * no lock: a STOPDATA names locks of regencies below its own only, and must not have lost a lower one to them.
 */
export function tryPrepare(state: CoreState, instance: Instance, choice: Choice): boolean {
  const { cid, lock, writes } = instance
  if (state.phase !== 'normal' || choice.regency !== state.regency || cid > windowTop(state)) return false
  if (lock !== undefined && lock.regency >= choice.regency) return false
  const certificate = certificateOf(writes, state.options.view.id, cid, choice, state.quorum.votes)
  if (certificate?.kind !== 'write') return false
  instance.lock = certificate
  return true
}

/** The lock from WRITEs that came before the window or the SYNC let them count. */
export function prepareEarly(state: CoreState, instance: Instance): void {
  if (instance.lock !== undefined && instance.lock.regency >= state.regency) return
  for (const choice of instance.writes.choices(state.regency)) {
    if (choice.count >= state.quorum.votes) tryPrepare(state, instance, choice)
  }
}

/** Batches are often on their way when a proposal names them, so they are pulled only a moment later. */
export function scheduleFetch(state: CoreState, out: Effect[]): void {
  if (state.fetchTimerSet) return
  state.fetchTimerSet = true
  out.push({ kind: 'set-timer', timer: 'fetch', afterMs: state.options.timings.fetchAfterMs })
}
