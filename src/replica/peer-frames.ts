import { decodeValue } from '../codec/block.js'
import { decodeFrame, encodeFrame, type Frame, type Status } from '../codec/frame.js'
import type { Input } from '../consensus/index.js'
import type { TrafficClass, Transport } from '../ports.js'
import type { ReplicaId, Signed } from '../types/index.js'
import type { BatchIntake } from './batch-intake.js'
import type { BatchStore } from './batch-store.js'
import type { Chain } from './chain.js'
import type { ReplicaContext } from './context.js'
import type { CoreInForce } from './core-in-force.js'
import type { Ingress } from './ingress.js'
import type { LedgerCare } from './ledger-care.js'
import type { Measures } from './measures.js'
import type { HeardStatus } from './network-view.js'
import type { SnapshotServer } from './snapshot-server.js'
import type { SnapshotTransfer } from './snapshot-transfer.js'
import { answerFetch, openRecords } from './state-transfer.js'

/** Envelopes of the next view that are kept of one peer until it begins, and their bytes (rule V3). */
const NEXT_VIEW_ENVELOPES_MAX = 64
const NEXT_VIEW_BYTES_MAX = 256 * 1024

export interface PeerFramesModules {
  readonly transport: Transport
  readonly ingress: Ingress
  readonly intake: BatchIntake
  readonly store: BatchStore
  readonly cores: CoreInForce
  readonly chain: () => Chain
  readonly snapshots: SnapshotServer
  readonly transfer: SnapshotTransfer
  readonly care: LedgerCare
  readonly measures: Measures
  readonly feed: (input: Input) => void
  readonly running: () => boolean
  readonly fatal: (error: unknown) => void
}

/** What peers send: each frame goes to the part of the replica that it is for. */
export class PeerFrames {
  /** Peers that ask where the others stand: they are given proofs. */
  readonly silentPeers = new Set<ReplicaId>()
  /** What each peer said last. */
  readonly heard = new Map<ReplicaId, HeardStatus>()
  readonly #context: ReplicaContext
  readonly #modules: PeerFramesModules
  readonly #early = new Map<ReplicaId, { readonly envelopes: Uint8Array[]; bytes: number }>()

  constructor(context: ReplicaContext, modules: PeerFramesModules) {
    this.#context = context
    this.#modules = modules
  }

  /** @returns a promise where the peer must not be read further until it settles */
  take(from: ReplicaId, traffic: TrafficClass, bytes: Uint8Array): void | Promise<void> {
    const { care, feed, ingress, intake, measures, running, transfer } = this.#modules
    const frame = decodeFrame(this.#context.sha256, bytes)
    if (frame === undefined) return ingress.reject('malformed-frame')
    switch (frame.kind) {
      case 'envelope':
        return this.#onEnvelope(from, frame.bytes)
      case 'batch':
        return intake.take(frame.bytes)
      case 'status':
        return this.#onStatus(from, frame.status)
      case 'fetch':
        return this.#onFetch(from, traffic, frame)
      case 'reply':
        return this.#onReply(frame)
      case 'certificate': {
        const certificate = ingress.certificate(frame.certificate)
        if (certificate !== undefined) feed({ kind: 'certificate', certificate })
        return
      }
      case 'installation':
        return feed({ kind: 'installation', stops: ingress.stops(frame.stops.map(copy)) })
      case 'evidence':
        return this.#onEvidence(frame)
      case 'pong':
        return measures.pong(from, frame.ping)
      case 'snapshot-request':
        return this.#onSnapshotRequest(from, frame)
      case 'snapshot-reply':
        if (!running()) return
        // Only what is pulled for repair is of no snapshot.
        return frame.reply.height === 0 ? care.onReply(frame.reply) : transfer.onReply(from, frame.reply)
    }
  }

  /** Messages of the view that has begun, which came before it did. */
  replayEarly(): void {
    const early = [...this.#early]
    this.#early.clear()
    for (const [from, { envelopes }] of early) for (const bytes of envelopes) this.#onEnvelope(from, bytes)
  }

  #onEnvelope(from: ReplicaId, carried: Uint8Array): void {
    const { cores, feed, ingress } = this.#modules
    // Votes live on in certificates; a copy keeps them from holding the whole chunk of the stream that they came in.
    const bytes = copy(carried)
    if (cores.changing) {
      this.#keepEarly(from, bytes)
      return
    }
    const message = ingress.message(bytes, (signed) => this.#wants(from, signed))
    if (message !== undefined) feed({ kind: 'message', message })
    else if (ingress.viewOf(bytes) === this.#context.views.current.view.id + 1) this.#keepEarly(from, bytes)
  }

  /** What is known or outdone costs no check of a signature. A vote for what is final is answered with the certificate. */
  #wants(from: ReplicaId, signed: Signed): boolean {
    const { cores, feed } = this.#modules
    if (cores.core.wants(signed)) return true
    const { message, sender } = signed
    const isVote = message.kind === 'write' || message.kind === 'accept'
    if (isVote && sender === from) feed({ kind: 'outdated', from, cid: message.cid })
    return false
  }

  #keepEarly(from: ReplicaId, bytes: Uint8Array): void {
    const early = this.#early.get(from) ?? { envelopes: [], bytes: 0 }
    if (early.envelopes.length >= NEXT_VIEW_ENVELOPES_MAX || early.bytes + bytes.length > NEXT_VIEW_BYTES_MAX) return
    early.envelopes.push(bytes)
    early.bytes += bytes.length
    this.#early.set(from, early)
  }

  #onEvidence({ first, second }: Extract<Frame, { kind: 'evidence' }>): void {
    const { feed, ingress } = this.#modules
    const messages = [first, second].flatMap((bytes) => ingress.message(copy(bytes)) ?? [])
    const [one, other] = messages
    if (one !== undefined && other !== undefined) feed({ kind: 'evidence', first: one, second: other })
  }

