import { parseOcmfTime } from './civil-time.js'
import { isJsonNumber, isJsonObject, type JsonObject, type JsonText } from './json-text.js'
import { formatObis, isAccumulating, parseObis } from './obis.js'
import { isProblem, type Problem } from './problem.js'

/** How far a clock is to be trusted, worst first (OCMF, table 19: U, I, R, S). */
export const CLOCK_STATES = ['unknown', 'informative', 'relative', 'synchronized'] as const
export type ClockState = (typeof CLOCK_STATES)[number]

/** One reading of a charging station. What a reading leaves out it has from the one before it (OCMF, "Readings"). */
export interface OcmfReading {
  readonly timeMs: number
  readonly clock: ClockState
  /** Why it was read: B begin, E end, and others; none outside of transactions. */
  readonly reason: string | undefined
  /** As it is signed, blanks around it taken off: trailing zeros tell how exact it is. None where only an event is told. */
  readonly value: string | undefined
  /** OBIS, all groups written. */
  readonly obis: string | undefined
  /** True of a register that must not go down. */
  readonly accumulating: boolean
  /** D-SI, such as `\kilo\watt\hour`; none where the record's unit is not one of the format. */
  readonly unit: string | undefined
  /** State of the meter: G is good (table 10). */
  readonly meter: string
  /** Quantities that an error has made unusable: `E` energy, `t` time. */
  readonly errors: string
}

export const OCMF_READINGS_MAX = 256

const CLOCKS: Readonly<Record<string, ClockState>> = {
  U: 'unknown',
  I: 'informative',
  R: 'relative',
  S: 'synchronized',
}

/** Units of the format (table 20) as D-SI writes them. */
const UNITS: Readonly<Record<string, string>> = {
  kWh: '\\kilo\\watt\\hour',
  Wh: '\\watt\\hour',
  mOhm: '\\milli\\ohm',
  uOhm: '\\micro\\ohm',
}

const REASONS = /^[BCXELRAPST]$/
const METER_STATES = /^[NGTDRMXIOSEF]$/
const DECIMAL = /^-?\d+(?:\.\d+)?$/

export function parseReadings(list: JsonText | undefined): { readonly readings: readonly OcmfReading[] } | Problem {
  if (!Array.isArray(list) || list.length === 0) return { problem: 'the record has no readings RD' }
  if (list.length > OCMF_READINGS_MAX) return { problem: `the record has more than ${OCMF_READINGS_MAX} readings` }
  const readings: OcmfReading[] = []
  let inherited: JsonObject = new Map()
  for (const item of list as readonly JsonText[]) {
    if (!isJsonObject(item)) return { problem: 'a reading is not an object' }
    inherited = new Map([...inherited, ...item])
    const reading = parseReading(inherited, item.has('RV'))
    if (isProblem(reading)) return { problem: `reading ${readings.length + 1}: ${reading.problem}` }
    readings.push(reading)
  }
  return { readings }
}

/** @param hasValue a value is never inherited */
function parseReading(members: JsonObject, hasValue: boolean): OcmfReading | Problem {
  const time = parseTime(members.get('TM'))
  if (isProblem(time)) return time
  const reason = members.get('TX') ?? ''
  const meter = members.get('ST') ?? ''
  const errors = members.get('EF') ?? ''
  if (typeof reason !== 'string' || (reason !== '' && !REASONS.test(reason))) return { problem: 'TX is not known' }
  if (typeof meter !== 'string' || !METER_STATES.test(meter))
    return { problem: 'the state of the meter ST is not known' }
  if (typeof errors !== 'string' || !/^[Et]{0,2}$/.test(errors)) return { problem: 'EF is not made of E and t' }
  const measured = hasValue ? parseMeasured(members) : NOTHING_MEASURED
  if (isProblem(measured)) return measured
  return { ...time, reason: reason === '' ? undefined : reason, meter, errors, ...measured }
}

type Measured = Pick<OcmfReading, 'value' | 'obis' | 'accumulating' | 'unit'>

const NOTHING_MEASURED: Measured = { value: undefined, obis: undefined, accumulating: false, unit: undefined }

function parseMeasured(members: JsonObject): Measured | Problem {
  const raw = members.get('RV')
  // Some makers write the number as a text, filled up with blanks.
  const value = isJsonNumber(raw) ? raw.number : typeof raw === 'string' ? raw.trim() : ''
  if (!DECIMAL.test(value) || value.length > 32) return { problem: 'the value RV is not a decimal number' }
  const unitName = members.get('RU')
  const unit = typeof unitName === 'string' && Object.hasOwn(UNITS, unitName) ? UNITS[unitName] : undefined
  const code = members.get('RI')
  if (code === undefined) return { value, obis: undefined, accumulating: false, unit }
  const obis = typeof code === 'string' ? parseObis(code) : { problem: 'RI is not a text' }
  if (isProblem(obis)) return obis
  return { value, obis: formatObis(obis), accumulating: isAccumulating(obis), unit }
}

function parseTime(value: JsonText | undefined): Pick<OcmfReading, 'timeMs' | 'clock'> | Problem {
  const [text = '', letter = '', ...rest] = typeof value === 'string' ? value.split(' ') : []
  const clock = Object.hasOwn(CLOCKS, letter) ? CLOCKS[letter] : undefined
  if (clock === undefined || rest.length > 0) {
    return { problem: 'the time TM does not end in a blank and one of the states U, I, R, S' }
  }
  const time = parseOcmfTime(text)
  return isProblem(time) ? time : { timeMs: time.timeMs, clock }
}
