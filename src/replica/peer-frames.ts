import { decodeValue } from '../codec/block.js'
import { decodeFrame, encodeFrame, type Frame, type Status } from '../codec/frame.js'
import type { Input } from '../consensus/index.js'
import type { Ledger, TrafficClass, Transport } from '../ports.js'
import type { ReplicaId } from '../types/index.js'
import type { BatchIntake } from './batch-intake.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'
import type { CoreInForce } from './core-in-force.js'
import type { Ingress } from './ingress.js'
import type { LedgerCare } from './ledger-care.js'
import type { SnapshotServer } from './snapshot-server.js'
import type { SnapshotTransfer } from './snapshot-transfer.js'
import { answerFetch, type CarriedBlock, openRecord } from './state-transfer.js'

export interface PeerFramesModules {
  readonly transport: Transport
  readonly ledger: Ledger
  readonly ingress: Ingress
  readonly intake: BatchIntake
  readonly store: BatchStore
  readonly cores: CoreInForce
  readonly snapshots: SnapshotServer
  readonly transfer: SnapshotTransfer
  readonly care: LedgerCare
  readonly feed: (input: Input) => void
  readonly install: (block: CarriedBlock) => void
  readonly running: () => boolean
  readonly fatal: (error: unknown) => void
}

/** What peers send: each frame goes to the part of the replica that it is for. */
export class PeerFrames {
  /** Peers whose votes are lost: they are to be proved where this replica stands. */
  readonly silentPeers = new Set<ReplicaId>()
  readonly #context: ReplicaContext
  readonly #modules: PeerFramesModules

  constructor(context: ReplicaContext, modules: PeerFramesModules) {
    this.#context = context
    this.#modules = modules
  }

  /** @returns a promise where the peer must not be read further until it settles */
  take(from: ReplicaId, traffic: TrafficClass, bytes: Uint8Array): void | Promise<void> {
    const { care, ingress, intake, running, transfer } = this.#modules
    const frame = decodeFrame(this.#context.sha256, bytes)
    if (frame === undefined) return ingress.reject('malformed-frame')
    switch (frame.kind) {
      case 'envelope':
        return this.#onEnvelope(frame.bytes)
      case 'batch':
        return intake.take(frame.bytes)
      case 'status':
        return this.#onStatus(from, frame.status)
      case 'fetch':
        return this.#onFetch(from, traffic, frame)
      case 'reply':
        return this.#onReply(frame)
      case 'snapshot-request':
        return this.#onSnapshotRequest(from, frame)
      case 'snapshot-reply':
        if (!running()) return
        // Only what is pulled for repair is of no snapshot.
        return frame.reply.height === 0 ? care.onReply(frame.reply) : transfer.onReply(from, frame.reply)
    }
  }

  #onEnvelope(bytes: Uint8Array): void {
    // Votes live on in certificates; a copy keeps them from holding the whole chunk of the stream that they came in.
    const message = this.#modules.ingress.message(new Uint8Array(bytes))
    if (message !== undefined) this.#modules.feed({ kind: 'message', message })
  }

  #onStatus(from: ReplicaId, status: Status): void {
    const { cores, feed, ingress, transfer } = this.#modules
    if (status.abstains === true) this.silentPeers.add(from)
    else this.silentPeers.delete(from)
    transfer.onStatus(from, status)
    feed({ kind: 'status', from, status })
    if (status.finality === undefined || cores.core.status().silent !== 'abstaining') return
    const certificate = ingress.finality(status.finality)
    if (certificate !== undefined) feed({ kind: 'report', from, certificate })
  }

  #onFetch(from: ReplicaId, traffic: TrafficClass, { request }: Extract<Frame, { kind: 'fetch' }>): void {
    const { cores, ledger, store, transport } = this.#modules
    const reply = answerFetch(request, store, cores.core, ledger)
    if (reply !== undefined) transport.send(from, traffic, encodeFrame({ kind: 'reply', reply }))
  }

  #onReply({ reply }: Extract<Frame, { kind: 'reply' }>): void | Promise<void> {
    const { cores, feed, ingress, install, intake } = this.#modules
    for (const bytes of reply.values) {
      const value = decodeValue(this.#context.sha256, bytes)
      if (value === undefined || !cores.core.namesValue(value.digest)) {
        ingress.reject('unwanted-reply')
        continue
      }
      feed({ kind: 'value', value })
    }
    for (const record of reply.blocks) {
      if (record.sealed.header.height <= cores.core.status().finalized) continue
      const block = openRecord(this.#context, ingress, record)
      if (block === undefined) break
      install(block)
    }
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
