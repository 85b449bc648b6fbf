import type { Address } from './network.js'
import type { SimMs } from './scheduler.js'

/** What must never happen. `stuck`, `unserved` and `needless-change` are failures to go on as was due; all others are failures of safety or bugs. */
export type ViolationKind =
  /** Two correct replicas hold different blocks at one height. */
  | 'agreement'
  /** A block that does not follow from the one below, from its body, or from its certificates. */
  | 'chain'
  /** A transaction was executed twice. */
  | 'executed-twice'
  /** A client holds a final receipt that a correct replica does not have. */
  | 'acknowledged-lost'
  /** Progress did not come back after a heal. */
  | 'stuck'
  /** A correct replica took a transaction in a network that was stable, and it was not final in time. */
  | 'unserved'
  /** A leader was replaced while nothing was wrong. */
  | 'needless-change'
  /** Something grew beyond its bound. */
  | 'bound'
  /** A replica is accused of misbehaviour, where none misbehaves. */
  | 'accused'
  /** A correct replica said what contradicts what it had said. */
  | 'broken-promise'
  /** Production code failed: an assertion, an unhandled rejection, a halt without a reason. */
  | 'crash'

export interface Violation {
  readonly kind: ViolationKind
  readonly at: SimMs
  readonly replica: Address
  readonly detail: string
}
