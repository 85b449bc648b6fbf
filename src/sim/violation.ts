import type { Address } from './network.js'
import type { SimMs } from './scheduler.js'

/** What must never happen. `stuck` is a failure to go on where going on was due; all others are failures of safety or bugs. */
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
