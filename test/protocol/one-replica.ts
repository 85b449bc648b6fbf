import {
  type CoreOptions,
  continues,
  type Effect,
  type ExecutedHeight,
  type Input,
  NO_PLACE,
  ReplicaCore,
  type Restored,
  type WalRecord,
} from '../../src/consensus/index.js'
import type {
  Base,
  Batch,
  Certificate,
  Digest,
  FinalityCertificate,
  HeldLane,
  Lock,
  Message,
  PeerStatus,
  PreparedCertificate,
  Regency,
  ReplicaId,
  StopData,
  StopReason,
  Value,
} from '../../src/types/index.js'
import { markVerified } from '../../src/types/verified.js'
import { digestOf, headerOf, signedBy, testBatch, testOptions } from '../consensus/cluster.js'

const NOTHING: Restored = { height: 0, heads: [], records: [] }
const NO_DIGEST = '00'.repeat(32)

export type Execute = Extract<Effect, { readonly kind: 'execute' }>

/** One core whose peers the test plays. Replica r mod n leads regency r. Its own votes do not come back to it. */
export class OneReplica {
  nowMs = 1_000_000
  wallMs = 1_000_000
  /** What it keeps: a log that is synced at once, and a ledger that is written when the test says so. */
  log: WalRecord[] = []
  written: FinalityCertificate | undefined
  /** Without, executions wait for the test. */
  executes = true
  readonly executions: Execute[] = []
  readonly options: CoreOptions
  core: ReplicaCore
  #start = 1
  #stops = 0
  /** By height - 1; what lies below the view is not there. */
  #blocks: (ExecutedHeight | undefined)[] = []
  readonly #batches = new Map<Digest, Batch>()
  readonly self: ReplicaId
  readonly n: number

  constructor(self: ReplicaId, changes: Partial<CoreOptions> = {}, n = 4, restored: Restored = NOTHING) {
    this.self = self
    this.n = n
    this.options = testOptions(self, n, changes)
    this.core = new ReplicaCore(this.options, restored)
    this.core.start(this.now())
  }

  now() {
    return { monotonicMs: this.nowMs, wallMs: this.wallMs }
  }

  get others(): readonly ReplicaId[] {
    return this.options.view.replicas.map(({ id }) => id).filter((id) => id !== this.self)
  }

  /** Takes one input; all that follows of it, executions included, comes back. */
  step(input: Input): Effect[] {
    return this.#carryOut(this.core.step(input, this.now()))
  }

