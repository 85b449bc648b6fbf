import type { Height, TimeMs } from '../../types/index.js'
import type { InstrumentRecord, Revocation } from './records.js'

/** `unknown`: not yet proposed; `proposed`: too few endorsements; `active`: entitled to sign; `revoked`: no longer. */
export type Status = 'unknown' | 'proposed' | 'active' | 'revoked'

/** The status now known, whatever the time. */
export function currentStatus(record: InstrumentRecord): Status {
  if (record.revocations.length > 0) return 'revoked'
  return record.activated === null ? 'proposed' : 'active'
}

/**
 * What was known at a height about a time: two axes, for a revocation may be learnt long after the key went bad.
 * @param timeMs the time asked about
 * @param knownAtHeight height whose knowledge counts
 */
export function statusAt(record: InstrumentRecord, timeMs: TimeMs, knownAtHeight: Height): Status {
  const { proposed, activated } = record
  if (knownAtHeight < proposed.height || timeMs < proposed.timeMs) return 'unknown'
  const invalidSince = invalidSinceMs(record.revocations.filter(({ height }) => height <= knownAtHeight))
  if (invalidSince !== undefined && timeMs >= invalidSince) return 'revoked'
  if (activated === null || activated.height > knownAtHeight || activated.timeMs > timeMs) return 'proposed'
  return 'active'
}

/** Revocations reach further back one by one, so the last one counts. */
export function invalidSinceMs(revocations: readonly Revocation[]): TimeMs | undefined {
  return revocations.at(-1)?.invalidSinceMs
}
