import { fromBase64, fromHex, utf8 } from '../base/bytes.js'
import { CURVES } from '../crypto/curves.js'
import { compactSignature, type EcdsaScheme } from '../crypto/ecdsa.js'
import type { CryptoSuite } from '../crypto/suite.js'
import { parseJws } from './jws.js'
import { parseOcmf } from './ocmf.js'
import type { ClockState, OcmfReading } from './ocmf-readings.js'
import { isProblem, type Problem } from './problem.js'
import type { KeyCurve } from './public-key.js'
import { quantityOf, type StatedQuantity } from './record-quantity.js'
import { recordStatement, timedRecordStatement } from './record-statements.js'

/**
 * Signed measuring records, whatever their format, in one shape. `etalon-1` and `etalon-2` are signed over texts of record-statements.ts;
 * `fabpki` over the message alone, as the published prototypes have it; `ocmf` and `jws` carry their signature themselves.
 */

export const RECORD_FORMATS = ['etalon-1', 'etalon-2', 'fabpki', 'ocmf', 'jws'] as const
export type RecordFormat = (typeof RECORD_FORMATS)[number]

/** A record as it is handed in. */
export interface RecordInput {
  readonly instrument: string
  readonly format: RecordFormat
  /** Of `ocmf` and `jws` the whole record, signature and all. */
  readonly message: string
  /** Base64; of ECDSA in DER. Not given where the record carries it. */
  readonly signature?: string | undefined
  /** Not needed where the record says it; where both do, they must agree. */
  readonly counter?: number | undefined
  /** Only of `etalon-2`, which signs it. */
  readonly timeMs?: number | undefined
  readonly clock?: ClockState | undefined
}

/** A record without the instrument that it is of, as files of records have it. */
export type BareRecord = Omit<RecordInput, 'instrument'>

/** Counters that run apart from each other: OCMF has one for transactions and one for other records. */
export type CounterStream = 'record' | 'ocmf-T' | 'ocmf-F'

export interface SignedRecord {
  readonly bytes: Uint8Array
  /** `undefined`: the signature is not even base64. */
  readonly signature: Uint8Array | undefined
  /** How the format signs with the key; `undefined`: Ed25519. */
  readonly scheme: EcdsaScheme | undefined
  readonly stream: CounterStream
  readonly counter: number | undefined
  /** The signature covers the counter. */
  readonly counterSigned: boolean
  /** Signed times only. */
  readonly timeMs: number | undefined
  readonly clock: ClockState | undefined
  /** Serial numbers that the record names. */
  readonly serials: readonly string[]
  readonly readings: readonly OcmfReading[]
  /** Outside of OCMF: the quantity that the message states, or why it cannot be read. */
  readonly quantity: StatedQuantity | Problem | undefined
}

/** The scheme of etalon's own formats, and of fabpki: DER, with the hash that fits the curve. `undefined`: Ed25519. */
export function ownScheme(curve: KeyCurve): EcdsaScheme | undefined {
  if (curve === 'ed25519') return undefined
  return { curve, hash: CURVES[curve].bytes > 32 ? 'sha384' : 'sha256', encoding: 'der' }
}

/** Reads a record that is said to be signed with a key of a curve; never throws. */
export function readRecord(curve: KeyCurve, input: RecordInput): SignedRecord | Problem {
  switch (input.format) {
    case 'ocmf':
      return readOcmf(input)
    case 'jws':
      return readJws(input)
    default:
      return readPlain(curve, input)
  }
}

function readPlain(curve: KeyCurve, input: RecordInput): SignedRecord | Problem {
  const { format, signature, counter, timeMs, clock } = input
  const isTimed = format === 'etalon-2'
  if (signature === undefined) return { problem: `a record of the format ${format} comes with its signature` }
  if (isTimed && (timeMs === undefined || clock === undefined)) return { problem: 'etalon-2 signs timeMs and clock' }
  if (!isTimed && (timeMs !== undefined || clock !== undefined)) return { problem: `${format} signs no time` }
  return {
    bytes: utf8(plainText(input)),
    signature: fromBase64(signature),
    scheme: ownScheme(curve),
    stream: 'record',
    counter,
    counterSigned: format !== 'fabpki',
    timeMs,
    clock,
    serials: [],
    readings: [],
    quantity: quantityOf(input.message),
  }
}

