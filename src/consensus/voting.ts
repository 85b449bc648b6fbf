import type { Digest, Regency, Value } from '../types/index.js'
import type { Effect } from './interface.js'
import { type CoreState, type Instance, instanceAt, leads, mayVote, persist, windowTop } from './state.js'

/**
 * The normal case of an instance after whatever changed: WRITE, ACCEPT, decide, deliver. Each step checks for
 * itself whether it is due, so every handler just calls `advance`.
 */
export function advance(state: CoreState, instance: Instance, out: Effect[]): void {
  if (!mayVote(state)) return
  tryWrite(state, instance, out)
  tryAccept(state, instance, out)
}

/** The digest that this replica may WRITE in the regency in force: the bound one, or else the leader's proposal. */
export function eligibleDigest(state: CoreState, instance: Instance): Digest | undefined {
  const { binding, regency } = state
  if (instance.cid <= binding.base) return undefined
  if (instance.cid <= binding.top) return binding.digests.get(instance.cid)
  return instance.proposals.get(regency)?.digest
}

/** True when the value and every batch that it names are at hand. */
export function isHeld(state: CoreState, value: Value | undefined): value is Value {
  return value?.batches.every((digest) => state.pool.has(digest)) ?? false
}

/**
 * Step 3, WRITE: once per regency, within the window, for the eligible digest, with everything at hand. Where this
 * replica knows the decision it votes for nothing else.
 */
function tryWrite(state: CoreState, instance: Instance, out: Effect[]): void {
  const { regency, phase } = state
  if (phase !== 'normal' || instance.cid > windowTop(state)) return
  if (instance.written !== undefined && instance.written.regency >= regency) return
  const digest = eligibleDigest(state, instance)
  if (digest === undefined) return
  if (instance.outcome !== undefined && instance.outcome !== digest) return
  const value = instance.values.get(digest)
  // What is executed is held as a block, even where its batches came another way.
  if (instance.cid > state.executed && !isHeld(state, value)) {
    scheduleFetch(state, out)
    return
  }
  persistWrite(instance, regency, digest, value, out)
  out.push({ kind: 'send', to: 'view', message: { kind: 'write', cid: instance.cid, regency, digest } })
}

function persistWrite(
  instance: Instance,
  regency: Regency,
  digest: Digest,
  value: Value | undefined,
  out: Effect[],
): void {
  instance.written = { regency, digest }
  persist(out, { kind: 'write', cid: instance.cid, regency, digest, value: value?.bytes ?? new Uint8Array() })
}

/**
 * Step 4, the lock: a quorum of WRITEs of the highest epoch. WRITEs of a regency whose SYNC is not here yet make none: a STOPDATA
 * names locks of regencies below its own only, and must not have lost a lower one to them. They wait for `prepareEarly`.
 */
export function tryPrepare(state: CoreState, instance: Instance, regency: Regency, digest: Digest): boolean {
  const { cid, prepared, writes } = instance
  const ahead = regency > state.regency || (regency === state.regency && state.phase === 'syncing')
  if (ahead || (prepared !== undefined && prepared.regency >= regency)) return false
  const certificate = writes.certificate(state.options.view.id, cid, regency, digest, state.quorum.votes)
  if (certificate === undefined) return false
  instance.prepared = certificate
  return true
}

/** The lock from WRITEs that were here before the SYNC of their regency, or of one above. */
export function prepareEarly(state: CoreState, instance: Instance): void {
  for (const { regency, digest } of instance.writes.choices()) tryPrepare(state, instance, regency, digest)
}

/** Step 4, ACCEPT: on a prepared certificate of the regency in force, which becomes the lock. */
function tryAccept(state: CoreState, instance: Instance, out: Effect[]): void {
  const { regency, phase } = state
  const { prepared } = instance
  if (phase !== 'normal' || instance.cid > windowTop(state)) return
  if (prepared === undefined || prepared.regency !== regency) return
  if (instance.accepted !== undefined && instance.accepted.regency >= regency) return
  if (instance.outcome !== undefined && instance.outcome !== prepared.digest) return
  instance.accepted = { regency, digest: prepared.digest }
  persist(out, { kind: 'accept', prepared })
  const { cid } = instance
  out.push({ kind: 'send', to: 'view', message: { kind: 'accept', cid, regency, digest: prepared.digest } })
}

/** Step 5 and 6: hands decided values to execution, in order of cid, as far as they are complete. */
export function deliverReady(state: CoreState, out: Effect[]): void {
  for (;;) {
    const instance = state.instances.get(state.delivered + 1)
    const certificate = instance?.decision
    if (instance === undefined || certificate === undefined) return
    const value = instance.values.get(certificate.digest)
    if (!isHeld(state, value)) {
      scheduleFetch(state, out)
      return
    }
    state.delivered = instance.cid
    state.nextFree = Math.max(state.nextFree, instance.cid + 1)
    markOrdered(state, value)
    out.push({ kind: 'deliver', cid: instance.cid, value, certificate })
  }
}

function markOrdered(state: CoreState, value: Value): void {
  for (const digest of value.batches) {
    const batch = state.pool.get(digest)
    if (batch === undefined || batch.ordered) continue
    // Of this regency alone: the time that a failed leader cost is no measure for the next one.
    const latency = state.nowMs - Math.max(batch.receivedMs, state.phaseSinceMs)
    state.latencyMs = state.latencyMs === 0 ? latency : state.latencyMs * 0.9 + latency * 0.1
    state.pool.order(digest)
  }
  state.lastProgressMs = state.nowMs
  state.timeoutScale = 1
}

