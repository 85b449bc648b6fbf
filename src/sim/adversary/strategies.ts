/** How a Byzantine replica behaves. Each is counted when it acts. */
export const STRATEGIES = [
  /** Changes fields of what it sends, and signs again; sends garbage too. */
  'mutate',
  /** As leader proposes one value to one half and another to the other half, and votes accordingly. */
  'equivocate',
  /** Votes for a second digest in the same instance and regency. */
  'vote-twice',
  /** Sends no consensus message. */
  'silent',
  /** Sends everything just before its peers would give it up. */
  'slow',
  /** As leader leaves out the batches of one other lane. */
  'censor',
  /** Forgets its locks in STOPDATA, and claims heights that it cannot prove. */
  'lie-in-stop-data',
  /** Never ACCEPTs; as leader of a new regency takes the locks of the others out of its SYNC, and has other values decided. */
  'forge-sync',
  /** Sends its batches to one replica only, and answers no pull. */
  'withhold',
  /** Says again what it said long ago. */
  'replay',
] as const

export type Strategy = (typeof STRATEGIES)[number]
