/**
 * Every port of a replica on one page. The core and the contracts are pure and need none of them; the replica
 * drives the core through these; ledger/ and p2p/ are their adapters, sim/ has its own.
 */
import type { ChunkRoot, SnapshotManifest, StateChunk, WholeBlock } from './codec/snapshot.js'
import type {
  BlockRecord,
  Digest,
  Finality,
  FinalityCertificate,
  Height,
  ReplicaId,
  ReplicaInfo,
  SealedHeader,
  TimeMs,
} from './types/index.js'

/**
 * Time and timers. `nowMs` is the wall clock, for timestamps only: proposals carry it, and peers check it within the drift bound. It may
 * jump. `monotonicMs` never goes back and measures how long something takes.
 */
export interface Clock {
  nowMs(): TimeMs
  monotonicMs(): number
  /** Calls back once after `afterMs`; the returned function cancels. */
  after(afterMs: number, callback: () => void): () => void
  /** Calls back once, after the events that are already waiting; used to group what one turn gives. */
  soon(callback: () => void): void
}

/** One consensus key. */
export interface Signer {
  /** Ed25519 signature, 64 bytes, over a statement of codec/statements.ts. */
  sign(statement: Uint8Array): Uint8Array
}

/**
 * The consensus keys of this replica. A key belongs to the views that name it and is erased when they have ended, so that no old
 * majority can sign a second history later (SmartChain, section V-C). Public keys are 64 hexadecimal characters.
 */
export interface KeyRing {
  /** `undefined` when the key is not held, or not any more. */
  signer(publicKey: string): Signer | undefined
  /** The key to vote with from the next view on, made and durable when this returns. `undefined`: keys are not changed. */
  next(): string | undefined
  /** Erases all keys but these and the next one, for good. */
  retain(publicKeys: readonly string[]): void
}

