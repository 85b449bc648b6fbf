import { assert } from '../base/assert.js'
import { encodeEnvelope, encodeMessageBody, messageStatement } from '../codec/consensus.js'
import { encodeFrame, type Frame, type Status } from '../codec/frame.js'
import { encodeLogRecord } from '../codec/wal.js'
import type { Effect, PeerStatus, Timer } from '../consensus/index.js'
import type { Clock, Counters, Signer, TrafficClass, Transport, WriteAheadLog } from '../ports.js'
import type { FinalityCertificate, Message, ReplicaId, Signed } from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'

/** Effects that somebody else carries out, once their turn has come. */
export type ForwardedEffect = Extract<
  Effect,
  { kind: 'deliver' | 'finalized' | 'drop-batches' | 'regency-installed' | 'misbehaviour' | 'abstaining' | 'diverged' }
>

export interface EffectHandlers {
  /** An own message, signed: it goes to the core like anybody else's. */
  readonly own: (message: Signed<Message>) => void
  readonly timeout: (timer: Timer) => void
  readonly forward: (effect: ForwardedEffect) => void
  /** Signs for the current view; absent where this replica only follows. */
  readonly signer: () => Signer | undefined
  /** Peers that abstain. */
  readonly silentPeers: () => ReadonlySet<ReplicaId>
  /** This replica's newest certificate, for their sake. */
  readonly finality: () => FinalityCertificate | undefined
  /** Called when the log is compacted: the records that the new one starts with. */
  readonly liveRecords: () => readonly Uint8Array[]
  /** The disk failed: nothing can be promised any more. */
  readonly fatal: (error: unknown) => void
  /** What a status says beside where the core stands. */
  readonly holdings: () => Pick<Status, 'oldest' | 'snapshot'>
}

export interface EffectRunnerModules {
  readonly clock: Clock
  readonly transport: Transport
  readonly wal: WriteAheadLog
  readonly store: BatchStore
  readonly counters: Counters
}

/** The log is compacted when it has grown by this much, in bytes. */
export const WAL_BYTES_MAX = 64 * 1024 * 1024

/**
 * Carries out the core's effects in their order. All records of a turn share one sync (group commit), and nothing that
 * comes after a record leaves before that sync has settled.
 */
export class EffectRunner {
  readonly #context: ReplicaContext
  readonly #modules: EffectRunnerModules
  readonly #handlers: EffectHandlers
  readonly #timers = new Map<Timer, () => void>()
  #queue: Effect[] = []
  #scheduled = false
  #pumping = false
  #stopped = false
  #idle: (() => void)[] = []
  #sizeAfterCompaction: number

  constructor(context: ReplicaContext, modules: EffectRunnerModules, handlers: EffectHandlers) {
    this.#context = context
    this.#modules = modules
    this.#handlers = handlers
    this.#sizeAfterCompaction = modules.wal.size()
  }

