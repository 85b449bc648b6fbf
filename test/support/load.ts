import { toHex } from '../../src/base/bytes.js'
import {
  type Channel,
  type EncodedTransaction,
  EtalonClient,
  type Identity,
  type Submitted,
} from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { Digest, Genesis } from '../../src/types/index.js'

/** A receipt that a client verified. */
export interface Seen {
  readonly id: Digest
  readonly height: number
  /** Hash of the block's header. */
  readonly block: Digest
  readonly index: number
  /** Encoded receipt, hexadecimal. */
  readonly receipt: string
}

export interface LoadTarget {
  readonly url: string
  readonly identity: Identity
}

const RECONNECT_MS = 50

/**
 * Closed-loop clients over one channel to each replica: each has one signed transaction under way. What a lost channel leaves
 * open is sent again, the same bytes, to the next replica.
 */
export class Load {
  /** Verified receipts by transaction. */
  readonly seen = new Map<Digest, Seen>()
  /** When receipts were verified, ms of `performance.now()`. */
  readonly times: number[] = []
  /** Refusals that are final, by code. */
  readonly refused: string[] = []
  /** Transactions whose second receipt differed from the first. */
  readonly contradictions: string[] = []
  readonly #clients: readonly EtalonClient[]
  readonly #channels: (Channel | undefined)[]
  #running = true
  #count = 0
  #open = 0

  constructor(genesis: Genesis, targets: readonly LoadTarget[], clientsEach: number) {
    this.#clients = targets.map(
      ({ url, identity }) => new EtalonClient({ genesis, urls: [url], identity, suite: nativeSuite }),
    )
    this.#channels = targets.map(() => undefined)
    targets.forEach((_, target) => {
      void this.#connect(target)
      for (let i = 0; i < clientsEach; i++) void this.#next(target)
    })
  }

  /** Verified receipts since a time. */
  since(time: number): number {
    return this.times.filter((at) => at >= time).length
  }

  /** Longest time without a verified receipt between two moments, ms. */
  longestGap(from: number, to = performance.now()): number {
    let gap = 0
    let last = from
    for (const at of [...this.times.filter((time) => time > from && time < to), to]) {
      gap = Math.max(gap, at - last)
      last = at
    }
    return gap
  }

  /** Sends no more. What is under way is given up. */
  stop(): void {
    this.#running = false
    for (const channel of this.#channels) channel?.close()
  }

  /** Sends nothing new and waits for what is under way. */
  async finish(): Promise<void> {
    this.#count = Number.POSITIVE_INFINITY
    while (this.#open > 0 && this.#running) await pause()
    this.stop()
  }

  async #connect(target: number): Promise<void> {
    while (this.#running) {
      try {
        const channel = await this.#clients[target]?.channel()
        if (!this.#running) channel?.close()
        this.#channels[target] = channel
        await channel?.closed
        this.#channels[target] = undefined
      } catch {
        // down: tried again
      }
      await pause()
    }
  }

  async #next(home: number): Promise<void> {
    while (this.#running && this.#count < Number.POSITIVE_INFINITY) {
      const client = this.#clients[home]
      if (client === undefined) return
      this.#count += 1
      const args = { category: 'load', subject: `client of ${home}`, payload: `entry ${this.#count}` }
      const transaction = await client.encode('logbook', 'append', args)
      this.#open += 1
      await this.#settle(home, transaction)
      this.#open -= 1
    }
  }

  async #settle(home: number, transaction: EncodedTransaction): Promise<void> {
    for (let tries = 0; this.#running; tries++) {
      const submitted = await this.#submit((home + tries) % this.#channels.length, transaction)
      if (submitted.kind === 'final') {
        this.#note(transaction.id, submitted)
        return
      }
      if (submitted.kind === 'refused' && submitted.retryAfterMs === 0) {
        this.refused.push(submitted.code)
        return
      }
      await pause()
    }
  }

  #submit(target: number, transaction: EncodedTransaction): Promise<Submitted> {
    return this.#channels[target]?.submit(transaction) ?? Promise.resolve({ kind: 'lost' })
  }

  #note(id: Digest, { proven }: Extract<Submitted, { kind: 'final' }>): void {
    const { sealed, index, receiptBytes } = proven
    const seen = { id, height: sealed.header.height, block: sealed.hash, index, receipt: toHex(receiptBytes) }
    const earlier = this.seen.get(id)
    if (earlier !== undefined && earlier.block !== seen.block) this.contradictions.push(id)
    this.seen.set(id, seen)
    this.times.push(performance.now())
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
