import { unreachable } from '../base/assert.js'
import type {
  Accept,
  Certificate,
  ConsensusId,
  Digest,
  Height,
  Message,
  Propose,
  Regency,
  ReplicaId,
  Signed,
  Silence,
  Stop,
  StopData,
  Sync,
  Value,
  Vote,
  Write,
} from '../types/index.js'
import { fetchBlocks, onStatus } from './catch-up.js'
import { agreeOnRoundTrip, noteProposal, passTime, resendAfterMs, roundTripMs } from './clocks.js'
import { accuseVoter, onEvidence } from './evidence.js'
import { advanceAccept, advanceExecution, dropExecuted, headersDiffer, noteExecuted } from './execution.js'
import { advanceFinal, isLongFinal, noteCertificate, noteInstalled, noteWritten } from './finality.js'
import type { CoreOptions, Effect, Input, Now, Restored, WalRecord } from './interface.js'
import { headOf } from './lanes.js'
import { onPropose } from './on-propose.js'
import { highestExecuted, onTimeout } from './on-timeout.js'
import { propose } from './propose.js'
import { leaderOf } from './quorum.js'
import { enterByCertificate, onInstallation, onStop, resign, reviewWish } from './regency.js'
import { durableRecords, markOf, restore } from './restore.js'
import { silence, silentUntil } from './silence.js'
import {
  type CoreState,
  eligibleDigest,
  type Instance,
  inReach,
  instanceAt,
  isNamed,
  leader,
  openInstances,
  type Phase,
  windowTop,
} from './state.js'
import { onStopData, trySync, wantedLocks } from './stop-data.js'
import { onSync } from './sync.js'
import { certificateOf, choiceOf } from './votes.js'
import { prepareEarly, tryPrepare, tryWrite } from './write.js'

/** What operators and tests may look at. */
export interface CoreStatus {
  readonly regency: Regency
  readonly phase: Phase
  readonly leader: ReplicaId
  /** Highest height executed, speculatively, or accepted before a restart. */
  readonly executed: Height
  readonly finalized: Height
  /** Why it casts no votes, and above which final height it votes again; 0 where that is not known. */
  readonly silent?: Silence
  readonly silentUntil: Height
  /** Batches that wait to be ordered. */
  readonly pendingBatches: number
  readonly openInstances: number
  /** Replicas computed different headers of the next height, so nothing can become final. */
  readonly headersDiffer: boolean
  /** R: what a round trip to a quorum costs, as the members agree, ms. */
  readonly roundTripMs: number
}

/**
 * The ordering protocol of one replica: a deterministic function of its inputs. It knows no clock, network, disk, randomness or signing
 * key; whoever drives it verifies before and persists, signs, executes and sends after.
 */
export class ReplicaCore {
  readonly #state: CoreState

  constructor(options: CoreOptions, restored: Restored) {
    this.#state = restore(options, restored)
  }

  /** Begins the steady tick. Called once, before the first step. */
  start({ monotonicMs, wallMs }: Now): readonly Effect[] {
    const state = this.#state
    state.nowMs = monotonicMs
    state.wallMs = wallMs
    state.lastAdvanceMs = monotonicMs
    for (const instance of state.instances.values()) instance.newsMs = monotonicMs
    const out: Effect[] = [{ kind: 'set-timer', timer: 'tick', afterMs: state.options.timings.tickMs }]
    const silent = silence(state)
    if (silent !== undefined) out.push({ kind: 'silence', silent, until: silentUntil(state) })
    return out
  }

  /** Takes one input and says what must be done, in order. */
  step(input: Input, { monotonicMs, wallMs }: Now): readonly Effect[] {
    const state = this.#state
    passTime(state, monotonicMs, wallMs)
    const out: Effect[] = []
    take(state, input, out)
    return out
  }

