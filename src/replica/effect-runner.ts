import { assert } from '../base/assert.js'
import { decodeValue } from '../codec/block.js'
import { encodeEnvelope, encodeMessageBody, messageStatement } from '../codec/consensus.js'
import { encodeFrame, type Frame, type Status } from '../codec/frame.js'
import { encodeLogRecord } from '../codec/wal.js'
import type { Effect, Timer } from '../consensus/index.js'
import type { Clock, Counters, Signer, TrafficClass, Transport, WriteAheadLog } from '../ports.js'
import type { FinalityCertificate, PeerStatus, ReplicaId, Signed, WalRecord } from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'

/** Effects that somebody else carries out, once their turn has come. */
export type ForwardedEffect = Extract<
  Effect,
  { kind: 'execute' | 'final' | 'drop-batches' | 'regency-installed' | 'misbehaviour' | 'silence' }
>

type Send = Extract<Effect, { kind: 'send' }>

export interface EffectHandlers {
  /** An own message, signed: it goes to the core like anybody else's. */
  readonly own: (message: Signed) => void
  readonly timeout: (timer: Timer) => void
  readonly forward: (effect: ForwardedEffect) => void
  /** Signs for the current view; absent where this replica only follows. */
  readonly signer: () => Signer | undefined
  /** Peers that ask where the others stand. */
  readonly silentPeers: () => ReadonlySet<ReplicaId>
  /** This replica's newest certificate, for their sake. */
  readonly finality: () => FinalityCertificate | undefined
  /** Called when the log is compacted: the records that the new one starts with. */
  readonly liveRecords: () => readonly Uint8Array[]
  /** The disk failed: nothing can be promised any more. */
  readonly fatal: (error: unknown) => void
  /** What a status says beside where the core stands. */
  readonly holdings: () => Pick<Status, 'oldest' | 'snapshot'>
  /** A number to be echoed, which measures the round trip; now and then. */
  readonly ping: () => number | undefined
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

/** An effect and the number of the record that must be durable before it. */
interface Waiting {
  readonly effect: Effect
  readonly after: number
}

/**
 * Carries out the core's effects. Records go to the log as they come and share a sync with all that came meanwhile (group commit). An ACCEPT or
 * STOPDATA leaves when every record before it is durable; other messages wait for promises only, so that a WRITE never waits for the
 * sync of an ACCEPT.
 */
export class EffectRunner {
  readonly #context: ReplicaContext
  readonly #modules: EffectRunnerModules
  readonly #handlers: EffectHandlers
  readonly #timers = new Map<Timer, () => void>()
  #waiting: Waiting[] = []
  #scheduled = false
  #syncing: Promise<void> | undefined
  #stopped = false
  /** Records appended, the newest that is a promise, and those that are durable. */
  #appended = 0
  #promised = 0
  #durable = 0
  #sizeAfterCompaction: number

  constructor(context: ReplicaContext, modules: EffectRunnerModules, handlers: EffectHandlers) {
    this.#context = context
    this.#modules = modules
    this.#handlers = handlers
    this.#sizeAfterCompaction = modules.wal.size()
  }

