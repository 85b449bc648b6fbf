import type { WalRecord } from '../consensus/index.js'
import type { ConsensusId, Height } from '../types/index.js'

/** Highest instance that the log holds a vote of this replica for; 0 when there is none. */
export function highestVote(records: Iterable<WalRecord>): ConsensusId {
  let highest = 0
  for (const record of records) {
    if (record.kind === 'write') highest = Math.max(highest, record.cid)
    else if (record.kind === 'accept') highest = Math.max(highest, record.prepared.cid)
  }
  return highest
}

/**
 * Whether the ledger is older than it was: LevelDB may silently lose its newest records to bit rot and so show an earlier, consistent
 * ledger. The log of votes knows better, since a correct replica that voted for an instance had executed all up to that one less the
 * window (consensus.md, Normal case 3).
 * @param window W, how many instances may be open
 */
export function isRolledBack(ledgerTip: Height, records: Iterable<WalRecord>, window: number): boolean {
  return highestVote(records) - window > ledgerTip
}
