import type { ConsensusId, Digest, Height, Regency, ReplicaId, TimeMs, ViewId } from './view.js'

/** The three votes. A quorum of one kind over one digest is a certificate. */
export type VoteKind = 'write' | 'accept' | 'persist'

export interface ReplicaSignature {
  readonly replica: ReplicaId
  readonly signature: Uint8Array
}

/**
 * A quorum of signed votes that a third party can check.
 * `write`: prepared; `accept`: decided; `persist`: final (cid is the height, digest the header hash, regency 0).
 */
export interface Certificate<K extends VoteKind = VoteKind> {
  readonly kind: K
  readonly view: ViewId
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly digest: Digest
  /** Ascending by replica, each replica once. */
  readonly signatures: readonly ReplicaSignature[]
}

export type PreparedCertificate = Certificate<'write'>
export type DecisionCertificate = Certificate<'accept'>
export type FinalityCertificate = Certificate<'persist'>

/** What an instance decides: an order of batches and the leader's clock. The null value has neither. */
export interface Value {
  readonly digest: Digest
  readonly timestampMs: TimeMs
  readonly batches: readonly Digest[]
  /** The encoded value, as carried. */
  readonly bytes: Uint8Array
}

export interface Vote<K extends VoteKind = VoteKind> {
  readonly kind: K
  readonly cid: ConsensusId
  /** 0 for `persist`. */
  readonly regency: Regency
  readonly digest: Digest
}

export interface Propose {
  readonly kind: 'propose'
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly value: Value
}

export interface Stop {
  readonly kind: 'stop'
  /** The regency to install. */
  readonly regency: Regency
  /** Digests of batches that timed out, for the new leader. */
  readonly pending: readonly Digest[]
}

export interface StopData {
  readonly kind: 'stop-data'
  readonly regency: Regency
  readonly finalized: Height
  /** Of `finalized`; absent exactly when that is 0. */
  readonly finality?: FinalityCertificate
  /** For every open cid above `finalized`, the prepared certificate of highest epoch, if any; ascending by cid. */
  readonly prepared: readonly PreparedCertificate[]
}

export interface Sync {
  readonly kind: 'sync'
  readonly regency: Regency
  /** n - f signed STOPDATA, ascending by sender. */
  readonly stopData: readonly Signed<StopData>[]
}

export type Message = Vote<'write'> | Vote<'accept'> | Vote<'persist'> | Propose | Stop | StopData | Sync

export type MessageKind = Message['kind']

/** A message with its sender's signature, and the bytes that were carried. */
export interface Signed<M extends Message = Message> {
  readonly sender: ReplicaId
  readonly view: ViewId
  readonly message: M
  readonly signature: Uint8Array
  /** The encoded envelope, as carried. */
  readonly bytes: Uint8Array
}

/** Two signed messages of one replica that no correct replica sends both of. */
export interface Evidence {
  readonly replica: ReplicaId
  readonly reason: 'equivocation' | 'bad-stop-data' | 'bad-sync' | 'bad-batch'
  /** Encoded envelopes. */
  readonly messages: readonly Uint8Array[]
}

/** What must survive a crash of this replica. */
export type WalRecord =
  /** This replica's WRITE, with the value, so that it can be given to others after a crash of all. */
  | {
      readonly kind: 'write'
      readonly cid: ConsensusId
      readonly regency: Regency
      readonly digest: Digest
      readonly value: Uint8Array
    }
  /** This replica's ACCEPT: the prepared certificate behind it is the lock. */
  | { readonly kind: 'accept'; readonly prepared: PreparedCertificate }
  /** No vote below this regency any more. */
  | { readonly kind: 'stop'; readonly regency: Regency }
  /** The regency was installed, and this is the STOPDATA sent for it. */
  | { readonly kind: 'stop-data'; readonly message: StopData }
  /** All records after this one, up to the next of its kind, belong to this view. */
  | { readonly kind: 'view'; readonly view: ViewId }
  /** Earlier votes of this replica's key are lost: it keeps silent until that is over, above `until` where a quorum has told. */
  | { readonly kind: 'abstain'; readonly over: boolean; readonly until?: Height }
  /** The SYNC that opened the regency. */
  | { readonly kind: 'sync'; readonly message: Sync }
