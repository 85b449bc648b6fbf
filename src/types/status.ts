import type { LanePlace } from './transaction.js'
import type { Height, Regency, ReplicaId, ViewId } from './view.js'

/**
 * Why a replica casts no votes. `barred`: it restarted and may have voted in the regency in force (rule D3). `lost`: its disk with earlier
 * votes is gone (rule T2). `following`: it is not in the view, or has no key.
 */
export type Silence = 'barred' | 'lost' | 'following'

/** Up to which batch a replica holds and has verified a lane, without a gap from the lane's head (rule L2). */
export interface HeldLane extends LanePlace {
  readonly lane: ReplicaId
}

/** What a replica says of itself now and then, so that peers notice who is behind, who is silent, and what a leader holds. */
export interface PeerStatus {
  readonly view: ViewId
  /** Installed. */
  readonly regency: Regency
  /** The highest regency that it asked for or installed (rule T2). */
  readonly asked: Regency
  /** Highest height executed, speculatively. */
  readonly executed: Height
  readonly finalized: Height
  readonly silent?: Silence
  /** It votes again once a height above this is final; 0 where that is not known. */
  readonly silentUntil: Height
  /** It has installed the regency and lacks its SYNC. */
  readonly awaitsSync: boolean
  readonly lanes: readonly HeldLane[]
  /** What a quorum costs it, ms: the (Q - 1)-th smallest round trip; 0 where it is not measured yet (rule L4). */
  readonly roundTripMs: number
  /** First height whose block it holds whole; 1 where it does not say. */
  readonly oldest?: Height
}
