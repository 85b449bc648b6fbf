import { assert } from '../base/assert.js'

/** Sizes that every decision of the protocol rests on; n replicas tolerate f Byzantine ones. */
export interface Quorum {
  readonly n: number
  readonly f: number
  /** Votes that make a certificate, and STOPs that install a regency: ceil((n + f + 1) / 2). Two share a correct replica. */
  readonly votes: number
  /** STOPs after which a replica joins: f + 1, so at least one is from a correct replica. */
  readonly join: number
  /** STOPDATA that a SYNC holds: n - f, as many as are sure to come. */
  readonly stopData: number
}

export function quorumOf(n: number): Quorum {
  assert(Number.isSafeInteger(n) && n >= 1, `a view has at least one replica, not ${n}`)
  const f = Math.floor((n - 1) / 3)
  return { n, f, votes: Math.ceil((n + f + 1) / 2), join: f + 1, stopData: n - f }
}
