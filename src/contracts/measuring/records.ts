import type { Height, TimeMs } from '../../types/index.js'
import type { ParametersOf } from './schemas.js'

/** Where measuring keeps what, and the shape of it. */

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

export type Approval = Moment & { readonly organization: string }

/** A version of legally relevant software: an algorithm that is shipped, with the parameters that it works with. */
export type SoftwareRecord = {
  readonly software: string
  readonly version: string
  /** Name of a shipped algorithm, such as `brake-2`. */
  readonly algorithm: string
  /** Of the algorithm, as the manufacturer proposed and the authorities approved it. */
  readonly codeHash: string
  readonly parameters: ParametersOf
  readonly parametersHash: string
  /** Reference of the certificate of approval, and SHA-256 of the document where it was given. */
  readonly certificate: string
  readonly certificateHash: string | null
  readonly organization: string
  /** Measurements are taken from this height on. */
  readonly allowedFrom: Height
  /** The version that this one replaces once it is approved and allowed. */
  readonly supersedes: string | null
  readonly proposed: Moment
  readonly approvals: readonly Approval[]
  readonly approved: Moment | null
  /** Set when the version that replaces this one was approved. */
  readonly supersededBy: { readonly version: string; readonly fromHeight: Height } | null
  readonly withdrawn: (Approval & { readonly reason: string }) | null
}

export type SystemRecord = {
  readonly system: string
  /** What it runs; which version, each measurement says. */
  readonly software: string
  /** Who registered it. */
  readonly organization: string
  /** Who submits its raw data. */
  readonly operator: string
  readonly registered: Moment
  readonly retired: (Approval & { readonly reason: string }) | null
}

/**
 * End of the event log of a system. Each event has the next counter and the transaction of the one before, so that the log
 * can be read backwards from here, by receipts with proofs, and no event left out.
 */
export type LogRecord = Moment & { readonly counter: number; readonly last: string }

/** Approvals that are kept of a version; more are not needed. */
export const APPROVALS_MAX = 100

export const versionsPrefix = (software: string): string => `software/${software}/`
export const softwareKey = (software: string, version: string): string => `${versionsPrefix(software)}${version}`
/** The organization that proposed the first version of a software. */
export const MAKERS_PREFIX = 'makers/'
export const makerKey = (software: string): string => `${MAKERS_PREFIX}${software}`
export const SYSTEMS_PREFIX = 'systems/'
export const systemKey = (system: string): string => `${SYSTEMS_PREFIX}${system}`
export const logKey = (system: string): string => `logs/${system}`

/** Full state keys for clients that read with proof. */
export const measuringKeys = {
  software: (software: string, version: string): string => `measuring/${softwareKey(software, version)}`,
}
