import { fromBase64, fromHex } from '../base/bytes.js'
import { CURVES, type EcdsaCurve } from '../crypto/curves.js'
import { type EcdsaScheme, signatureFromDer } from '../crypto/ecdsa.js'
import { isJsonObject, type JsonObject, parseJsonText } from './json-text.js'
import { type OcmfReading, parseReadings } from './ocmf-readings.js'
import { isProblem, type Problem } from './problem.js'

/**
 * Records of charging stations in the Open Charge Metering Format, version 1 (SAFE e.V., OCMF-en.md): `OCMF|payload|signature`, both JSON.
 * Signed are the bytes of the payload as they stand between the bars, by the curve and hash that `SA` names, S low or high. The signature is
 * DER (strict), as the format demands, or r || s of fixed width, as some makers have it. Names that are not read here are left alone, as the format asks.
 */

export interface Ocmf {
  readonly scheme: EcdsaScheme
  /** The payload exactly as it is signed. */
  readonly payload: string
  readonly signature: Uint8Array
  /** `T` records of transactions, `F` others; each has a counter of its own. */
  readonly context: 'T' | 'F'
  /** Pagination. */
  readonly counter: number
  readonly gatewaySerial: string | undefined
  readonly meterSerial: string | undefined
  readonly readings: readonly OcmfReading[]
}

/** Characters of a record. */
export const OCMF_LENGTH_MAX = 8_192

/** Table 22 of the format, with the spelling of brainpool that makers use as well. */
const CURVE_NAMES: Readonly<Record<string, EcdsaCurve>> = {
  secp192k1: 'secp192k1',
  secp256k1: 'secp256k1',
  secp192r1: 'secp192r1',
  secp256r1: 'p256',
  brainpool256r1: 'brainpoolP256r1',
  brainpoolP256r1: 'brainpoolP256r1',
  secp384r1: 'p384',
  brainpool384r1: 'brainpoolP384r1',
  brainpoolP384r1: 'brainpoolP384r1',
}

/** Where `SA` is left out (format, table 8 and table 22). */
const DEFAULT_ALGORITHM = 'ECDSA-secp256r1-SHA256'

export function parseOcmf(text: string): Ocmf | Problem {
  if (text.length > OCMF_LENGTH_MAX) return { problem: `the record has more than ${OCMF_LENGTH_MAX} characters` }
  const sections = text.trim().split('|')
  const [header, payload = '', signature = ''] = sections
  if (header !== 'OCMF' || sections.length !== 3) return { problem: 'a record has the form OCMF|payload|signature' }
  const data = objectOf('payload', payload)
  if (isProblem(data)) return data
  const seal = objectOf('signature', signature)
  if (isProblem(seal)) return seal
  const signed = parseSignature(seal.members)
  if (isProblem(signed)) return signed
  const page = parsePagination(data.members)
  if (isProblem(page)) return page
  const readings = parseReadings(data.members.get('RD'))
  if (isProblem(readings)) return readings
  return {
    ...signed,
    ...page,
    payload,
    gatewaySerial: textOf(data.members, 'GS'),
    meterSerial: textOf(data.members, 'MS'),
    readings: readings.readings,
  }
}

function objectOf(name: string, text: string): { readonly members: JsonObject } | Problem {
  const read = parseJsonText(text)
  if (isProblem(read)) return { problem: `the section ${name}: ${read.problem}` }
  return isJsonObject(read.value) ? { members: read.value } : { problem: `the section ${name} is not an object` }
}

/** A text that says something; many stations send empty ones. */
function textOf(members: JsonObject, name: string): string | undefined {
  const value = members.get(name)
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined
}

function parsePagination(members: JsonObject): Pick<Ocmf, 'context' | 'counter'> | Problem {
  const page = members.get('PG')
  const match = typeof page === 'string' ? /^([TF])(0|[1-9]\d{0,15})$/.exec(page) : null
  const counter = Number(match?.[2])
  if (match === null || !Number.isSafeInteger(counter)) {
    return { problem: 'the pagination PG is T or F with a number that has no zeros before it' }
  }
  return { context: match[1] === 'T' ? 'T' : 'F', counter }
}

function parseSignature(members: JsonObject): Pick<Ocmf, 'scheme' | 'signature'> | Problem {
  const algorithm = members.get('SA') ?? DEFAULT_ALGORITHM
  const encoding = members.get('SE') ?? 'hex'
  const type = members.get('SM') ?? 'application/x-der'
  const data = members.get('SD')
  const match = typeof algorithm === 'string' ? /^ECDSA-([A-Za-z0-9]+)-SHA(256|384|512)$/.exec(algorithm) : null
  const name = match?.[1] ?? ''
  const curve = Object.hasOwn(CURVE_NAMES, name) ? CURVE_NAMES[name] : undefined
  if (match === null || curve === undefined) return { problem: 'the signature algorithm SA is not one that is known' }
  if (type !== 'application/x-der') return { problem: 'the type of the signature SM is not application/x-der' }
  if (encoding !== 'hex' && encoding !== 'base64') return { problem: 'the encoding SE is neither hex nor base64' }
  if (typeof data !== 'string' || data === '') return { problem: 'the signature SD is missing' }
  const signature = encoding === 'hex' ? fromHex(data.toLowerCase()) : fromBase64(data)
  if (signature === undefined) return { problem: `the signature SD is not ${encoding}` }
  const hash = `sha${match[2] as '256' | '384' | '512'}` as const
  const isRaw = signatureFromDer(curve, signature) === undefined && signature.length === 2 * CURVES[curve].bytes
  return { scheme: { curve, hash, encoding: isRaw ? 'compact' : 'der' }, signature }
}