  run(effects: readonly Effect[]): void {
    if (effects.length === 0 || this.#stopped) return
    for (const effect of effects) this.#queue.push(effect)
    if (this.#scheduled || this.#pumping) return
    this.#scheduled = true
    this.#modules.clock.soon(() => {
      this.#scheduled = false
      this.#pump().catch((error: unknown) => {
        this.#stopped = true
        this.#handlers.fatal(error)
      })
    })
  }

  /** Ends the work; what was not yet durable is not sent. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    if (this.#pumping) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Drops what waits and stops all timers, for a new core; settles when nothing is under way any more. */
  async reset(): Promise<void> {
    this.#queue = []
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    if (this.#pumping) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** The log was written anew from outside. */
  compacted(): void {
    this.#sizeAfterCompaction = this.#modules.wal.size()
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#queue.length > 0 && !this.#stopped) {
        const turn = this.#queue
        this.#queue = []
        const durable = this.#persist(turn)
        if (durable !== undefined) await durable
        if (this.#stopped) return
        for (const effect of turn) this.#carryOut(effect)
      }
    } finally {
      this.#pumping = false
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Settles when the records of the turn are durable; `undefined` when there are none, and so nothing to wait for. */
  #persist(turn: readonly Effect[]): Promise<void> | undefined {
    const { wal } = this.#modules
    let records = 0
    for (const effect of turn) {
      if (effect.kind !== 'persist') continue
      wal.append(encodeLogRecord(effect.record))
      records += 1
    }
    return records === 0 ? undefined : this.#sync()
  }

  async #sync(): Promise<void> {
    const { wal } = this.#modules
    await wal.sync()
    this.#modules.counters.add('wal-syncs')
    if (wal.size() - this.#sizeAfterCompaction < WAL_BYTES_MAX) return
    await wal.rewrite(this.#handlers.liveRecords())
    this.#sizeAfterCompaction = wal.size()
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        return
      case 'send':
        this.#send(effect.to, effect.message)
        return
      case 'relay':
        this.#post(effect.to, 'consensus', { kind: 'envelope', bytes: effect.message.bytes })
        return
      case 'send-batch': {
        const batch = this.#modules.store.get(effect.digest)
        if (batch !== undefined) this.#post(effect.to, 'batch', { kind: 'batch', bytes: batch.bytes })
        return
      }
      case 'send-status':
        this.#sendStatus(effect.status)
        return
      case 'fetch': {
        const { batches, values, blocks } = effect.what
        const request = { batches, values, fromHeight: blocks?.from ?? 0, toHeight: blocks?.to ?? 0 }
        this.#post(effect.from, 'transfer', { kind: 'fetch', request })
        return
      }
      case 'set-timer':
        this.#setTimer(effect.timer, effect.afterMs)
        return
      default:
        this.#handlers.forward(effect)
    }
  }

  #send(to: 'view' | readonly ReplicaId[], message: Message): void {
    const { self, views } = this.#context
    const { view } = views.current
    const signer = this.#handlers.signer()
    assert(signer !== undefined, `replica ${self} follows view ${view.id} and has nothing to say in it`)
    const body = encodeMessageBody(message)
    const signature = signer.sign(messageStatement(this.#context, view.id, message, body))
    const bytes = encodeEnvelope(message.kind, self, view.id, body, signature)
    const others = to === 'view' ? this.#others() : to.filter((replica) => replica !== self)
    this.#post(others, 'consensus', { kind: 'envelope', bytes })
    if (to === 'view' || to.includes(self)) {
      this.#handlers.own({ sender: self, view: view.id, message, signature, bytes })
    }
  }

  /** To all who are connected: whoever follows must know how far the others are. Who abstains is given the proof. */
  #sendStatus(status: PeerStatus): void {
    const { holdings, finality: newest, silentPeers } = this.#handlers
    const held = { ...status, ...holdings() }
    const silent = silentPeers()
    const connected = this.#modules.transport.connected()
    const others = silent.size === 0 ? connected : connected.filter((peer) => !silent.has(peer))
    this.#post(others, 'transfer', { kind: 'status', status: held })
    if (silent.size === 0) return
    const finality = newest()
    const proven = finality?.cid === status.finalized ? { ...held, finality } : held
    this.#post([...silent], 'transfer', { kind: 'status', status: proven })
  }

  /** Frames that a full outbox refuses are counted there; the protocol says them again. */
  #post(to: readonly ReplicaId[], traffic: TrafficClass, frame: Frame): void {
    if (to.length === 0) return
    const bytes = encodeFrame(frame)
    for (const replica of to) this.#modules.transport.send(replica, traffic, bytes)
  }

  #others(): readonly ReplicaId[] {
    const { self, views } = this.#context
    return views.current.view.replicas.map(({ id }) => id).filter((id) => id !== self)
  }

  #setTimer(timer: Timer, afterMs: number): void {
    this.#timers.get(timer)?.()
    const cancel = this.#modules.clock.after(afterMs, () => {
      this.#timers.delete(timer)
      this.#handlers.timeout(timer)
    })
    this.#timers.set(timer, cancel)
  }
}
