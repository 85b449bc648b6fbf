import type { SnapshotReply, SnapshotRequest } from '../codec/frame.js'
import { encodeChunk, encodeManifest, encodeWholeBlock } from '../codec/snapshot.js'
import { encodeViewLinks } from '../codec/view-links.js'
import type { Ledger, LedgerSnapshot, Logger } from '../ports.js'
import { type Height, LIMITS } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import { snapshotFirstHeight } from './snapshot-window.js'
import { viewLinks } from './view-links.js'

/** Snapshots that a replica serves; while it holds them, LevelDB keeps what they show. */
const SNAPSHOTS_MAX = 2
/** Answers under way at a time; further requests are not answered, and asked of others. */
const ANSWERS_MAX = 8

export interface SnapshotServerOptions {
  /** A snapshot is taken whenever the tip passes a multiple of this height, and one at the start. */
  readonly everyBlocks: number
}

interface Served {
  readonly snapshot: LedgerSnapshot
  manifest: Promise<Uint8Array> | undefined
}

const NOTHING = { manifest: new Uint8Array(), chunks: [], blocks: [] } as const

/** Holds the newest snapshots of this replica and answers pulls of their parts, and of blocks with their receipts. */
export class SnapshotServer {
  readonly #context: ReplicaContext
  readonly #ledger: Ledger
  readonly #logger: Logger
  readonly #options: SnapshotServerOptions
  /** Ascending by height. */
  #held: Served[] = []
  #answers = 0

  constructor(context: ReplicaContext, modules: { ledger: Ledger; logger: Logger }, options: SnapshotServerOptions) {
    this.#context = context
    this.#ledger = modules.ledger
    this.#logger = modules.logger
    this.#options = options
  }

  /** Called when the replica starts and after a snapshot was installed: there is something to serve at once. */
  start(): void {
    this.#take()
  }

  /** Called when a run of blocks has been written, before the next one is. @param before the tip until then */
  written(before: Height): void {
    const { everyBlocks } = this.#options
    const { height } = this.#ledger.tip().header
    if (Math.floor(height / everyBlocks) > Math.floor(before / everyBlocks)) this.#take()
  }

  #take(): void {
    const { height } = this.#ledger.tip().header
    if (height === 0 || this.#held.some(({ snapshot }) => snapshot.sealed.header.height === height)) return
    this.#held.push({ snapshot: this.#ledger.snapshot(), manifest: undefined })
    while (this.#held.length > SNAPSHOTS_MAX) this.#drop(this.#held.shift())
  }

  #drop(served: Served | undefined): void {
    served?.snapshot.close().catch((error: unknown) => {
      this.#logger.warn({ problem: String(error) }, 'a snapshot could not be closed')
    })
  }

  /** Height of the newest snapshot; 0 when there is none. */
  newest(): Height {
    return this.#held.at(-1)?.snapshot.sealed.header.height ?? 0
  }

  /** First height whose block must be kept for what is served. */
  firstHeight(): Height | undefined {
    const [oldest] = this.#held
    return oldest && snapshotFirstHeight(this.#context, this.#ledger, oldest.snapshot.sealed)
  }

  /** Answers a request; what is not held here is left out, and an answer without anything says just that. */
  async answer(request: SnapshotRequest): Promise<SnapshotReply | undefined> {
    if (this.#answers >= ANSWERS_MAX) return undefined
    this.#answers += 1
    try {
      return await this.#answer(request)
    } catch (error) {
      // A snapshot that was dropped while it was read, or a damaged row: others have it.
      this.#logger.warn({ height: request.height, problem: String(error) }, 'part of a snapshot could not be read')
      return { height: request.height, ...NOTHING }
    } finally {
      this.#answers -= 1
    }
  }

  async #answer(request: SnapshotRequest): Promise<SnapshotReply> {
    const { height, fromHeight, toHeight } = request
    if (fromHeight > 0) return { height, ...NOTHING, blocks: this.#blocks(fromHeight, toHeight) }
    const served = this.#find(height)
    if (served === undefined) return { height, ...NOTHING }
    const own = served.snapshot.sealed.header.height
    if (request.manifest) return { height: own, ...NOTHING, manifest: await this.#manifest(served) }
    return { height, ...NOTHING, chunks: await this.#chunks(served.snapshot, request.chunks) }
  }

  #find(height: Height): Served | undefined {
    const served = this.#held
    return height === 0 ? served.at(-1) : served.find(({ snapshot }) => snapshot.sealed.header.height === height)
  }

  /** Looked up once, when it is first asked for: it reads the whole state. */
  #manifest(served: Served): Promise<Uint8Array> {
    served.manifest ??= this.#makeManifest(served.snapshot)
    return served.manifest
  }

  async #makeManifest(snapshot: LedgerSnapshot): Promise<Uint8Array> {
    const chunks = await snapshot.chunks()
    const { sealed } = snapshot
    const finality = this.#ledger.certificate(sealed.header.height)
    if (chunks === undefined || finality === undefined) return new Uint8Array()
    const views = encodeViewLinks(viewLinks(this.#context, this.#ledger, finality.view))
    return encodeManifest({ sealed, finality, chunks, views })
  }

  async #chunks(snapshot: LedgerSnapshot, paths: readonly string[]): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for (const path of paths) {
      const chunk = await snapshot.chunk(path)
      if (chunk === undefined) continue
      const encoded = encodeChunk(chunk)
      bytes += encoded.length
      if (chunks.length > 0 && bytes > LIMITS.fetchReplyBytesMax) break
      chunks.push(encoded)
    }
    return chunks
  }

  /** From the highest down, as their hashes link them. */
  #blocks(from: Height, to: Height): Uint8Array[] {
    const blocks: Uint8Array[] = []
    let bytes = 0
    const last = Math.min(to, this.#ledger.tip().header.height)
    const first = Math.max(from, last - LIMITS.fetchBlocksMax + 1, 1)
    for (let height = last; height >= first; height--) {
      const block = this.#ledger.whole(height)
      if (block === undefined) break
      const encoded = encodeWholeBlock(block)
      bytes += encoded.length
      if (blocks.length > 0 && bytes > LIMITS.fetchReplyBytesMax) break
      blocks.push(encoded)
    }
    return blocks
  }

  /** Lets go of all snapshots. */
  stop(): void {
    for (const served of this.#held.splice(0)) this.#drop(served)
  }
}