/** Batches are often on their way when a proposal names them, so they are pulled only a moment later. */
export function scheduleFetch(state: CoreState, out: Effect[]): void {
  if (state.fetchTimerSet) return
  state.fetchTimerSet = true
  out.push({ kind: 'set-timer', timer: 'fetch', afterMs: state.options.timings.fetchAfterMs })
}

/** Values and batches that open instances need and that are not at hand. */
export function missing(state: CoreState): { readonly batches: readonly Digest[]; readonly values: readonly Digest[] } {
  const batches = new Set<Digest>()
  const values = new Set<Digest>()
  for (const instance of state.instances.values()) {
    if (instance.cid <= state.delivered) continue
    for (const digest of [eligibleDigest(state, instance), instance.decision?.digest]) {
      if (digest === undefined) continue
      const value = instance.values.get(digest)
      if (value === undefined) values.add(digest)
      for (const batch of value?.batches ?? []) if (!state.pool.has(batch)) batches.add(batch)
    }
  }
  return { batches: [...batches], values: [...values] }
}

/** True when a value of an open instance names the batch, so that it must be kept whatever its lane holds. */
export function isNamed(state: CoreState, digest: Digest): boolean {
  for (const instance of state.instances.values()) {
    for (const value of instance.values.values()) if (value.batches.includes(digest)) return true
  }
  return false
}

/** Proposals of an instance that are decided or not yet: counts the undecided ones that hold back the next. */
export function undecided(state: CoreState): number {
  let count = 0
  for (let cid = state.delivered + 1; cid < state.nextFree; cid++) {
    if (state.instances.get(cid)?.outcome === undefined) count += 1
  }
  return count
}

/**
 * Step 2, PROPOSE: the leader fills the window; at once while nothing is open, else when enough has gathered or the wait for
 * more is over.
 */
export function propose(state: CoreState, out: Effect[], waited = false): void {
  const { options, pool, regency } = state
  if (state.phase !== 'normal' || !leads(state) || !mayVote(state)) return
  let mayWait = !waited
  while (state.nextFree <= windowTop(state)) {
    const waiting = pool.waiting(regency)
    // A view that ends is filled up with empty blocks, so that the next one begins.
    if (waiting === 0 && state.lastHeight === undefined) return
    if (mayWait && waiting > 0 && waiting < options.proposalTransactions && (undecided(state) > 0 || isBusy(state))) {
      waitForMore(state, out)
      return
    }
    mayWait = true
    proposeNext(state, out)
  }
}

/**
 * Under load a block costs about the same whether it holds few transactions or many, so the leader waits a moment for the lanes
 * that are about to send. Alone or idle, nobody waits.
 */
function isBusy({ lastProposal, nowMs }: CoreState): boolean {
  return lastProposal.transactions >= BUSY_TRANSACTIONS && nowMs - lastProposal.atMs < BUSY_MS
}

function waitForMore(state: CoreState, out: Effect[]): void {
  const afterMs = gatherMs(state)
  const atMs = state.nowMs + afterMs
  if (state.proposeAtMs !== undefined && state.proposeAtMs <= atMs) return
  state.proposeAtMs = atMs
  out.push({ kind: 'set-timer', timer: 'propose', afterMs })
}

/**
 * How long to wait for a fuller proposal. Under load, until what was proposed before is final, since its clients come back then,
 * and then a share of the latency that there is anyway; on a long way between replicas no longer than the bound.
 */
function gatherMs(state: CoreState): number {
  const { proposeAfterMs } = state.options.timings
  if (!isBusy(state)) return proposeAfterMs
  if (state.finalized < state.nextFree - 1) return GATHER_MS_MAX
  return Math.max(GATHER_MS_MIN, Math.min(Math.round(state.latencyMs / 4), proposeAfterMs))
}

function proposeNext(state: CoreState, out: Effect[]): void {
  const { options, pool, regency } = state
  const cid = state.nextFree
  const chosen = pool.choose(regency, cid, PROPOSAL_BATCHES_MAX, options.proposalTransactionsMax)
  for (const batch of chosen) batch.proposedIn = regency
  state.lastProposal = { atMs: state.nowMs, transactions: chosen.reduce((sum, batch) => sum + batch.transactions, 0) }
  state.nextFree = cid + 1
  state.proposeAtMs = undefined
  const value = options.makeValue(
    state.nowMs,
    chosen.map((batch) => batch.digest),
  )
  const instance = instanceAt(state, cid)
  instance.proposals.set(regency, { digest: value.digest })
  instance.values.set(value.digest, value)
  // The leader's own WRITE is durable before its proposal leaves, so that after a restart it cannot propose another.
  persistWrite(instance, regency, value.digest, value, out)
  out.push({ kind: 'send', to: 'view', message: { kind: 'propose', cid, regency, value } })
  out.push({ kind: 'send', to: 'view', message: { kind: 'write', cid, regency, digest: value.digest } })
}

const PROPOSAL_BATCHES_MAX = 64
/** Transactions of a proposal that show load, and how long they do, ms. */
const BUSY_TRANSACTIONS = 32
const BUSY_MS = 500
/** Shortest and longest wait for a fuller proposal under load, ms. */
const GATHER_MS_MIN = 5
const GATHER_MS_MAX = 60
