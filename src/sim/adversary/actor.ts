import type { Random } from '../../base/random.js'
import type { Frame } from '../../codec/frame.js'
import type { CodecContext } from '../../codec/transaction.js'
import type { Certificate, Message, ReplicaId, Signed, TimeMs, ViewId } from '../../types/index.js'

/** What a Byzantine replica has to hand. */
export interface Tools {
  readonly random: Random
  readonly self: ReplicaId
  /** Of all replicas. */
  readonly members: readonly ReplicaId[]
  /** Another one, on whom it has its eye. */
  readonly victim: ReplicaId
  readonly codec: CodecContext
  /** A frame with its signature. @param proofs beside a STOPDATA */
  readonly sign: (message: Message, view: ViewId, proofs?: readonly Certificate[]) => Uint8Array
  readonly signWith: (statement: Uint8Array) => Uint8Array
  /** It did what it is told to do. */
  readonly acted: () => void
  readonly count: (name: string) => void
}

/** How it acts. What is absent is done as its replica does it. */
export interface Actor {
  /** Frames that go to a peer in the place of a consensus message of its own. */
  readonly own?: (signed: Signed, to: ReplicaId, bytes: Uint8Array, nowMs: TimeMs) => readonly Uint8Array[]
  /** The same for any other frame, `undefined` when it is malformed. */
  readonly other?: (frame: Frame | undefined, to: ReplicaId, bytes: Uint8Array) => readonly Uint8Array[]
  /** How long a frame is held back, ms. */
  readonly delayMs?: (frame: Frame | undefined, own: Signed | undefined) => number
  /** A frame comes; what it gives is sent to all. */
  readonly heard?: (frame: Frame, bytes: Uint8Array) => readonly Uint8Array[]
}

export type MakeActor = (tools: Tools) => Actor