  run(effects: readonly Effect[]): void {
    if (effects.length === 0 || this.#stopped) return
    for (const effect of effects) {
      if (effect.kind === 'persist') this.#append(effect.record)
      else this.#waiting.push({ effect, after: this.#needs(effect) })
    }
    if (this.#scheduled) return
    this.#scheduled = true
    this.#modules.clock.soon(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  /** The record of an ACCEPT comes after the batches of its value: what it promises to give is on disk with it. */
  #append(record: WalRecord): void {
    const { store, wal } = this.#modules
    const { sha256 } = this.#context
    const batchesOf = (value: Uint8Array) => decodeValue(sha256, value)?.batches ?? []
    if (record.kind === 'accept') {
      for (const batch of store.toLog(batchesOf(record.value))) {
        wal.append(encodeLogRecord({ kind: 'batch', bytes: batch.bytes }))
      }
    }
    wal.append(encodeLogRecord(record))
    this.#appended += 1
    if (record.kind !== 'accept') this.#promised = this.#appended
  }

  #needs(effect: Effect): number {
    if (effect.kind !== 'send') return 0
    const { kind } = effect.message
    return kind === 'accept' || kind === 'stop-data' ? this.#appended : this.#promised
  }

  /** Settles when all that waits now has been said. */
  async said(): Promise<void> {
    const last = this.#waiting.at(-1)
    while (last !== undefined && this.#waiting.includes(last)) {
      await (this.#syncing ?? new Promise<void>((resolve) => this.#modules.clock.soon(resolve)))
    }
  }

  /** Ends the work; what was not yet durable is not sent. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#clear()
    await this.#syncing
  }

  /** Drops what waits to be said and stops all timers, for a new core; what was appended to the log stays, and is synced. */
  async reset(): Promise<void> {
    this.#clear()
    await this.#syncing
    await this.#modules.wal.sync()
    this.#durable = this.#appended
  }

  #clear(): void {
    this.#waiting = []
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  /** The log was written anew from outside. */
  compacted(): void {
    this.#sizeAfterCompaction = this.#modules.wal.size()
  }

  #pump(): void {
    if (this.#stopped) return
    if (this.#durable < this.#appended) this.#syncing ??= this.#sync()
    const ready = this.#waiting.filter(({ after }) => after <= this.#durable)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter(({ after }) => after > this.#durable)
    for (const { effect } of ready) this.#carryOut(effect)
  }

  async #sync(): Promise<void> {
    const { wal, counters } = this.#modules
    try {
      const appended = this.#appended
      await wal.sync()
      counters.add('wal-syncs')
      this.#durable = appended
      if (wal.size() - this.#sizeAfterCompaction >= WAL_BYTES_MAX && !this.#stopped) await this.#compact()
      this.#syncing = undefined
      this.#pump()
    } catch (error) {
      this.#stopped = true
      this.#syncing = undefined
      this.#handlers.fatal(error)
    }
  }

  /** The new records stand for all that was appended until now. */
  async #compact(): Promise<void> {
    const { wal, counters } = this.#modules
    const appended = this.#appended
    await wal.rewrite(this.#handlers.liveRecords())
    counters.add('wal-compactions')
    this.#durable = appended
    this.#sizeAfterCompaction = wal.size()
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        return
      case 'send':
        this.#send(effect)
        return
      case 'relay':
        this.#post(effect.to, 'consensus', { kind: 'envelope', bytes: effect.message.bytes })
        return
      case 'send-certificate': {
        const { certificate, to } = effect
        this.#post(to === 'view' ? this.#others() : to, 'consensus', { kind: 'certificate', certificate })
        return
      }
      case 'send-installation': {
        const stops = effect.stops.map(({ bytes }) => bytes)
        this.#post(effect.to === 'view' ? this.#others() : effect.to, 'consensus', { kind: 'installation', stops })
        return
      }
      case 'send-evidence':
        this.#post(this.#others(), 'consensus', { kind: 'evidence', first: effect.first, second: effect.second })
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

  #send({ to, message, proofs = [] }: Send): void {
    const { self, views } = this.#context
    const { view } = views.current
    const signer = this.#handlers.signer()
    assert(signer !== undefined, `replica ${self} follows view ${view.id} and has nothing to say in it`)
    const body = encodeMessageBody(message)
    const signature = signer.sign(messageStatement(this.#context, view.id, message, body))
    this.#modules.counters.add('signatures-made')
    const bytes = encodeEnvelope(message.kind, self, view.id, body, signature, proofs)
    const others = to === 'view' ? this.#others() : to.filter((replica) => replica !== self)
    this.#post(others, 'consensus', { kind: 'envelope', bytes })
    if (to === 'view' || to.includes(self)) {
      const beside = proofs.length === 0 ? {} : { proofs }
      this.#handlers.own({ sender: self, view: view.id, message, signature, bytes, ...beside })
    }
  }

  /** To all who are connected: whoever follows must know how far the others are. Who is silent is given the proof. */
  #sendStatus(core: PeerStatus): void {
    const { holdings, finality: newest, ping, silentPeers } = this.#handlers
    const number = ping()
    const status: Status = { ...core, ...holdings(), ...(number === undefined ? {} : { ping: number }) }
    const silent = silentPeers()
    const connected = this.#modules.transport.connected()
    const others = silent.size === 0 ? connected : connected.filter((peer) => !silent.has(peer))
    this.#post(others, 'transfer', { kind: 'status', status })
    if (silent.size === 0) return
    const finality = newest()
    const proven = finality?.cid === core.finalized ? { ...status, finality } : status
    this.#post([...silent], 'transfer', { kind: 'status', status: proven })
  }

  /** Frames that a full outbox refuses are counted there; the protocol says them again. */
  #post(to: readonly ReplicaId[], traffic: TrafficClass, frame: Frame): void {
    if (to.length === 0) return
    const bytes = encodeFrame(frame)
    this.#modules.counters.add(`frames.${frame.kind}`, to.length)
    this.#modules.counters.add('bytes.sent', bytes.length * to.length)
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
