import { encodeEnvelope, encodeMessageBody, messageStatement } from '../../src/codec/consensus.js'
import { decodeFrame, encodeFrame, type FetchReply, type Frame } from '../../src/codec/frame.js'
import { batchDigest, statementBytes } from '../../src/codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../../src/codec/transaction.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'
import type { Signer, TrafficClass, Transport } from '../../src/ports.js'
import { contextOf } from '../../src/replica/index.js'
import type { Certificate, Digest, LanePlace, Message, ReplicaId, Signed } from '../../src/types/index.js'
import { type InProcessNetwork, testSeed } from './in-process.js'

const { sha256 } = nativeSuite

export const replicaSigner = (id: ReplicaId): Signer => createSigner(testSeed(`replica ${id}`))

/** What an attacker may say other than what a correct replica would. */
export interface Forgery {
  /** Who the message claims to be from. */
  readonly sender?: ReplicaId
  readonly view?: number
  /** Whose key signs it. */
  readonly signer?: Signer
  /** Certificates beside a message: no signature covers them. */
  readonly proofs?: readonly Certificate[]
}

export interface BatchForgery extends Forgery {
  /** The next of the member's lane unless another is given. */
  readonly place?: LanePlace
}

/** Each member begins an incarnation of its lane of its own, above those that a replica with its key has had. */
let incarnations = 1_000

/**
 * A member of the view that speaks for itself: it sees what its peers send, and sends what a test makes, over the memory network
 * and with its own transport key. Its frames may have any length.
 */
export class ByzantineMember {
  readonly id: ReplicaId
  readonly networkId: Uint8Array
  readonly inbox: { readonly from: ReplicaId; readonly frame: Frame }[] = []
  readonly #transport: Transport
  readonly #others: readonly ReplicaId[]
  readonly #incarnation = ++incarnations
  #number = 0

  private constructor(network: InProcessNetwork, id: ReplicaId) {
    const { genesis } = network
    const info = genesis.replicas[id]
    if (info === undefined) throw new Error(`no replica ${id}`)
    this.id = id
    this.networkId = contextOf(genesis, info, nativeSuite).networkId
    this.#others = genesis.replicas.map((replica) => replica.id).filter((other) => other !== id)
    const any = 64 * 1024 * 1024
    this.#transport = network.network.transport({
      self: id,
      peerId: info.peerId,
      networkId: 'test',
      peers: genesis.replicas,
      limits: {
        frameBytesMax: { consensus: any, batch: any, transfer: any },
        outboxBytesMax: { consensus: any, batch: any, transfer: any },
      },
    })
  }

  static async join(network: InProcessNetwork, id: ReplicaId): Promise<ByzantineMember> {
    const member = new ByzantineMember(network, id)
    await member.#transport.start((from, _, bytes) => {
      const frame = decodeFrame(sha256, bytes)
      if (frame !== undefined) member.inbox.push({ from, frame })
    })
    return member
  }

  leave(): Promise<void> {
    return this.#transport.stop()
  }

  connected(): readonly ReplicaId[] {
    return this.#transport.connected()
  }

  counters(): Readonly<Record<string, number>> {
    return this.#transport.counters()
  }

  /** Sends bytes as a frame to one replica, or to all. */
  send(
    bytes: Uint8Array,
    to: ReplicaId | readonly ReplicaId[] = this.#others,
    traffic: TrafficClass = 'consensus',
  ): void {
    for (const replica of [to].flat()) {
      if (!this.#transport.send(replica, traffic, bytes)) throw new Error(`nothing can be sent to replica ${replica}`)
    }
  }

  sendEnvelope(bytes: Uint8Array, to?: ReplicaId | readonly ReplicaId[]): void {
    this.send(encodeFrame({ kind: 'envelope', bytes }), to)
  }

  /** Signs a message, truly or not, and sends it. */
  say(message: Message, forgery: Forgery = {}, to?: ReplicaId | readonly ReplicaId[]): Signed {
    const signed = this.sign(message, forgery)
    this.sendEnvelope(signed.bytes, to)
    return signed
  }

  sign<M extends Message>(
    message: M,
    { sender = this.id, view = 0, signer = replicaSigner(this.id), proofs = [] }: Forgery = {},
  ): Signed<M> {
    const body = encodeMessageBody(message)
    const signature = signer.sign(messageStatement({ networkId: this.networkId, sha256 }, view, message, body))
    const bytes = encodeEnvelope(message.kind, sender, view, body, signature, proofs)
    return { sender, view, message, signature, bytes }
  }

  /** An encoded batch, its author's signature by whoever is named. */
  batch(
    transactions: readonly Uint8Array[],
    { sender = this.id, view = 0, signer = replicaSigner(this.id), place = this.#nextPlace() }: BatchForgery = {},
  ) {
    const body = encodeBatchBody(sender, place, transactions)
    const digest: Digest = batchDigest(sha256, this.networkId, body)
    const statement = statementBytes(this.networkId, { view, kind: 'batch', regency: 0, cid: 0, digest })
    return { digest, bytes: encodeBatch(body, view, signer.sign(statement)) }
  }

  #nextPlace(): LanePlace {
    this.#number += 1
    return { incarnation: this.#incarnation, number: this.#number }
  }

  sendBatch(bytes: Uint8Array, to?: ReplicaId | readonly ReplicaId[]): void {
    this.send(encodeFrame({ kind: 'batch', bytes }), to, 'batch')
  }

  reply(reply: Partial<FetchReply>, to?: ReplicaId | readonly ReplicaId[]): void {
    const whole = { batches: [], values: [], blocks: [], ...reply }
    this.send(encodeFrame({ kind: 'reply', reply: whole }), to, 'transfer')
  }

  fetch(request: Partial<Extract<Frame, { kind: 'fetch' }>['request']>, to: ReplicaId): void {
    const whole = { batches: [], values: [], fromHeight: 0, toHeight: 0, ...request }
    this.send(encodeFrame({ kind: 'fetch', request: whole }), to, 'transfer')
  }

  /** Replies that came to this member's requests. */
  replies(): readonly FetchReply[] {
    return this.inbox.flatMap(({ frame }) => (frame.kind === 'reply' ? [frame.reply] : []))
  }
}