/** One signature to check. */
export interface SignatureJob {
  readonly keyType: 'ed25519' | 'p256'
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Checks many client signatures without holding up the event loop. */
export interface SignatureVerifier {
  /** Verdicts in the order of the jobs. */
  verify(jobs: readonly SignatureJob[]): Promise<readonly boolean[]>
  close(): Promise<void>
}

/**
 * Classes of traffic, one stream each, so that none waits behind another: `consensus` (votes and proposals, small),
 * `batch` (transactions, large), `transfer` (pulls, blocks and status).
 */
export type TrafficClass = 'consensus' | 'batch' | 'transfer'

/** Takes a frame from an admitted peer. A promise means: read no more from this stream until it settles. */
export type FrameHandler = (from: ReplicaId, traffic: TrafficClass, frame: Uint8Array) => void | Promise<void>

/**
 * Authenticated, ordered, lossy on reconnect: what a peer missed is sent again by the protocol. Started once. A frame that was
 * sent must not change afterwards; one that came may be a view of a larger chunk, so what is kept for long is copied.
 */
export interface Transport {
  /** Accepts frames from the peers and keeps connecting to them, with back-off, until `stop`. */
  start(handler: FrameHandler): Promise<void>
  /** Replaces the set of admitted peers; connections of others are closed. */
  setPeers(peers: readonly ReplicaInfo[]): void
  /** Queues a frame. `false`: refused, because the outbox of this peer and class is full, the peer is away, or the frame too long. */
  send(to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean
  /** Peers with an open connection now. */
  connected(): readonly ReplicaId[]
  /** Addresses that peers can dial, once started. */
  addresses(): readonly string[]
  /** Counters by stable name, for metrics: frames and bytes in and out, refusals by reason. */
  counters(): Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** Append-only and checksummed. Records are opaque here; codec/wal.ts gives them meaning. */
export interface WriteAheadLog {
  /** Records that survived, oldest first. A torn tail is cut off at open; damage before it is an error at open. */
  records(): Iterable<Uint8Array>
  /** Buffers a record; durable once a `sync` begun afterwards has settled. */
  append(record: Uint8Array): void
  /** Writes and syncs all that was appended before the call. Rejects, and stays broken, when the disk fails. */
  sync(): Promise<void>
  /** Bytes on disk. */
  size(): number
  /** Replaces the whole log by these records, atomically and synced. */
  rewrite(records: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}

/** One key of the contract state; `undefined` removes it. */
export interface StateChange {
  /** `<contract>/<key>`, 1 to 512 bytes of UTF-8. */
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** The contract state as of one block. */
export interface StateReader {
  get(key: string): Uint8Array | undefined
}

/** Proof that a key has a value, or none, under a state root. Its check is crypto/sparse-merkle.ts. */
export interface StateProof {
  readonly siblings: readonly (Uint8Array | undefined)[]
  /** What stands at the end of the path when it is not the key's own leaf: another leaf, or nothing. */
  readonly other?: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array }
}

/** State changes applied to the tree in memory, on top of the written state or of another staged one. */
export interface StagedState {
  readonly root: Digest
}

export interface TransactionLocation {
  readonly height: Height
  /** Position among the executed transactions of its block. */
  readonly index: number
}

/** A final block that is to be written. */
export interface NewBlock extends BlockRecord {
  /** Ids of the executed transactions, in order. */
  readonly transactions: readonly Digest[]
  /** Encoded receipts, in the same order. */
  readonly receipts: readonly Uint8Array[]
  readonly staged: StagedState
}

/** The state as of one block, readable while later blocks are written. */
export interface LedgerSnapshot {
  /** Header of that block. */
  readonly sealed: SealedHeader
  /** Subtrees of a bounded size that make up the state, ascending by path; `undefined` when there would be too many. */
  chunks(): Promise<readonly ChunkRoot[] | undefined>
  /** All rows of a subtree; `undefined` when it holds none, or more than a chunk may. */
  chunk(path: string): Promise<StateChunk | undefined>
  close(): Promise<void>
}

/** What was pulled of a peer's snapshot so far; kept over restarts, and without effect on the ledger. */
export interface SnapshotStaging {
  /** Root of the state that the chunks make up; `undefined` when they make up none. */
  rootOf(chunks: readonly ChunkRoot[]): Digest | undefined
  /** Which of these chunks are not here yet. Others that are here are dropped. */
  missing(chunks: readonly ChunkRoot[]): Promise<readonly ChunkRoot[]>
  /** Keeps a chunk. `false`, and nothing is kept, when it is not the subtree that the root names. */
  putChunk(root: ChunkRoot, chunk: StateChunk): Promise<boolean>
  /** Keeps an encoded block that the caller has checked. */
  putBlock(height: Height, bytes: Uint8Array): Promise<void>
  block(height: Height): Uint8Array | undefined
  clear(): Promise<void>
}

/** What a step of the scrub found. */
export interface ScrubStep {
  readonly rows: number
  /** True when the step ended with the last row: the next one begins anew. */
  readonly wrapped: boolean
  readonly damage: readonly Damage[]
}

export interface Damage {
  readonly detail: string
  /** Where a block is damaged, which peers can give again; absent where the state is. */
  readonly height?: Height
}

/**
 * The hash-linked chain of final blocks, the state with its tree, and the indexes. A pruned height is answered like an unknown one. What
 * is on disk is a whole prefix of the chain at every moment, and its tip has a certificate of its own (rules N7 and D1).
 */
export interface Ledger extends StateReader {
  /** Newest written block; genesis at first. */
  tip(): SealedHeader
  /** First height whose block is held whole: 1 unless older ones were pruned, or never here. Genesis has no block. */
  oldest(): Height
  /**
   * Computes the state root after the changes, without writing.
   * @param on the staged state below; the written state when absent
   */
  stage(changes: readonly StateChange[], on?: StagedState): StagedState
  /**
   * Appends a run of final blocks above the tip: one atomic, synced write. The last one brings a certificate of its own. Refuses a gap, a
   * wrong `previous`, a root other than the staged one, or a run without such an end.
   */
  append(run: readonly NewBlock[]): Promise<void>
  header(height: Height): SealedHeader | undefined
  receipts(height: Height): readonly Uint8Array[] | undefined
  /** What proves a height final; `undefined` for genesis and for heights that are not here. */
  finality(height: Height): Finality | undefined
  /** The height's own certificate, where it has one. The tip always has. */
  certificate(height: Height): FinalityCertificate | undefined
  /** Encoded links between views that came with a snapshot: the headers that they stand on are not held. */
  viewLinks(): Uint8Array
  /** The block with its body, for a replica that catches up. */
  record(height: Height): BlockRecord | undefined
  locate(transaction: Digest): TransactionLocation | undefined
  /** Keys with a prefix in ascending order of their UTF-8 bytes, after `after`, at most `limit`. Sees the newest executed block. */
  list(
    prefix: string,
    limit: number,
    after?: string,
  ): Promise<readonly { readonly key: string; readonly value: Uint8Array }[]>
  /** The value of a key at the tip, if any, and its proof under the tip's state root. */
  prove(key: string): { readonly value: Uint8Array | undefined; readonly proof: StateProof }
  /** A block with its receipts. */
  whole(height: Height): WholeBlock | undefined
  /** Holds the state as of the tip. */
  snapshot(): LedgerSnapshot
  readonly staging: SnapshotStaging
  /**
   * Puts the snapshot that the staging holds whole in the place of state and chain; a crash never leaves a part of it.
   * Readers see the ledger as it was until it is done. No block may be appended meanwhile.
   * @param first first height of the blocks that come with it
   */
  install(manifest: SnapshotManifest, first: Height): Promise<void>
  /** Removes bodies, receipts and index rows of heights below; headers and certificates stay. */
  prune(below: Height): Promise<void>
  /** Checks the next rows, in order of their keys, round and round. */
  scrub(rows: number): Promise<ScrubStep>
  /** Writes a block again that was damaged. The caller has checked it; it must be the one of this height. */
  repair(height: Height, block: WholeBlock): Promise<void>
  /** Hash that the header of a height must have by the header above it, or by the tip. */
  expectedHash(height: Height): Digest | undefined
  close(): Promise<void>
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** Counts by stable name; what is served as metrics. */
export interface Counters {
  add(name: string, amount?: number): void
}