  #carryOut(effects: readonly Effect[]): Effect[] {
    const more: Effect[] = []
    for (const effect of effects) {
      if (effect.kind === 'persist') this.log.push(effect.record)
      if (effect.kind === 'final') this.written = effect.certificate
      if (effect.kind === 'execute') {
        if (this.executes) more.push(...this.execute(effect))
        else this.executions.push(effect)
      }
    }
    return [...effects, ...more]
  }

  /** @param header another one than a correct execution gives */
  execute({ token, cid, value }: Execute, header = headerOf(this.header(cid - 1), value.digest)): Effect[] {
    const block = { height: cid, digest: value.digest, header, heads: this.#headsMoved(cid, value) }
    this.#blocks.length = Math.min(this.#blocks.length, cid - 1)
    this.#blocks[cid - 1] = block
    return this.step({ kind: 'executed', token, block })
  }

  #headsMoved(cid: number, { batches }: Value): readonly HeldLane[] {
    const heads = new Map<ReplicaId, HeldLane>()
    for (const block of this.#blocks.slice(0, cid - 1))
      for (const head of block?.heads ?? []) heads.set(head.lane, head)
    const moved = new Map<ReplicaId, HeldLane>()
    for (const digest of batches) {
      const batch = this.#batches.get(digest)
      if (batch === undefined || !continues(heads.get(batch.lane) ?? NO_PLACE, batch)) continue
      const { lane, incarnation, number } = batch
      heads.set(lane, { lane, incarnation, number })
      moved.set(lane, { lane, incarnation, number })
    }
    return [...moved.values()]
  }

  /** Of the block that was executed here. */
  header(height: number): Digest {
    return this.#blocks[height - 1]?.header ?? ''
  }

  give(sender: ReplicaId, message: Message, proofs: readonly Certificate[] = []): Effect[] {
    return this.step({ kind: 'message', message: markVerified(signedBy(sender, message, proofs)) })
  }

  giveFrom(senders: readonly ReplicaId[], message: Message): Effect[] {
    return senders.flatMap((sender) => this.give(sender, message))
  }

  giveBatch(number: number, lane = 0, incarnation = 1): Effect[] {
    return this.take(testBatch(lane, number, incarnation))
  }

  take(batch: Batch, cost = 1): Effect[] {
    this.#batches.set(batch.digest, batch)
    return this.step({ kind: 'batch', batch: markVerified(batch), cost })
  }

  /** The value that names one batch. */
  value(number: number, lane = 0): Value {
    return this.valueOf([testBatch(lane, number).digest])
  }

  valueOf(batches: readonly Digest[], timestampMs = 1_000_000): Value {
    return this.options.makeValue(timestampMs, batches)
  }

  propose(cid: number, value = this.value(cid), regency = 1): Effect[] {
    return this.give(regency % this.n, { kind: 'propose', cid, regency, value })
  }

  writes(cid: number, value = this.value(cid), regency = 1, from = this.others): Effect[] {
    return this.giveFrom(from, { kind: 'write', cid, regency, digest: value.digest })
  }

  /** ACCEPTs of others who executed what this replica did. */
  accepts(cid: number, value = this.value(cid), regency = 1, from = this.others): Effect[] {
    const header = headerOf(this.header(cid - 1), value.digest)
    return this.giveFrom(from, { kind: 'accept', cid, regency, digest: value.digest, header })
  }

  /** Batch, proposal and WRITEs of others: this replica is prepared, and accepts when it may. */
  prepare(cid: number, value = this.value(cid), regency = 1): Effect[] {
    return [...this.giveBatch(cid), ...this.propose(cid, value, regency), ...this.writes(cid, value, regency)]
  }

  /** A height from its batch to finality. */
  decide(cid: number, regency = 1): Effect[] {
    const value = this.value(cid)
    return [...this.prepare(cid, value, regency), ...this.accepts(cid, value, regency)]
  }

  /** The ledger is written up to the newest certificate. */
  write(): Effect[] {
    if (this.written === undefined) throw new Error('nothing is final')
    return this.step({ kind: 'written', certificate: this.written })
  }

  learn(certificate: Certificate): Effect[] {
    return this.step({ kind: 'certificate', certificate: markVerified(certificate) })
  }

  hear(from: ReplicaId, status: Partial<PeerStatus>, finality?: FinalityCertificate): Effect[] {
    const input = { kind: 'status', from, status: statusOf(status) } as const
    return this.step(finality === undefined ? input : { ...input, finality: markVerified(finality) })
  }

  /** A STOP that is newer than all before. */
  stop(sender: ReplicaId, regency: Regency, reason: StopReason = 'wish'): Effect[] {
    this.#stops += 1
    return this.give(sender, { kind: 'stop', regency, reason, start: 1, number: this.#stops })
  }

  stops(senders: readonly ReplicaId[], regency: Regency): Effect[] {
    return senders.flatMap((sender) => this.stop(sender, regency))
  }

  /** Others install a regency, and its leader sends the SYNC of these STOPDATA with all proofs. */
  changeTo(regency: Regency, stopData: readonly (readonly [ReplicaId, Partial<StopData>])[]): Effect[] {
    return [...this.stops(this.others, regency), ...this.sync(regency, stopData)]
  }

  sync(
    regency: Regency,
    stopData: readonly (readonly [ReplicaId, Partial<StopData>])[],
    proofs = stopData.flatMap(([, message]) => proofsOf(message)),
  ): Effect[] {
    const reports = stopData.map(([sender, changes]) => signedBy(sender, stopDataOf(regency, changes)))
    return this.give(regency % this.n, { kind: 'sync', regency, stopData: reports, proofs })
  }

  /** Lets time pass, tick by tick. */
  wait(ms: number, tickMs = this.options.timings.tickMs): Effect[] {
    return Array.from({ length: Math.ceil(ms / tickMs) }, () => {
      this.nowMs += tickMs
      this.wallMs += tickMs
      return (['tick', 'propose', 'fetch'] as const).flatMap((timer) => this.step({ kind: 'timeout', timer }))
    }).flat()
  }

  /** Waits for a message of its own, and says how long that took, ms. */
  waitFor(kind: Message['kind'], atMostMs: number): number {
    const sinceMs = this.nowMs
    while (sent(this.wait(this.options.timings.tickMs), kind).length === 0) {
      if (this.nowMs - sinceMs > atMostMs) return Number.POSITIVE_INFINITY
    }
    return this.nowMs - sinceMs
  }

  /** The next start of this replica: on its log, and on the ledger up to what was written. */
  restart(height = 0, changes: Partial<CoreOptions> = {}): Effect[] {
    this.#start += 1
    const records = [...this.log]
    this.#blocks.length = height
    this.executions.length = 0
    const heads = new Map<ReplicaId, HeldLane>()
    for (const block of this.#blocks) for (const head of block?.heads ?? []) heads.set(head.lane, head)
    const certificate = height === 0 ? {} : { certificate: this.certificateOf(height) }
    const restored: Restored = { height, heads: [...heads.values()], records, ...certificate }
    this.core = new ReplicaCore({ ...this.options, ...changes, start: this.#start }, restored)
    return this.#carryOut(this.core.start(this.now()))
  }

  /** An orderly stop, and the next start. */
  stopAndRestart(height = 0): Effect[] {
    const mark = this.core.mark()
    if (mark !== undefined) this.log.push(mark)
    return this.restart(height)
  }

  /** The batches of a log are there again after a start. */
  giveBatches(): Effect[] {
    return [...this.#batches.values()].flatMap((batch) => this.take(batch))
  }

  certificateOf(height: number, regency = 1): FinalityCertificate {
    const block = this.#blocks[height - 1]
    return finality(height, regency, block?.digest ?? '', block?.header ?? '')
  }
}

export const stopDataOf = (regency: Regency, changes: Partial<StopData> = {}): StopData => ({
  kind: 'stop-data',
  regency,
  base: { height: 0, regency: 0, digest: NO_DIGEST, header: NO_DIGEST },
  locks: [],
  ...changes,
})

export const lock = (cid: number, regency: Regency, digest = digestOf('value')): Lock => ({ cid, regency, digest })

export const baseAt = (height: number, regency = 1, name = `block ${height}`): Base => ({
  height,
  regency,
  digest: digestOf(`value of ${name}`),
  header: digestOf(`header of ${name}`),
})

/** The certificates that prove all that a STOPDATA says. */
export function proofsOf({ base, locks = [] }: Partial<StopData>): readonly Certificate[] {
  const locked = locks.map(({ cid, regency, digest }) => prepared(cid, regency, digest))
  if (base === undefined || base.regency === 0) return locked
  return [finality(base.height, base.regency, base.digest, base.header), ...locked]
}

const signatures = (replicas: readonly ReplicaId[]) =>
  replicas.map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica + 1) }))

export const prepared = (cid: number, regency: Regency, digest = digestOf('value')): PreparedCertificate => ({
  kind: 'write',
  view: 0,
  cid,
  regency,
  digest,
  signatures: signatures([0, 1, 2]),
})

export const finality = (cid: number, regency: Regency, digest: Digest, header: Digest): FinalityCertificate => ({
  kind: 'accept',
  view: 0,
  cid,
  regency,
  digest,
  header,
  signatures: signatures([0, 1, 2]),
})

export const statusOf = (changes: Partial<PeerStatus> = {}): PeerStatus => ({
  view: 0,
  regency: 1,
  asked: 1,
  executed: 0,
  finalized: 0,
  silentUntil: 0,
  awaitsSync: false,
  lanes: [],
  roundTripMs: 0,
  ...changes,
})

export function sent<K extends Message['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<Message, { readonly kind: K }>[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === kind
      ? [effect.message as Extract<Message, { readonly kind: K }>]
      : [],
  )
}

export function all<K extends Effect['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<Effect, { readonly kind: K }>[] {
  return effects.filter((effect): effect is Extract<Effect, { readonly kind: K }> => effect.kind === kind)
}

export const kinds = (effects: readonly Effect[]): string[] => effects.map(({ kind }) => kind)

/** Places of records and messages among the effects: what is durable before what leaves. */
export function placeOf(
  effects: readonly Effect[],
  of: WalRecord['kind'] | Message['kind'],
  what: 'record' | 'message',
): number {
  return effects.findIndex((effect) =>
    what === 'record'
      ? effect.kind === 'persist' && effect.record.kind === of
      : effect.kind === 'send' && effect.message.kind === of,
  )
}