  status(): CoreStatus {
    const state = this.#state
    const silent = silence(state)
    return {
      regency: state.regency,
      phase: state.phase,
      leader: leader(state),
      executed: Math.max(
        highestExecuted(state),
        ...[...state.instances.values()].map(({ accepted, cid }) => (accepted === undefined ? 0 : cid)),
      ),
      finalized: state.executedFinal,
      ...(silent === undefined ? {} : { silent }),
      silentUntil: silent === undefined ? 0 : silentUntil(state),
      pendingBatches: state.pool.size - state.pool.behind(state.heads).length,
      openInstances: state.instances.size,
      headersDiffer: state.instances.has(state.final + 1) && headersDiffer(state, state.final + 1),
      roundTripMs: roundTripMs(state),
    }
  }

  /** The value of an open instance, for a peer that pulls it. */
  value(digest: Digest): Value | undefined {
    for (const { values } of this.#state.instances.values()) {
      const value = values.get(digest)
      if (value !== undefined) return value
    }
    return undefined
  }

  /** True when an open instance knows of the value: others are not taken in. */
  namesValue(digest: Digest): boolean {
    const state = this.#state
    if (wantedLocks(state).some((lock) => lock.digest === digest)) return true
    return [...state.instances.values()].some((instance) => names(state, instance, digest))
  }

  /** True when the core counts on the batch: it must be kept. */
  holdsBatch(digest: Digest): boolean {
    return this.#state.pool.has(digest)
  }

  /** Whether a vote could still tell this replica anything: what is known or outdone needs no check of its signature. */
  wants({ sender, view, message }: Signed<Message>): boolean {
    const state = this.#state
    if (view !== state.options.view.id) return false
    switch (message.kind) {
      case 'write':
      case 'accept':
        return wantsVote(state, sender, message)
      case 'propose':
        return message.regency >= state.regency && inReach(state, message.cid)
      case 'stop-data':
        return message.regency >= state.regency && leaderOf(state.options.view, message.regency) === state.options.self
      case 'sync':
        return message.regency > state.regency || (message.regency === state.regency && state.phase === 'syncing')
      case 'stop':
        return true
    }
  }