  #onStatus(from: ReplicaId, status: Status): void {
    const { feed, ingress, transfer, transport } = this.#modules
    if (status.ping !== undefined) transport.send(from, 'transfer', encodeFrame({ kind: 'pong', ping: status.ping }))
    if (status.silent === 'barred' || status.silent === 'lost') this.silentPeers.add(from)
    else this.silentPeers.delete(from)
    this.heard.set(from, { status, atMs: this.#modules.measures.nowMs() })
    transfer.onStatus(from, status)
    const finality = status.finality && ingress.finality(status.finality)
    feed({ kind: 'status', from, status, ...(finality === undefined ? {} : { finality }) })
  }

  #onFetch(from: ReplicaId, traffic: TrafficClass, { request }: Extract<Frame, { kind: 'fetch' }>): void {
    const { cores, chain, store, transport } = this.#modules
    const reply = answerFetch(request, store, cores.core, chain())
    if (reply !== undefined) transport.send(from, traffic, encodeFrame({ kind: 'reply', reply }))
  }

  #onReply({ reply }: Extract<Frame, { kind: 'reply' }>): void | Promise<void> {
    const { cores, feed, ingress, chain, intake } = this.#modules
    for (const bytes of reply.values) {
      const value = decodeValue(this.#context.sha256, bytes)
      if (value === undefined || !cores.core.namesValue(value.digest)) {
        ingress.reject('unwanted-reply')
        continue
      }
      feed({ kind: 'value', value })
    }
    const wanted = reply.blocks.filter(({ sealed }) => sealed.header.height > chain().final)
    if (wanted.length > 0 && !cores.changing) chain().install(openRecords(this.#context, ingress, wanted))
    const waits = reply.batches.map((bytes) => intake.take(bytes)).filter((wait) => wait !== undefined)
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
  }

  /** Reading goes on meanwhile: how many answers are under way is bounded. */
  #onSnapshotRequest(from: ReplicaId, { request }: Extract<Frame, { kind: 'snapshot-request' }>): void {
    const { fatal, running, snapshots, transport } = this.#modules
    snapshots
      .answer(request)
      .then((reply) => {
        if (reply === undefined || !running()) return
        transport.send(from, 'transfer', encodeFrame({ kind: 'snapshot-reply', reply }))
      })
      .catch(fatal)
  }
}

const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
