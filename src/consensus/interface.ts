import type {
  Batch,
  Certificate,
  ConsensusId,
  Digest,
  Evidence,
  FinalityCertificate,
  Height,
  HeldLane,
  Message,
  PeerStatus,
  Regency,
  ReplicaId,
  Signed,
  Silence,
  Stop,
  TimeMs,
  Value,
  Verified,
  View,
  WalRecord,
} from '../types/index.js'

export type { PeerStatus, WalRecord } from '../types/index.js'

/** `tick` comes back steadily; `propose` ends the wait for a fuller proposal; `fetch` the wait for batches on their way. */
export type Timer = 'tick' | 'propose' | 'fetch'

/** Two clocks (rule L7): timers go by the one that never goes back, timestamps by the other, which may jump. */
export interface Now {
  readonly monotonicMs: number
  readonly wallMs: TimeMs
}

/** A height that was executed, and what it changed for the core. */
export interface ExecutedHeight {
  readonly height: Height
  /** Of the value. */
  readonly digest: Digest
  readonly header: Digest
  /** Heads of the lanes that it moved on. */
  readonly heads: readonly HeldLane[]
  /** Last height of this view, where the block sets it. */
  readonly lastHeight?: Height
}

/** All that can happen to the core. */
export type Input =
  | { readonly kind: 'message'; readonly message: Verified<Signed<Message>> }
  | { readonly kind: 'batch'; readonly batch: Verified<Batch>; readonly cost: number }
  /** A value pulled by digest; its digest was computed from the bytes that came. */
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'certificate'; readonly certificate: Verified<Certificate> }
  /** STOPs of a quorum, handed on by who installed the regency. */
  | { readonly kind: 'installation'; readonly stops: readonly Verified<Signed<Stop>>[] }
  | { readonly kind: 'evidence'; readonly first: Verified<Signed<Message>>; readonly second: Verified<Signed<Message>> }
  /** @param finality proves `finalized`, where the peer sent a proof */
  | {
      readonly kind: 'status'
      readonly from: ReplicaId
      readonly status: PeerStatus
      readonly finality?: Verified<FinalityCertificate>
    }
  | { readonly kind: 'timeout'; readonly timer: Timer }
  /** What this replica measured: the (Q - 1)-th smallest round trip, and what a full proposal costs it, ms. */
  | { readonly kind: 'measured'; readonly roundTripMs: number; readonly proposalMs: number }
  /** A peer voted for a height that needs no vote any more. */
  | { readonly kind: 'outdated'; readonly from: ReplicaId; readonly cid: ConsensusId }
  /** A value was executed, speculatively, on the chain below. `token` is that of the effect. */
  | { readonly kind: 'executed'; readonly token: number; readonly block: ExecutedHeight }
  /**
   * Final blocks of a peer were executed here, up to the height of the certificate.
   * @param kept whether the speculative blocks above still stand
   */
  | {
      readonly kind: 'installed'
      readonly blocks: readonly ExecutedHeight[]
      readonly certificate: Verified<FinalityCertificate>
      readonly kept: boolean
    }
  /** The ledger holds all up to this height, synced, with its certificate. */
  | { readonly kind: 'written'; readonly certificate: FinalityCertificate }

/**
 * What the runtime carries out. An ACCEPT or STOPDATA leaves only when every record before it is durable, other messages only
 * when every record but those of ACCEPTs is.
 */
