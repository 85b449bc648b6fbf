import type { FinalityCertificate, Signed, Vote } from '../types/index.js'
import { endAbstention } from './abstention.js'
import type { Effect } from './interface.js'
import { sendStop } from './on-regency.js'
import { type CoreState, type Instance, inReach, instanceAt, leader } from './state.js'
import { advance, deliverReady, isNamed, propose, tryPrepare, undecided } from './voting.js'

/** WRITE: a quorum is a prepared certificate (step 4). The certificate of the highest epoch is the lock. */
export function onWrite(state: CoreState, signed: Signed<Vote<'write'>>, out: Effect[]): void {
  const { cid, regency, digest } = signed.message
  if (!inReach(state, cid)) return
  const instance = instanceAt(state, cid)
  if (!isNew(state, instance.writes.add(signed), signed, out)) return
  if (tryPrepare(state, instance, regency, digest)) advance(state, instance, out)
}

/** ACCEPT: a quorum is a decision certificate, whatever this replica's own regency is (step 5). */
export function onAccept(state: CoreState, signed: Signed<Vote<'accept'>>, out: Effect[]): void {
  const { cid, regency, digest } = signed.message
  if (!inReach(state, cid)) return
  const instance = instanceAt(state, cid)
  if (!isNew(state, instance.accepts.add(signed), signed, out) || instance.decision !== undefined) return
  const { view } = state.options
  const decision = instance.accepts.certificate(view.id, cid, regency, digest, state.quorum.votes)
  if (decision === undefined) return
  instance.decision = decision
  instance.outcome = digest
  deliverReady(state, out)
  if (undecided(state) === 0) propose(state, out)
}

/** PERSIST: a quorum is the finality certificate (step 7). */
export function onPersist(state: CoreState, signed: Signed<Vote<'persist'>>, out: Effect[]): void {
  const { cid, digest } = signed.message
  if (!inReach(state, cid)) return
  const instance = instanceAt(state, cid)
  if (!isNew(state, instance.persists.add(signed), signed, out) || instance.finality !== undefined) return
  const { view } = state.options
  instance.finality = instance.persists.certificate(view.id, cid, 0, digest, state.quorum.votes)
  if (instance.finality !== undefined) finalizeReady(state, out)
}

function isNew(
  state: CoreState,
  outcome: ReturnType<Instance['writes']['add']>,
  signed: Signed<Vote>,
  out: Effect[],
): boolean {
  if (outcome.kind === 'conflict') {
    const messages = [outcome.earlier.bytes, signed.bytes]
    out.push({ kind: 'misbehaviour', evidence: { replica: signed.sender, reason: 'equivocation', messages } })
    if (signed.sender === leader(state)) sendStop(state, state.regency + 1, out)
  }
  if (outcome.kind === 'added') state.lastNewsMs = state.nowMs
  return outcome.kind === 'added'
}

/** Finalizes, in order, every executed height whose certificate is at hand, and forgets what it needed. */
export function finalizeReady(state: CoreState, out: Effect[]): void {
  for (;;) {
    const instance = state.instances.get(state.finalized + 1)
    if (instance?.finality === undefined || instance.header === undefined) break
    if (!agrees(instance, instance.header, instance.finality, out)) return
    finalizeOne(state, instance, instance.finality, out)
  }
  propose(state, out)
}

function agrees(instance: Instance, own: string, certificate: FinalityCertificate, out: Effect[]): boolean {
  if (certificate.digest === own) return true
  out.push({ kind: 'diverged', height: instance.cid, own, certificate })
  return false
}

function finalizeOne(state: CoreState, instance: Instance, certificate: FinalityCertificate, out: Effect[]): void {
  state.finalized = instance.cid
  state.finality = certificate
  state.lastAdvanceMs = state.nowMs
  state.lastProgressMs = state.nowMs
  state.instances.delete(instance.cid)
  endAbstention(state, instance, out)
  const { outcome } = instance
  const named = (outcome === undefined ? undefined : instance.values.get(outcome)?.batches) ?? instance.installed
  // After a regency change a batch may stand in two values; the second still needs it at hand.
  const batches = named.filter((digest) => !isNamed(state, digest))
  for (const batch of batches) state.pool.remove(batch)
  out.push({ kind: 'finalized', certificate, batches })
  // Votes above may have waited for the window to move.
  for (const other of state.instances.values()) advance(state, other, out)
}