function plainText({ format, instrument, counter = 0, timeMs = 0, clock = 'unknown', message }: RecordInput): string {
  if (format === 'fabpki') return message
  if (format === 'etalon-2') return timedRecordStatement(instrument, counter, timeMs, clock, message)
  return recordStatement(instrument, counter, message)
}

/** What a record that carries everything itself does not take from outside. */
function contradiction(input: RecordInput, counter: number | undefined): Problem | undefined {
  if (input.signature !== undefined) return { problem: `a record of the format ${input.format} carries its signature` }
  if (input.timeMs !== undefined || input.clock !== undefined) {
    return { problem: `a record of the format ${input.format} carries its time` }
  }
  if (input.counter === undefined || counter === undefined || input.counter === counter) return undefined
  return { problem: `the record has the counter ${counter}, not ${input.counter}` }
}

function readOcmf(input: RecordInput): SignedRecord | Problem {
  const record = parseOcmf(input.message)
  if (isProblem(record)) return record
  const { payload, signature, scheme, context, counter, readings, gatewaySerial, meterSerial } = record
  const problem = contradiction(input, counter)
  if (problem !== undefined) return problem
  return {
    bytes: utf8(payload),
    signature,
    scheme,
    stream: `ocmf-${context}`,
    counter,
    counterSigned: true,
    timeMs: readings.at(-1)?.timeMs,
    clock: worstClock(readings),
    serials: [gatewaySerial, meterSerial].filter((serial) => serial !== undefined),
    readings,
    quantity: undefined,
  }
}

const CLOCK_ORDER: readonly ClockState[] = ['unknown', 'informative', 'relative', 'synchronized']

function worstClock(readings: readonly OcmfReading[]): ClockState | undefined {
  return CLOCK_ORDER.find((state) => readings.some(({ clock }) => clock === state))
}

function readJws(input: RecordInput): SignedRecord | Problem {
  const jws = parseJws(input.message)
  if (isProblem(jws)) return jws
  const problem = contradiction(input, jws.counter)
  if (problem !== undefined) return problem
  if (jws.subject !== undefined && jws.subject !== input.instrument) {
    return { problem: `the payload is of ${jws.subject.slice(0, 96)}, not of ${input.instrument}` }
  }
  return {
    bytes: jws.signed,
    signature: jws.signature,
    scheme: jws.scheme,
    stream: 'record',
    counter: jws.counter ?? input.counter,
    counterSigned: jws.counter !== undefined,
    timeMs: jws.timeMs,
    // The claim has no word for the state of the clock.
    clock: jws.timeMs === undefined ? undefined : 'informative',
    serials: [],
    readings: [],
    quantity: quantityOf(jws.payload),
  }
}

export type CryptographicVerdict = 'good' | 'bad' | 'malformed'

interface VerifyingKey {
  readonly curve: KeyCurve
  /** Hexadecimal. */
  readonly key: string
}

/** A signature over bytes, in the scheme that the format names. `bad` too where the scheme is of another curve than the key. */
export function checkSignature(
  crypto: CryptoSuite,
  { curve, key }: VerifyingKey,
  scheme: EcdsaScheme | undefined,
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
): CryptographicVerdict {
  const point = fromHex(key)
  if (signature === undefined || point === undefined) return 'malformed'
  if ((scheme?.curve ?? 'ed25519') !== curve) return 'bad'
  if (scheme === undefined) {
    if (crypto.verifyEd25519(point, bytes, signature)) return 'good'
    return signature.length === 64 ? 'bad' : 'malformed'
  }
  if (crypto.verifyEcdsa(scheme, point, bytes, signature)) return 'good'
  return compactSignature(scheme, signature) === undefined ? 'malformed' : 'bad'
}

/** A signature in etalon's own scheme over a text, base64: proofs of possession, rotations, batches. */
export function checkText(
  crypto: CryptoSuite,
  key: VerifyingKey,
  text: string,
  signature: string,
): CryptographicVerdict {
  return checkSignature(crypto, key, ownScheme(key.curve), utf8(text), fromBase64(signature))
}

export const checkRecord = (crypto: CryptoSuite, key: VerifyingKey, record: SignedRecord): CryptographicVerdict =>
  checkSignature(crypto, key, record.scheme, record.bytes, record.signature)