  /** What a compacted log must still hold. */
  durableRecords(): readonly WalRecord[] {
    return durableRecords(this.#state)
  }

  /** Batches of the ACCEPTs in a compacted log. */
  liveBatches(): ReadonlySet<Digest> {
    const live = new Set<Digest>()
    for (const { accepted, values } of this.#state.instances.values()) {
      const value = accepted && values.get(accepted.digest)
      for (const digest of value?.batches ?? []) live.add(digest)
    }
    return live
  }

  /** Last record of an orderly stop (rule D4); absent where this replica may not vote. Nothing may be said after it. */
  mark(): WalRecord | undefined {
    return markOf(this.#state)
  }

  /** Effects of an announced stop: a leader hands its regency over at once. */
  resign(): readonly Effect[] {
    const out: Effect[] = []
    if (leader(this.#state) === this.#state.options.self) resign(this.#state, out)
    return out
  }
}

function take(state: CoreState, input: Input, out: Effect[]): void {
  switch (input.kind) {
    case 'message':
      onMessage(state, input.message, out)
      break
    case 'batch':
      onBatch(state, input, out)
      break
    case 'value':
      onValue(state, input.value, out)
      break
    case 'certificate':
      onCertificate(state, input.certificate, out)
      break
    case 'installation':
      onInstallation(state, input, out)
      break
    case 'evidence':
      onEvidence(state, input, out)
      reviewWish(state, out)
      break
    case 'status':
      if (input.finality !== undefined && input.finality.view === state.options.view.id) {
        onCertificate(state, input.finality, out)
      }
      onStatus(state, input, out)
      propose(state, out)
      break
    case 'timeout':
      onTimeout(state, input.timer, out)
      break
    case 'measured':
      state.roundTripMs = input.roundTripMs
      state.proposalMs = input.proposalMs
      agreeOnRoundTrip(state)
      break
    case 'outdated':
      answer(state, input.from, input.cid, out)
      break
    case 'executed':
      if (noteExecuted(state, input)) advance(state, out)
      break
    case 'installed':
      onInstalled(state, input, out)
      break
    case 'written':
      noteWritten(state, input.certificate, out)
      advance(state, out)
      break
    default:
      unreachable(input)
  }
}

function onMessage(state: CoreState, signed: Signed<Message>, out: Effect[]): void {
  if (signed.view !== state.options.view.id || !state.members.has(signed.sender)) return
  switch (signed.message.kind) {
    case 'propose': {
      const goesOn = onPropose(state, signed as Signed<Propose>, out)
      if (goesOn) advanceAt(state, signed.message.cid, out)
      if (state.leaderAtFault !== undefined) reviewWish(state, out)
      break
    }
    case 'write':
      onWrite(state, signed as Signed<Write>, out)
      break
    case 'accept':
      onAccept(state, signed as Signed<Accept>, out)
      break
    case 'stop':
      onStop(state, signed as Signed<Stop>, out)
      break
    case 'stop-data':
      onStopData(state, signed as Signed<StopData>, out)
      break
    case 'sync':
      if (onSync(state, signed as Signed<Sync>, out)) advance(state, out)
      break
    default:
      unreachable(signed.message)
  }
}

function onWrite(state: CoreState, signed: Signed<Write>, out: Effect[]): void {
  const { cid } = signed.message
  if (!inReach(state, cid)) return
  const instance = instanceAt(state, cid)
  if (!isNew(state, instance, instance.writes.add(signed), signed, out)) return
  if (tryPrepare(state, instance, choiceOf(signed.message))) advance(state, out)
}

function onAccept(state: CoreState, signed: Signed<Accept>, out: Effect[]): void {
  const { cid } = signed.message
  if (!inReach(state, cid)) return
  const instance = instanceAt(state, cid)
  if (!isNew(state, instance, instance.accepts.add(signed), signed, out)) return
  const { view } = state.options
  const certificate = certificateOf(instance.accepts, view.id, cid, choiceOf(signed.message), state.quorum.votes)
  if (certificate !== undefined) onCertificate(state, certificate, out)
}

function isNew(
  state: CoreState,
  instance: Instance,
  outcome: ReturnType<Instance['writes']['add']>,
  signed: Signed<Vote>,
  out: Effect[],
): boolean {
  if (outcome.kind === 'conflict') {
    accuseVoter(state, outcome.earlier, signed, out)
    reviewWish(state, out)
  }
  if (outcome.kind === 'added' && signed.sender !== state.options.self) {
    instance.newsMs = state.nowMs
    instance.resends = 0
  }
  return outcome.kind === 'added'
}

/** A vote tells nothing any more where its quorum is complete; a contradiction of a known vote is evidence, though. */
function wantsVote(state: CoreState, sender: ReplicaId, vote: Write | Accept): boolean {
  const { cid, regency } = vote
  if (!inReach(state, cid) || cid <= state.final) return false
  const instance = state.instances.get(cid)
  if (instance === undefined) return true
  if (vote.kind === 'accept') return instance.certificate === undefined
  const isPrepared = instance.lock?.regency === regency && instance.lock.digest === vote.digest
  return !isPrepared && !instance.writes.hasSame(sender, vote)
}

/** A peer repeats a vote for what is final here: the certificate is the answer (rule L6). */
function answer(state: CoreState, from: ReplicaId, cid: ConsensusId, out: Effect[]): void {
  const pauseMs = resendAfterMs(state)
  const answeredMs = state.answeredMs.get(from) ?? Number.NEGATIVE_INFINITY
  if (state.certificate === undefined || !isLongFinal(state, cid, pauseMs) || state.nowMs - answeredMs < pauseMs) return
  state.answeredMs.set(from, state.nowMs)
  out.push({ kind: 'send-certificate', to: [from], certificate: state.certificate })
}

function onCertificate(state: CoreState, certificate: Certificate, out: Effect[]): void {
  if (certificate.view !== state.options.view.id) return
  if (certificate.kind === 'write') {
    const { cid, regency } = certificate
    if (state.phase !== 'normal' || regency !== state.regency || cid > windowTop(state) || !inReach(state, cid)) return
    const instance = instanceAt(state, cid)
    if (instance.lock !== undefined && instance.lock.regency >= regency) return
    instance.lock = certificate
    advance(state, out)
    return
  }
  if (!noteCertificate(state, certificate)) return
  noteProposal(state)
  enterByCertificate(state, certificate.regency, out)
  advance(state, out)
  fetchBlocks(state, out)
}

function onInstalled(state: CoreState, input: Extract<Input, { kind: 'installed' }>, out: Effect[]): void {
  noteInstalled(state, input, (from) => dropExecuted(state, from))
  enterByCertificate(state, input.certificate.regency, out)
  advance(state, out)
  fetchBlocks(state, out)
}

function onBatch(state: CoreState, { batch, cost }: Extract<Input, { kind: 'batch' }>, out: Effect[]): void {
  // The own lane bounds itself, and nobody else can fill a gap in it.
  const wanted = (digest: Digest): boolean => isNamed(state, digest)
  const kept = (digest: Digest): boolean => batch.lane === state.options.self || wanted(digest)
  const isTaken = state.pool.add(batch, cost, state.nowMs, headOf(state, batch.lane), kept)
  const dropped = isTaken ? state.pool.takeEvicted() : [batch.digest]
  if (dropped.length > 0) out.push({ kind: 'drop-batches', digests: dropped })
  if (!isTaken) return
  if (wanted(batch.digest)) {
    const pooled = state.pool.get(batch.digest)
    if (pooled !== undefined) pooled.proposedIn = namedIn(state, batch.digest)
    advance(state, out)
  } else propose(state, out)
}

/** The newest regency of which a proposal, or what its SYNC binds, is known to name the batch. An older one does not get it ordered. */
function namedIn(state: CoreState, batch: Digest): Regency {
  let newest: Regency = 0
  for (const instance of state.instances.values()) {
    const isNamedBy = (digest: Digest | undefined): boolean =>
      digest !== undefined && instance.values.get(digest)?.batches.includes(batch) === true
    if (isNamedBy(eligibleDigest(state, instance))) newest = Math.max(newest, state.regency)
    for (const [regency, { digest }] of instance.proposals) if (isNamedBy(digest)) newest = Math.max(newest, regency)
  }
  return newest
}

function onValue(state: CoreState, value: Value, out: Effect[]): void {
  for (const instance of state.instances.values()) {
    if (names(state, instance, value.digest)) instance.values.set(value.digest, value)
  }
  for (const { cid, digest } of wantedLocks(state)) {
    if (digest === value.digest) instanceAt(state, cid).values.set(digest, value)
  }
  advance(state, out)
}

/** True when the instance knows of the value, whether or not it is at hand. */
function names(state: CoreState, instance: Instance, digest: Digest): boolean {
  const { lock, certificate, proposals } = instance
  if (lock?.digest === digest || certificate?.digest === digest || eligibleDigest(state, instance) === digest)
    return true
  return [...proposals.values()].some((proposal) => proposal.digest === digest)
}

function advanceAt(state: CoreState, cid: ConsensusId, out: Effect[]): void {
  const instance = state.instances.get(cid)
  if (instance === undefined) return
  tryWrite(state, instance, out)
  advanceExecution(state, out)
}

/** Whatever has become due after whatever changed: each step checks for itself. WRITEs leave before their heights are executed. */
function advance(state: CoreState, out: Effect[]): void {
  if (state.phase === 'syncing') trySync(state, out)
  const before = state.executedFinal
  advanceFinal(state, out)
  for (const instance of openInstances(state)) {
    prepareEarly(state, instance)
    tryWrite(state, instance, out)
  }
  advanceExecution(state, out)
  advanceAccept(state, out)
  if (state.leaderAtFault !== undefined) reviewWish(state, out)
  if (state.executedFinal !== before) noteProposal(state)
  propose(state, out)
}
