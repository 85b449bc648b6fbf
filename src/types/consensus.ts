import type { ConsensusId, Digest, Height, Regency, ReplicaId, TimeMs, ViewId } from './view.js'

/** The two votes. A quorum of one kind for one thing is a certificate. */
export type VoteKind = 'write' | 'accept'

export interface ReplicaSignature {
  readonly replica: ReplicaId
  readonly signature: Uint8Array
}

interface SignedByQuorum {
  readonly view: ViewId
  readonly cid: ConsensusId
  readonly regency: Regency
  /** Of the value. */
  readonly digest: Digest
  /** Ascending by replica, each replica once. */
  readonly signatures: readonly ReplicaSignature[]
}

/** A quorum of WRITEs: the value is prepared in this regency (rule N3). */
export interface PreparedCertificate extends SignedByQuorum {
  readonly kind: 'write'
}

/** A quorum of ACCEPTs: decision, finality proof and checkpoint in one (rule N6). It covers every height below as well. */
export interface FinalityCertificate extends SignedByQuorum {
  readonly kind: 'accept'
  /** Hash of the header that the signers computed. */
  readonly header: Digest
}

/** A quorum of signed votes that a third party can check. */
export type Certificate = PreparedCertificate | FinalityCertificate

/** What an instance decides: an order of batches and the leader's clock. An empty block has no batches. */
export interface Value {
  readonly digest: Digest
  readonly timestampMs: TimeMs
  readonly batches: readonly Digest[]
  /** The encoded value, as carried. */
  readonly bytes: Uint8Array
}

export interface Propose {
  readonly kind: 'propose'
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly value: Value
}

/** The first vote (rule N2a): the value and its batches are at hand and verified. */
export interface Write {
  readonly kind: 'write'
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly digest: Digest
}

/** The second vote (rule N5): prepared, executed and durable. It says the same of every open height below. */
export interface Accept {
  readonly kind: 'accept'
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly digest: Digest
  readonly header: Digest
}

export type Vote = Write | Accept

/**
 * Why a replica asks for another regency. `wish`: the leader does not serve. `barred`: this replica cannot vote in the regency in
 * force. `resign`: the leader itself is about to stop.
 */
export type StopReason = 'wish' | 'barred' | 'resign'

/** A wish for another leader (rules R1 and R2). It binds nothing. */
export interface Stop {
  readonly kind: 'stop'
  /** The regency asked for; 0 takes an earlier wish back. */
  readonly regency: Regency
  readonly reason: StopReason
  /** Start counter of the sender, and a number that grows with every STOP of this start: of two, the later one counts. */
  readonly start: number
  readonly number: number
}

/** The height that a replica counts from. */
export interface Base {
  readonly height: Height
  /** Of its certificate. Zero at the height below the view, which needs no proof in it. */
  readonly regency: Regency
  readonly digest: Digest
  readonly header: Digest
}

/** A value that was prepared in a regency, for one height. */
export interface Lock {
  readonly cid: ConsensusId
  readonly regency: Regency
  readonly digest: Digest
}

/** The promise to vote in no lower regency, and what this replica is bound to (rule R4). Certificates travel beside it. */
export interface StopData {
  readonly kind: 'stop-data'
  readonly regency: Regency
  readonly base: Base
  /** Of every height from base + 1 to base + W for which there is one; ascending by cid. */
  readonly locks: readonly Lock[]
}

/** What the new leader chose from, with one certificate for each statement that counts (rule R6). */
export interface Sync {
  readonly kind: 'sync'
  readonly regency: Regency
  /** n - f signed STOPDATA, ascending by sender, without their proofs. */
  readonly stopData: readonly Signed<StopData>[]
  /** For the highest base, and for the lock of the highest regency of each height above it. */
  readonly proofs: readonly Certificate[]
}

export type Message = Vote | Propose | Stop | StopData | Sync

export type MessageKind = Message['kind']

/** A message with its sender's signature, and the bytes that were carried. */
export interface Signed<M extends Message = Message> {
  readonly sender: ReplicaId
  readonly view: ViewId
  readonly message: M
  readonly signature: Uint8Array
  /** The encoded envelope, as carried. */
  readonly bytes: Uint8Array
  /** Certificates beside a STOPDATA. The signature does not cover them. */
  readonly proofs?: readonly Certificate[]
}

/** Signed messages of one replica that no correct replica sends. */
export interface Evidence {
  readonly replica: ReplicaId
  readonly reason: 'equivocation' | 'bad-sync' | 'bad-batch'
  /** Encoded envelopes. */
  readonly messages: readonly Uint8Array[]
}

/** What must survive a crash of this replica. Records belong to the view that the last `view` record names. */
export type WalRecord =
  /** The next records, up to the next of this kind, belong to this view. */
  | { readonly kind: 'view'; readonly view: ViewId }
  /** This regency is in force here: no vote below it any more, and perhaps votes in it. */
  | { readonly kind: 'regency'; readonly regency: Regency }
  /** A regency that this replica asked for. */
  | { readonly kind: 'stop'; readonly regency: Regency }
  /** An ACCEPT with all that it takes to give the block again: the lock, its value and the header. The batches precede it. */
  | {
      readonly kind: 'accept'
      readonly prepared: PreparedCertificate
      readonly value: Uint8Array
      readonly header: Digest
    }
  /** The disk with earlier votes is lost. Once a quorum of others has told: where they stood (rule T2). */
  | { readonly kind: 'lost'; readonly bounds?: LostBounds }
  /** Last record of an orderly stop: everything said in the regency in force that touched no disk (rule D4). */
  | {
      readonly kind: 'mark'
      readonly regency: Regency
      readonly writes: readonly { readonly cid: ConsensusId; readonly digest: Digest }[]
      /** The highest instance proposed; 0 where there is none. */
      readonly proposed: ConsensusId
      readonly synced: boolean
    }

/** Where a quorum of others of a view stood when this replica asked them. */
export interface LostBounds {
  readonly view: ViewId
  /** H: the highest final height. */
  readonly height: Height
  /** G: the highest regency that any of them had asked for or installed. */
  readonly regency: Regency
}
