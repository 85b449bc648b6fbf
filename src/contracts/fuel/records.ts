import { assert } from '../../base/assert.js'
import type { Height, TimeMs } from '../../types/index.js'
import type { Producer } from '../contract.js'

/** Where fuel keeps what, and the shape of it. Dispensers have numbers within their region, vehicles within the network. */

/** Dispensers of one region: what one analysis can hold. */
export const REGION_DISPENSERS_MAX = 192
/** Organizations that enrol vehicles. */
export const ENROLLERS_MAX = 64
/** Refuels of one vehicle that are not settled. */
export const OPEN_REFUELS_MAX = 4
/** Dispensers at which a vehicle has a vote in one window. */
export const VISITS_MAX = 32
/** Readings of one page. */
export const PAGE_READINGS_MAX = 32
/** Readings of a dispenser that are kept; the oldest page makes room for new ones. */
export const PAGES_MAX = 16
/** Dispensers whose ids stand in one record. */
export const ROSTER_SIZE = 64
/** Dispensers whose findings stand in one record. */
export const FINDINGS_SIZE = 16

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

export type RegionRecord = {
  readonly region: string
  readonly country: string
  /** Who opened it. */
  readonly organization: string
  readonly dispensers: number
}

export type StationRecord = {
  readonly station: string
  readonly region: string
  readonly owner: string
  readonly registered: Moment
}

/** `in-service`: may sell; `condemned`: failed its last inspection; `withdrawn`: gone for ever. */
export type DispenserStatus = 'in-service' | 'condemned' | 'withdrawn'

export type InspectionRecord = {
  readonly errorPpm: number
  readonly uncertaintyPpm: number
  readonly passed: boolean
  readonly organization: string
  readonly at: Moment
  /** Until when it is an anchor. */
  readonly untilMs: TimeMs
}

export type DispenserRecord = {
  readonly dispenser: string
  readonly station: string
  readonly region: string
  readonly owner: string
  readonly number: number
  /** Id in pki of the pulser, whose key signs declarations. */
  readonly instrument: string | null
  readonly status: DispenserStatus
  readonly registered: Moment
  readonly inspection: InspectionRecord | null
}

export type VehicleRecord = {
  readonly vehicle: string
  readonly number: number
  /** Who enrolled it, and the number of that organization among the enrollers. */
  readonly organization: string
  readonly enroller: number
  readonly tankMicrolitre: number
  readonly sensorClass: string
  /** Ed25519, hexadecimal. */
  readonly key: string
  readonly keyUntilMs: TimeMs
  /** Of the last refuel. */
  readonly sequence: number
  /** Commitments of refuels that are not settled, with the time from which they are stale. */
  readonly open: readonly { readonly commitment: string; readonly staleMs: TimeMs }[]
  /** Dispensers that have the vehicle's vote in a window. */
  readonly window: number
  readonly visits: readonly string[]
  readonly counted: number
  /** Refuels that it committed to and never opened. */
  readonly withheld: number
}

export type RefuelRecord = {
  readonly commitment: string
  readonly vehicle: string
  readonly dispenser: string
  readonly sequence: number
  readonly committed: Moment
  readonly declared: (Moment & { readonly volumeMicrolitre: number; readonly signed: boolean }) | null
}

/** Readings that count, flat: vehicle, enroller, ln(vehicle's volume / declared) in ppm, and so on. */
export type ReadingList = readonly number[]
export const READING_WIDTH = 3

export type HeadRecord = {
  /** Counts the inspections: only readings since the last one are kept. */
  readonly epoch: number
  /** Readings ever counted in the epoch. */
  readonly counted: number
  /** Pages ever filled in the epoch; page p stands in place p mod PAGES_MAX. */
  readonly pages: number
  /** The page that is being filled. */
  readonly tail: ReadingList
}

export type Verdict = 'conforming' | 'inconclusive' | 'suspect'

export type Reason =
  | 'no-readings'
  | 'few-vehicles'
  | 'few-organizations'
  | 'no-anchor'
  | 'one-organization'
  | 'weak-evidence'

/** What found a dispenser suspect. */
export type Basis = 'sequential' | 'posterior' | 'cusum'

export type Finding = {
  readonly dispenser: string
  readonly epoch: number
  readonly verdict: Verdict
  /** Why it is inconclusive. */
  readonly reasons: readonly Reason[]
  /** What a verdict `suspect` rests on. */
  readonly bases: readonly Basis[]
  readonly readings: number
  readonly vehicles: number
  readonly organizations: number
  /** ln(delivered / declared) with its standard deviation; `null` without an anchor. */
  readonly errorPpm: number | null
  readonly deviationPpm: number | null
  /** Least shortage that is left when the vehicles of any one organization are left out. */
  readonly withoutOnePpm: number | null
  /** Log of the e-process against "within the MPE", thousandths. */
  readonly eValueMilli: number
  /** Probability that the dispenser conforms, given how all of them look. */
  readonly conformingPpm: number
  readonly cusumMilli: number
  /** Score and information at this analysis, from which the CUSUM goes on. */
  readonly score: number
  readonly information: number
}

export type FindingsRecord = { readonly findings: readonly (Finding | null)[] }

export type AnalysisRecord = {
  readonly region: string
  readonly at: Moment
  readonly serial: number
  readonly dispensers: number
  readonly readings: number
  readonly anchors: number
  /** Estimated standard deviations. */
  readonly readingNoisePpm: number
  readonly vehicleNoisePpm: number
  readonly fraudSharePpm: number
  readonly suspects: number
  readonly producer: Producer
}

export const regionKey = (region: string): string => `regions/${region}`
export const rosterKey = (region: string, number: number): string => `rosters/${region}/${shard(number, ROSTER_SIZE)}`
export const stationKey = (station: string): string => `stations/${station}`
export const dispenserKey = (dispenser: string): string => `dispensers/${dispenser}`
export const headKey = (dispenser: string): string => `heads/${dispenser}`
export const pageKey = (dispenser: string, page: number): string => `pages/${dispenser}/${page % PAGES_MAX}`
export const vehicleKey = (vehicle: string): string => `vehicles/${vehicle}`
export const refuelKey = (commitment: string): string => `refuels/${commitment}`
export const findingsKey = (region: string, number: number): string =>
  `findings/${region}/${shard(number, FINDINGS_SIZE)}`
export const analysisKey = (region: string): string => `analyses/${region}`
/** Ids of the enrolling organizations in the order of their numbers, and how many vehicles there are. */
export const ENROLLERS_KEY = 'enrollers'
export const VEHICLES_KEY = 'vehicle-count'

const shard = (number: number, size: number): string => String(Math.trunc(number / size)).padStart(2, '0')

export const NO_READINGS: HeadRecord = { epoch: 0, counted: 0, pages: 0, tail: [] }

/** A record that another record names, so that it is there: what was registered is never deleted. */
export function existing<T>(record: T | undefined, name: string): T {
  assert(record !== undefined, `no record of ${name}`)
  return record
}
