import type { CoreStatus, CoreTimings } from '../consensus/index.js'
import type { Height, ReplicaId, ViewId } from '../types/index.js'
import type { LaneOptions } from './lane.js'
import type { LedgerCareOptions, ScrubStatus } from './ledger-care.js'
import type { SnapshotServerOptions } from './snapshot-server.js'

export interface ReplicaOptions {
  readonly timings: CoreTimings
  readonly lane: LaneOptions
  readonly proposalTransactions: number
  /** Start counter of this replica's key, from 1: it grows with every start, and outlives a lost disk (rules R2 and L1). */
  readonly start: number
  /** Earlier votes of this replica's key are lost: it keeps silent until none of them can matter any more. */
  readonly votesLost?: boolean
  readonly snapshots?: SnapshotOptions
}

export interface SnapshotOptions extends LedgerCareOptions, Partial<SnapshotServerOptions> {}

export const DEFAULT_PROPOSALS = { proposalTransactions: 512 } as const

/** A snapshot is kept at every multiple of this height. */
export const SNAPSHOT_EVERY_BLOCKS = 10_000

export interface ReplicaStatus extends CoreStatus {
  readonly replica: ReplicaId
  readonly organization: string
  readonly view: ViewId
  readonly health: 'running' | 'halted' | 'stopped'
  /** Why it halted. */
  readonly problem?: string
  readonly connected: readonly ReplicaId[]
  /** Transactions whose outcome clients of this replica await. */
  readonly waiting: number
  /** Batches at hand, ordered ones that are not final included, and their encoded size in bytes. */
  readonly heldBatches: number
  readonly heldBytes: number
  /** First height whose block is held whole. */
  readonly oldest: Height
  /** Height of the newest snapshot that is served; 0 where there is none. */
  readonly snapshot: Height
  /** Height of the snapshot that is being pulled. */
  readonly pulling?: Height
  readonly scrub: ScrubStatus
}
