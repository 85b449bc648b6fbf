import { unreachable } from '../base/assert.js'
import type {
  Digest,
  Height,
  Message,
  Propose,
  Regency,
  ReplicaId,
  Signed,
  Stop,
  StopData,
  Sync,
  TimeMs,
  Value,
  Vote,
} from '../types/index.js'
import { onReport } from './abstention.js'
import { onStatus } from './catch-up.js'
import type { CoreOptions, Effect, Input, Restored, WalRecord } from './interface.js'
import { onExecuted, onStateInstalled } from './on-executed.js'
import { onPropose } from './on-propose.js'
import { onStop, onStopData, onSync } from './on-regency.js'
import { onTimeout } from './on-timeout.js'
import { onAccept, onPersist, onWrite } from './on-vote.js'
import { durableRecords, restore } from './restore.js'
import { type CoreState, type Instance, leader, type Phase } from './state.js'
import { advance, deliverReady, isNamed, propose } from './voting.js'

/** What operators and tests may look at. */
export interface CoreStatus {
  readonly regency: Regency
  readonly phase: Phase
  readonly leader: ReplicaId
  readonly delivered: Height
  readonly executed: Height
  readonly finalized: Height
  /** Why it casts no votes: it only follows, or its earlier votes are lost. */
  readonly silent?: 'following' | 'abstaining'
  /** Batches that wait to be ordered. */
  readonly pendingBatches: number
  readonly openInstances: number
}

/**
 * The ordering protocol of one replica (windowed Mod-SMaRt): a deterministic function of its inputs. It knows no clock,
 * network, disk, randomness or signing key; whoever drives it verifies before and persists, signs and sends after.
 */
export class ReplicaCore {
  readonly #state: CoreState

  constructor(options: CoreOptions, restored: Restored) {
    this.#state = restore(options, restored)
  }

  /** Begins the steady tick. Called once, before the first step. */
  start(nowMs: TimeMs): readonly Effect[] {
    const state = this.#state
    state.nowMs = nowMs
    state.phaseSinceMs = nowMs
    state.lastProgressMs = nowMs
    state.lastAdvanceMs = nowMs
    return [{ kind: 'set-timer', timer: 'tick', afterMs: state.options.timings.tickMs }]
  }

  /**
   * Takes one input and says what must be done, in order.
   * @param nowMs this replica's clock; a step back is taken as standing still
   */
  step(input: Input, nowMs: TimeMs): readonly Effect[] {
    const state = this.#state
    state.nowMs = Math.max(state.nowMs, nowMs)
    const out: Effect[] = []
    switch (input.kind) {
      case 'message':
        onMessage(state, input.message, out)
        break
      case 'batch':
        onBatch(state, input, out)
        break
      case 'value':
        onValue(state, input, out)
        break
      case 'status':
        onStatus(state, input.from, input.status, out)
        break
      case 'timeout':
        onTimeout(state, input.timer, out)
        break
      case 'executed':
        onExecuted(state, input, out)
        break
      case 'state-installed':
        onStateInstalled(state, input, out)
        break
      case 'report':
        onReport(state, input, out)
        break
      default:
        unreachable(input)
    }
    return out
  }

  status(): CoreStatus {
    const state = this.#state
    const { regency, phase, delivered, executed, finalized } = state
    const pendingBatches = state.pool.unordered
    const openInstances = state.instances.size
    const silent = state.options.votes ? state.abstention && 'abstaining' : 'following'
    return {
      regency,
      phase,
      leader: leader(state),
      delivered,
      executed,
      finalized,
      ...(silent === undefined ? {} : { silent }),
      pendingBatches,
      openInstances,
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
    return [...this.#state.instances.values()].some((instance) => names(this.#state, instance, digest))
  }

  /** True when a value of an open instance names the batch: it must be kept. */
  namesBatch(digest: Digest): boolean {
    return isNamed(this.#state, digest)
  }

  /** What a compacted log must still hold. */
  durableRecords(): readonly WalRecord[] {
    return durableRecords(this.#state)
  }

  /** Batches that a compacted log must still hold: those not yet final. */
  liveBatches(): ReadonlySet<Digest> {
    return this.#state.pool.digests()
  }
}

function onMessage(state: CoreState, signed: Signed<Message>, out: Effect[]): void {
  if (signed.view !== state.options.view.id || !state.members.has(signed.sender)) return
  switch (signed.message.kind) {
    case 'propose':
      onPropose(state, signed as Signed<Propose>, out)
      break
    case 'write':
      onWrite(state, signed as Signed<Vote<'write'>>, out)
      break
    case 'accept':
      onAccept(state, signed as Signed<Vote<'accept'>>, out)
      break
    case 'persist':
      onPersist(state, signed as Signed<Vote<'persist'>>, out)
      break
    case 'stop':
      onStop(state, signed as Signed<Stop>, out)
      break
    case 'stop-data':
      onStopData(state, signed as Signed<StopData>, out)
      break
    case 'sync':
      onSync(state, signed as Signed<Sync>, out)
      break
    default:
      unreachable(signed.message)
  }
}

function onBatch(state: CoreState, input: Extract<Input, { kind: 'batch' }>, out: Effect[]): void {
  const { batch } = input
  const idle = state.pool.unordered === 0
  if (!state.pool.add(batch, state.nowMs, isNamed(state, batch.digest))) {
    out.push({ kind: 'drop-batches', digests: [batch.digest] })
    return
  }
  // The leader's time runs from when there is work.
  if (idle) state.lastProgressMs = state.nowMs
  afterArrival(state, out)
}

function onValue(state: CoreState, input: Extract<Input, { kind: 'value' }>, out: Effect[]): void {
  const { value } = input
  for (const instance of state.instances.values()) {
    if (names(state, instance, value.digest)) instance.values.set(value.digest, value)
  }
  afterArrival(state, out)
}

/** True when the instance knows of the value, whether or not it is at hand. */
function names(state: CoreState, { cid, prepared, decision, proposals }: Instance, digest: Digest): boolean {
  if (prepared?.digest === digest || decision?.digest === digest) return true
  if (state.binding.digests.get(cid) === digest) return true
  return [...proposals.values()].some((proposal) => proposal.digest === digest)
}

/** Something that was missing may be here now. */
function afterArrival(state: CoreState, out: Effect[]): void {
  for (const instance of state.instances.values()) advance(state, instance, out)
  deliverReady(state, out)
  propose(state, out)
}
