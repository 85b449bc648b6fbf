import { EtalonError } from '../base/errors.js'
import {
  CHANNEL_SUBMISSIONS_MAX,
  type ChannelAnswer,
  decodeChannelAnswer,
  encodeChannelRequest,
  provenFromChannel,
} from '../codec/channel.js'
import type { ProvenReceipt } from '../codec/proven-receipt.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { Digest } from '../types/index.js'
import type { LightClient } from './light-client.js'
import type { EncodedTransaction } from './transaction.js'

/** What became of a submitted transaction: a receipt that was checked, or the refusal of the replica. */
export type Submitted =
  | { readonly kind: 'final'; readonly proven: ProvenReceipt }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string; readonly retryAfterMs: number }
  /** The connection ended first: whether it was ordered is not known, and the same bytes may be sent elsewhere. */
  | { readonly kind: 'lost' }

/** The part of a WebSocket that the channel uses; browsers and `ws` both have it. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  send(data: Uint8Array): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

/** Bytes of one message that the client sends at most; well below what a replica takes. */
const MESSAGE_BYTES_MAX = 1024 * 1024

interface Pending {
  readonly id: Digest
  readonly onSubmitted: (submitted: Submitted) => void
}

interface Queued {
  readonly ref: number
  readonly transaction: Uint8Array
}

/**
 * A connection to one replica on which many transactions are under way at once. What is submitted in one turn of the event
 * loop goes out as one message. Every receipt is verified before it is handed on.
 */
export class Channel {
  readonly #socket: WebSocketLike
  readonly #light: LightClient
  readonly #sha256: CryptoSuite['sha256']
  readonly #pending = new Map<number, Pending>()
  #queue: Queued[] = []
  #flushing = false
  #refs = 0
  #open = false
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>

  private constructor(socket: WebSocketLike, light: LightClient, sha256: CryptoSuite['sha256']) {
    this.#socket = socket
    this.#light = light
    this.#sha256 = sha256
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', () => {
        this.#open = false
        this.#loseAll()
        resolve()
      })
    })
    socket.addEventListener('message', ({ data }) => this.#onMessage(data))
  }

  /**
   * Opens a channel.
   * @param url `ws://host:port/v1/channel`
   * @throws EtalonError `client/unreachable`
   */
  static connect(
    socket: WebSocketLike,
    url: string,
    light: LightClient,
    sha256: CryptoSuite['sha256'],
  ): Promise<Channel> {
    socket.binaryType = 'arraybuffer'
    const channel = new Channel(socket, light, sha256)
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => {
        channel.#open = true
        resolve(channel)
      })
      const fail = () =>
        reject(new EtalonError('client/unreachable', `no channel to ${url}`, 'check the address, and the token'))
      socket.addEventListener('error', fail)
      socket.addEventListener('close', fail)
    })
  }

  /** Submits an encoded transaction. Never rejects. */
  submit(transaction: EncodedTransaction): Promise<Submitted> {
    return new Promise((resolve) => this.submitThen(transaction, resolve))
  }

  /** The same without a promise, for loads of thousands a second. */
  submitThen(transaction: EncodedTransaction, onSubmitted: (submitted: Submitted) => void): void {
    if (!this.#open) {
      onSubmitted({ kind: 'lost' })
      return
    }
    const ref = this.#nextRef()
    this.#pending.set(ref, { id: transaction.id, onSubmitted })
    this.#queue.push({ ref, transaction: transaction.bytes })
    if (this.#flushing) return
    this.#flushing = true
    setTimeout(() => this.#flush(), 0)
  }

  /** Transactions whose outcome is awaited. */
  get pending(): number {
    return this.#pending.size
  }

  close(): void {
    this.#open = false
    this.#socket.close()
    this.#loseAll()
  }

  #nextRef(): number {
    do this.#refs = (this.#refs + 1) >>> 0
    while (this.#pending.has(this.#refs))
    return this.#refs
  }

  #flush(): void {
    this.#flushing = false
    const queue = this.#queue
    this.#queue = []
    for (let from = 0; from < queue.length && this.#open; ) {
      let to = from
      for (let bytes = 0; to < queue.length && to - from < CHANNEL_SUBMISSIONS_MAX; to++) {
        bytes += (queue[to]?.transaction.length ?? 0) + 16
        if (to > from && bytes > MESSAGE_BYTES_MAX) break
      }
      this.#socket.send(encodeChannelRequest(queue.slice(from, to)))
      from = to
    }
  }

  #onMessage(data: unknown): void {
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
    const answer = bytes && decodeChannelAnswer(this.#sha256, bytes)
    // A replica that does not keep to the protocol is left, and others are asked.
    if (answer === undefined || !this.#take(answer)) this.close()
  }

  #take(answer: ChannelAnswer): boolean {
    for (const { ref, code, detail, retryAfterMs } of answer.refusals) {
      this.#settle(ref, { kind: 'refused', code, detail, retryAfterMs })
    }
    if (answer.views !== undefined && this.#light.follow(answer.views) !== undefined) return false
    for (const block of answer.blocks) {
      for (const carried of block.receipts) {
        const proven = provenFromChannel(block, carried)
        const pending = this.#pending.get(carried.ref)
        if (pending === undefined) continue
        if (proven?.receipt.transaction !== pending.id || this.#light.receiptProblem(proven) !== undefined) return false
        this.#settle(carried.ref, { kind: 'final', proven })
      }
    }
    return true
  }

  #settle(ref: number, submitted: Submitted): void {
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    pending?.onSubmitted(submitted)
  }

  #loseAll(): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { onSubmitted } of pending) onSubmitted({ kind: 'lost' })
  }
}
