import { compareDecimals, type Decimal, parseDecimal } from './decimal.js'
import type { OcmfReading } from './ocmf-readings.js'
import { isProblem } from './problem.js'
import type { SignedRecord } from './signed-record.js'

/**
 * What speaks against a record although its signature is good: the third verdict, next to the cryptographic and the legal one. None of it
 * makes a record invalid; all of it is said.
 */

export const QUALITY_FINDINGS = {
  'counter-gap': 'Counters before this record were not anchored.',
  'counter-not-new': 'The counter is not above the last one that was anchored.',
  'counter-not-signed': 'The signature does not cover the counter.',
  'time-not-signed': 'The signature does not cover a time.',
  'clock-not-synchronized': 'The clock of the instrument was not synchronized.',
  'time-in-future': 'The time of the record is ahead of the network.',
  'time-backwards': 'The time of the record is before that of the last one anchored.',
  'serial-differs': 'None of the serial numbers in the record is that of the instrument.',
  'meter-not-good': 'The record itself tells of an error of the meter or of quantities that cannot be billed.',
  'value-decreasing': 'A register that only counts upwards goes down.',
  'unit-unknown': 'A value has no unit that is known.',
  'quantity-unreadable':
    'The message states a value with a unit, and it is not a quantity of the D-SI, or its OBIS code is none.',
  'weak-curve': 'The key is of a curve with less than 112 bits of security.',
} as const

export type QualityFinding = keyof typeof QUALITY_FINDINGS

/** What a record is measured against. */
export interface QualityContext {
  readonly curve: string
  readonly serial: string | null
  /** Last record of the same counter. */
  readonly last: { readonly counter: number; readonly recordTimeMs: number | null } | undefined
  /** Latest time that the network would hold possible; `undefined`: not known. */
  readonly latestMs: number | undefined
}

/** Findings in the order of QUALITY_FINDINGS. */
export function findingsOf(record: SignedRecord, context: QualityContext): readonly QualityFinding[] {
  const { last, latestMs, serial } = context
  const { counter, timeMs, clock, readings, serials } = record
  const applies: Readonly<Record<QualityFinding, boolean>> = {
    'counter-gap': counter !== undefined && last !== undefined && counter > last.counter + 1,
    'counter-not-new': counter !== undefined && last !== undefined && counter <= last.counter,
    'counter-not-signed': !record.counterSigned,
    'time-not-signed': timeMs === undefined,
    'clock-not-synchronized': clock === 'unknown' || clock === 'informative',
    'time-in-future': timeMs !== undefined && latestMs !== undefined && timeMs > latestMs,
    'time-backwards': timeMs !== undefined && timeMs < (last?.recordTimeMs ?? 0),
    'serial-differs': serial !== null && serials.length > 0 && !serials.includes(serial),
    'meter-not-good': readings.some(({ meter, errors, reason }) => meter !== 'G' || errors !== '' || reason === 'X'),
    'value-decreasing': isDecreasing(readings),
    'unit-unknown': readings.some(({ value, unit }) => value !== undefined && unit === undefined),
    'quantity-unreadable': record.quantity !== undefined && isProblem(record.quantity),
    'weak-curve': context.curve.startsWith('secp192'),
  }
  return (Object.keys(QUALITY_FINDINGS) as QualityFinding[]).filter((finding) => applies[finding])
}

function isDecreasing(readings: readonly OcmfReading[]): boolean {
  const last = new Map<string, Decimal>()
  for (const { accumulating, obis, unit, value } of readings) {
    const decimal = accumulating && value !== undefined ? parseDecimal(value) : undefined
    if (decimal === undefined) continue
    const register = `${obis} ${unit}`
    const before = last.get(register)
    if (before !== undefined && compareDecimals(decimal, before) < 0) return true
    last.set(register, decimal)
  }
  return false
}
