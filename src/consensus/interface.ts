import type {
  Batch,
  ConsensusId,
  DecisionCertificate,
  Digest,
  Evidence,
  FinalityCertificate,
  Height,
  Message,
  Regency,
  ReplicaId,
  Signed,
  TimeMs,
  Value,
  Verified,
  View,
  WalRecord,
} from '../types/index.js'

export type { WalRecord } from '../types/index.js'

/** `tick` comes back steadily; `propose` ends the wait for a fuller proposal; `fetch` the wait for batches on their way. */
export type Timer = 'tick' | 'propose' | 'fetch'

export interface PeerStatus {
  readonly view: number
  readonly regency: Regency
  readonly decided: Height
  readonly executed: Height
  readonly finalized: Height
  /** First height whose block it holds; 1 where it does not say. */
  readonly oldest?: Height
}

/** All that can happen to the core. */
export type Input =
  | { readonly kind: 'message'; readonly message: Verified<Signed<Message>> }
  | { readonly kind: 'batch'; readonly batch: Verified<Batch> }
  /** A value pulled by digest; its digest was computed from the bytes that came. */
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'status'; readonly from: ReplicaId; readonly status: PeerStatus }
  | { readonly kind: 'timeout'; readonly timer: Timer }
  /** The block was executed and is durable here. */
  | {
      readonly kind: 'executed'
      readonly height: Height
      readonly headerHash: Digest
      /** Last height of this view, once a block has set it. */
      readonly lastHeight?: Height
    }
  /** The block was taken from a peer with its certificate, executed here if it was not yet, and is durable. */
  | {
      readonly kind: 'state-installed'
      readonly height: Height
      readonly headerHash: Digest
      /** Digest of its value. */
      readonly value: Digest
      /** Digests of its batches. */
      readonly batches: readonly Digest[]
      readonly certificate: Verified<FinalityCertificate>
      /** In which it was decided. */
      readonly regency: Regency
      /** Last height of this view, once a block has set it. */
      readonly lastHeight?: Height
    }
  /** A member proved how far it has finalized: what a replica that lost its votes waits for. */
  | { readonly kind: 'report'; readonly from: ReplicaId; readonly certificate: Verified<FinalityCertificate> }

/**
 * What the runtime carries out, in order. Nothing after a `persist` may leave the machine before that record is
 * durable; that includes what later steps give.
 */
export type Effect =
  | { readonly kind: 'persist'; readonly record: WalRecord }
  /** Sign and send. `view` includes this replica: its own votes come back as messages. */
  | { readonly kind: 'send'; readonly to: 'view' | readonly ReplicaId[]; readonly message: Message }
  /** Send the carried bytes of somebody's signed message again. */
  | { readonly kind: 'relay'; readonly to: readonly ReplicaId[]; readonly message: Signed<Message> }
  /** Send a batch that this replica holds. */
  | { readonly kind: 'send-batch'; readonly to: readonly ReplicaId[]; readonly digest: Digest }
  | { readonly kind: 'send-status'; readonly status: PeerStatus }
  /** Decided, in order of cid, with every batch at hand: execute it. */
  | {
      readonly kind: 'deliver'
      readonly cid: ConsensusId
      readonly value: Value
      readonly certificate: DecisionCertificate
    }
  /** Executed here and durable at a quorum; the batches need not be kept any longer. */
  | {
      readonly kind: 'finalized'
      readonly certificate: FinalityCertificate
      readonly batches: readonly Digest[]
    }
  | { readonly kind: 'set-timer'; readonly timer: Timer; readonly afterMs: number }
  | { readonly kind: 'fetch'; readonly what: Fetch; readonly from: readonly ReplicaId[] }
  /** The batches are not wanted: refused for lack of room, expired, or already ordered. */
  | { readonly kind: 'drop-batches'; readonly digests: readonly Digest[] }
  | { readonly kind: 'regency-installed'; readonly regency: Regency; readonly leader: ReplicaId }
  | { readonly kind: 'misbehaviour'; readonly evidence: Evidence }
  /** How far the silence of a replica that lost its votes reaches; over when there is no bound any more. */
  | { readonly kind: 'abstaining'; readonly until: Height | undefined }
  /** A quorum holds another block at a height that this replica executed: stop and keep the evidence. */
  | {
      readonly kind: 'diverged'
      readonly height: Height
      readonly own: Digest
      readonly certificate: FinalityCertificate
    }

export interface Fetch {
  readonly batches: readonly Digest[]
  readonly values: readonly Digest[]
  /** Blocks of these heights, inclusive. */
  readonly blocks?: { readonly from: Height; readonly to: Height }
}

export interface CoreTimings {
  /** Period of `tick`, ms. */
  readonly tickMs: number
  /** T1: a batch pending for so long is handed to the leader, ms. */
  readonly forwardMs: number
  /** T2: without progress for so long the leader is given up, ms; at least, as it adapts to the latency measured. */
  readonly stopMs: number
  /** Bound of every timeout, however often it was doubled, ms. */
  readonly timeoutMsMax: number
  /** Own messages are sent again after so long without news, ms. */
  readonly resendMs: number
  readonly statusMs: number
  /** How long batches that a proposal names may be on their way before they are pulled, ms. */
  readonly fetchAfterMs: number
  /** How long a leader with open instances waits for a fuller proposal, ms. */
  readonly proposeAfterMs: number
}

export const DEFAULT_TIMINGS: CoreTimings = {
  tickMs: 100,
  forwardMs: 400,
  stopMs: 1_000,
  timeoutMsMax: 30_000,
  resendMs: 400,
  statusMs: 500,
  fetchAfterMs: 30,
  proposeAfterMs: 20,
}

export interface CoreOptions {
  readonly self: ReplicaId
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
  readonly timings: CoreTimings
  /** Transactions that make a proposal full: with so many waiting a leader does not wait for the open ones. */
  readonly proposalTransactions: number
  /** Transactions of one proposal at most. */
  readonly proposalTransactionsMax: number
  /** Batches of one lane that the pool holds at most. */
  readonly laneBatchesMax: number
  /** Encodes and hashes a value (codec); given from outside, since the core knows no crypto. */
  readonly makeValue: (timestampMs: TimeMs, batches: readonly Digest[]) => Value
  /** Decodes a value kept in the log. */
  readonly readValue: (bytes: Uint8Array) => Value | undefined
}

/** Where the core starts from: what the ledger and the log hold. */
export interface Restored {
  readonly executed: Height
  readonly finalized: Height
  /** Of `finalized`; not needed where that lies below the view. */
  readonly finality?: FinalityCertificate
  /** Header hash and value digest of the heights above `finalized` up to `executed`, ascending. */
  readonly blocks: readonly { readonly headerHash: Digest; readonly value: Digest }[]
  readonly records: readonly WalRecord[]
}
