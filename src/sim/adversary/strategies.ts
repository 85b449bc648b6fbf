/** How a Byzantine replica behaves. Each is counted when it acts. */
export const STRATEGIES = [
  /** Changes fields of what it sends, and signs again; sends garbage too. */
  'mutate',
  /** As leader proposes one value to one half and another to the other half, and votes accordingly. */
  'equivocate',
  /** The same, but a single replica gets the second value. */
  'equivocate-to-one',
  /** Votes for a second digest in the same instance and regency. */
  'vote-twice',
  /** Sends no consensus message. */
  'silent',
  /** Sends everything just before its peers would give it up. */
  'slow',
  /** As leader sends each proposal just before its turn would be over. */
  'slow-leader',
  /** As leader proposes only empty values. */
  'empty-leader',
  /** As leader leaves out the batches of one other lane, or names only old ones of it. */
  'censor-lane',
  /** As leader proposes values that name more than the bounds of the network allow. */
  'oversize-proposal',
  /** Forgets its locks in STOPDATA, and claims heights and locks that it cannot prove. */
  'lie-in-stop-data',
  /** Never ACCEPTs by itself; as leader of a new regency takes locks or proofs out of its SYNC, and has other values decided. */
  'forge-sync',
  /** Puts every certificate that it ever saw beside its STOPDATA, and sends old SYNCs, STOPs and certificates again. */
  'stale-certificates',
  /** Sends its batches to one replica only, and answers no pull. */
  'withhold',
  /** Gives each chunk of a snapshot just before its peers would ask another. */
  'drip-snapshot',
  /** Says again what it said long ago. */
  'replay',
  /** Its process is killed and started again with an emptied log, and claims to be whole. */
  'amnesia',
] as const

export type Strategy = (typeof STRATEGIES)[number]