export type Effect =
  | { readonly kind: 'persist'; readonly record: WalRecord }
  /** Sign and send. `view` includes this replica: its own votes come back as messages. */
  | {
      readonly kind: 'send'
      readonly to: 'view' | readonly ReplicaId[]
      readonly message: Message
      /** Certificates beside a STOPDATA. */
      readonly proofs?: readonly Certificate[]
    }
  /** Send the carried bytes of somebody's signed message again. */
  | { readonly kind: 'relay'; readonly to: readonly ReplicaId[]; readonly message: Signed<Message> }
  | { readonly kind: 'send-certificate'; readonly to: 'view' | readonly ReplicaId[]; readonly certificate: Certificate }
  | {
      readonly kind: 'send-installation'
      readonly to: 'view' | readonly ReplicaId[]
      readonly stops: readonly Signed<Stop>[]
    }
  | { readonly kind: 'send-evidence'; readonly first: Uint8Array; readonly second: Uint8Array }
  /** Send a batch that this replica holds. */
  | { readonly kind: 'send-batch'; readonly to: readonly ReplicaId[]; readonly digest: Digest }
  | { readonly kind: 'send-status'; readonly status: PeerStatus }
  /** Execute the value on the block below; what was executed at this height or above with another value is void. */
  | { readonly kind: 'execute'; readonly token: number; readonly cid: ConsensusId; readonly value: Value }
  /** Final, with all below, as executed here. */
  | { readonly kind: 'final'; readonly certificate: FinalityCertificate }
  | { readonly kind: 'set-timer'; readonly timer: Timer; readonly afterMs: number }
  | { readonly kind: 'fetch'; readonly what: Fetch; readonly from: readonly ReplicaId[] }
  /** The batches are not wanted any more: refused for lack of room, or at or below the head of their lane. */
  | { readonly kind: 'drop-batches'; readonly digests: readonly Digest[] }
  | { readonly kind: 'regency-installed'; readonly regency: Regency; readonly leader: ReplicaId }
  | { readonly kind: 'misbehaviour'; readonly evidence: Evidence }
  /** Why this replica casts no votes, and above which final height it votes again; absent when it votes. */
  | { readonly kind: 'silence'; readonly silent?: Silence; readonly until?: Height }

export interface Fetch {
  readonly batches: readonly Digest[]
  readonly values: readonly Digest[]
  /** Blocks of these heights, inclusive. */
  readonly blocks?: { readonly from: Height; readonly to: Height }
}

export interface CoreTimings {
  /** Period of `tick`, ms. */
  readonly tickMs: number
  readonly statusMs: number
  /** Least time after which what this replica said is said again, and period of its STOPs, ms. */
  readonly resendMs: number
  /** Floor of T_turn: work waits and the leader proposes nothing, ms (rule L4). */
  readonly turnMs: number
  /** Floor of T_finish: the lowest open height is proposed and does not become final, ms (rule L4). */
  readonly finishMs: number
  /** Bound of the doubled timeouts, ms. */
  readonly timeoutMsMax: number
  /** How long batches that a proposal names may be on their way before they are pulled, ms. */
  readonly fetchAfterMs: number
  /** How long a leader with open instances waits for a fuller proposal, ms. */
  readonly proposeAfterMs: number
}

export const DEFAULT_TIMINGS: CoreTimings = {
  tickMs: 50,
  statusMs: 500,
  resendMs: 100,
  turnMs: 1_000,
  finishMs: 2_000,
  timeoutMsMax: 30_000,
  fetchAfterMs: 30,
  proposeAfterMs: 20,
}

/** Bounds of a proposal, which voters enforce (rule N1). */
export interface ProposalBounds {
  readonly transactionsMax: number
  readonly bytesMax: number
  readonly costMax: number
}

export interface CoreOptions {
  readonly self: ReplicaId
  /** Start counter of this replica's key; grows with every start (rule R2). */
  readonly start: number
  readonly view: View
  /** First height that the view orders: what is below is final for every replica that is in the view. */
  readonly firstHeight: Height
  /** Last height that the view orders, where that is known already. */
  readonly lastHeight?: Height
  /** False for a replica that only follows: not in the view, or without its key. */
  readonly votes: boolean
  /** W: how many instances may be open. */
  readonly window: number
  readonly clockDriftMsMax: number
  /** A lane waits a third of it at most (rule L3), ms. */
  readonly dedupWindowMs: number
  readonly timings: CoreTimings
  /** Transactions that make a proposal full: with so many waiting a leader does not wait for the open ones. */
  readonly proposalTransactions: number
  readonly bounds: ProposalBounds
  /** Batches of one lane that the pool holds at most. */
  readonly laneBatchesMax: number
  /** Encodes and hashes a value (codec); given from outside, since the core knows no crypto. */
  readonly makeValue: (timestampMs: TimeMs, batches: readonly Digest[]) => Value
  /** Decodes a value kept in the log. */
  readonly readValue: (bytes: Uint8Array) => Value | undefined
}

/** Where the core starts from: what the ledger and the log hold. */
export interface Restored {
  /** The newest written height. */
  readonly height: Height
  /** Of that height; not needed where it lies below the view. */
  readonly certificate?: FinalityCertificate
  /** As of that height. */
  readonly heads: readonly HeldLane[]
  /** Of this view, in order. */
  readonly records: readonly WalRecord[]
}
