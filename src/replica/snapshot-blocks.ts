import { decodeWholeBlock } from '../codec/snapshot.js'
import type { Ledger } from '../ports.js'
import { type BlockRecord, type Digest, type Height, LIMITS, type SealedHeader } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { Ingress } from './ingress.js'
import { inSnapshotWindow, openWhole } from './snapshot-window.js'

/**
 * The blocks that come with a snapshot, so that what was executed lately is known and answered with its first receipt. They are
 * taken from the snapshot's height down: each header's hash is known from the one above.
 */
export class SnapshotBlocks {
  readonly #context: ReplicaContext
  readonly #ledger: Ledger
  readonly #ingress: Ingress
  readonly #snapshot: SealedHeader
  #next: Height
  #expected: Digest
  /** The lowest height so far that has a certificate of its own; that of the snapshot comes with its manifest. */
  #certified: Height
  /** Blocks taken below the dedup window. */
  #below = 0
  #done = false

  constructor(
    context: ReplicaContext,
    { ledger, ingress }: { readonly ledger: Ledger; readonly ingress: Ingress },
    snapshot: SealedHeader,
  ) {
    this.#context = context
    this.#ledger = ledger
    this.#ingress = ingress
    this.#snapshot = snapshot
    this.#next = snapshot.header.height
    this.#expected = snapshot.hash
    this.#certified = snapshot.header.height
  }

  /** First height, once all blocks are here. */
  get first(): Height | undefined {
    return this.#done ? this.#next + 1 : undefined
  }

  /** What is to be pulled next; `undefined` when all is here. */
  next(): { readonly fromHeight: Height; readonly toHeight: Height } | undefined {
    this.#resume()
    if (this.#done) return undefined
    return { fromHeight: Math.max(1, this.#next - LIMITS.fetchBlocksMax + 1), toHeight: this.#next }
  }

  /** Passes over what an earlier transfer left here: it was checked before it was kept. */
  #resume(): void {
    while (!this.#done) {
      const bytes = this.#ledger.staging.block(this.#next)
      const block = bytes && decodeWholeBlock(this.#context.sha256, bytes)
      if (block === undefined || block.record.sealed.hash !== this.#expected || !this.#isCovered(block.record)) return
      this.#pass(block.record)
    }
  }

  /** @returns `none` when nothing of what was asked for came, `bad` when something else did */
  async take(blocks: readonly Uint8Array[]): Promise<'taken' | 'none' | 'bad'> {
    if (blocks.length === 0) return 'none'
    for (const bytes of blocks) {
      if (this.#done) return 'taken'
      const block = decodeWholeBlock(this.#context.sha256, bytes)
      if (block === undefined || !this.#isCovered(block.record)) {
        this.#ingress.reject('bad-snapshot')
        return 'bad'
      }
      if (openWhole(this.#context, this.#ingress, block, this.#expected) === undefined) return 'bad'
      await this.#ledger.staging.putBlock(this.#next, bytes)
      this.#pass(block.record)
    }
    return 'taken'
  }

  /** Whether the block can be proven final later on: who leaves the certificates out would make a ledger that nobody can check. */
  #isCovered({ certificate }: BlockRecord): boolean {
    if (certificate !== undefined || this.#next === this.#snapshot.header.height) return true
    const { views } = this.#context
    const endsView = views.at(this.#next) !== views.at(this.#next + 1)
    return !endsView && this.#certified - this.#next <= LIMITS.windowMax
  }

  #pass({ sealed, certificate }: BlockRecord): void {
    const { timeMs, previous } = sealed.header
    if (certificate !== undefined) this.#certified = this.#next
    const { dedupWindowMs } = this.#context.genesis.parameters
    if (timeMs < this.#snapshot.header.timeMs - dedupWindowMs) this.#below += 1
    this.#next -= 1
    this.#expected = previous
    this.#done = this.#next === 0 || !inSnapshotWindow(this.#context, this.#below)
  }
}
