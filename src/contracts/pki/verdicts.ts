import type { OcmfReading } from '../../formats/ocmf-readings.js'
import { isProblem } from '../../formats/problem.js'
import type { QualityFinding } from '../../formats/record-quality.js'
import type { SignedRecord } from '../../formats/signed-record.js'
import type { Json } from '../contract.js'

/** How verdicts and readings are told, alike by the method and by the query. */

export function qualityOf({ clock, timeMs }: SignedRecord, findings: readonly QualityFinding[]) {
  return { clock: clock ?? 'not-stated', timeMs: timeMs ?? null, findings }
}

/** First and last reading of a record; the rest is in the record itself. */
export function readingsOf({ readings }: SignedRecord): {
  readonly count: number
  readonly first: Json
  readonly last: Json
} {
  return { count: readings.length, first: readingOf(readings[0]), last: readingOf(readings.at(-1)) }
}

function readingOf(reading: OcmfReading | undefined): Json {
  if (reading === undefined) return null
  const { timeMs, clock, reason = null, value = null, unit = null, obis = null } = reading
  return { timeMs, clock, reason, value, unit, obis }
}

/** The quantity that a message states, with its uncertainty; `null` when it states none, or none that can be read. */
export function quantityOf({ quantity }: SignedRecord): Json {
  if (quantity === undefined || isProblem(quantity)) return null
  const members = Object.entries(quantity).filter(([, text]) => text !== undefined)
  return Object.fromEntries(members) as Json
}
