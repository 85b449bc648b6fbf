import type { ConsensusId, Height, WalRecord } from '../types/index.js'

/** Highest instance that the log holds an ACCEPT of this replica for; 0 when there is none. */
export function highestAccept(records: Iterable<WalRecord>): ConsensusId {
  let highest = 0
  for (const record of records) {
    if (record.kind === 'accept') highest = Math.max(highest, record.prepared.cid)
  }
  return highest
}

/**
 * Whether the ledger is older than it was: LevelDB may silently lose its newest records to bit rot and so show an earlier, consistent
 * ledger. The log of votes knows better, since a correct replica accepts nothing more than a window above what its ledger holds
 * (rule N5).
 * @param window W, how many instances may be open
 */
export function isRolledBack(ledgerTip: Height, records: Iterable<WalRecord>, window: number): boolean {
  return highestAccept(records) - window > ledgerTip
}
