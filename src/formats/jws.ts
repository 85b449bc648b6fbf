import { fromUtf8, utf8 } from '../base/bytes.js'
import type { EcdsaScheme } from '../crypto/ecdsa.js'
import { fromBase64Url } from './base64url.js'
import { isJsonNumber, isJsonObject, type JsonObject, parseJsonText } from './json-text.js'
import { isProblem, type Problem } from './problem.js'

/**
 * JWS in its compact form (RFC 7515) with one of ES256, ES384 (RFC 7518), ES256K (RFC 8812), and Ed25519 under either of its names (RFC 8037, RFC 9864). The
 * signature is r || s of fixed width, S low or high, over the bytes as they are sent. A header with `crit` or `b64` is refused: its
 * extensions are not known here.
 */

export interface Jws {
  /** `undefined`: Ed25519. */
  readonly scheme: EcdsaScheme | undefined
  /** What is signed: header and payload, encoded, with the point between them. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly payload: string
  /** Counter that the payload states: its member `counter`, where the payload is a JSON object that has one. */
  readonly counter: number | undefined
  /** Whose record the payload says it is: its member `sub`. */
  readonly subject: string | undefined
  /** When it was made: the member `iat`, seconds since 1970, in ms. */
  readonly timeMs: number | undefined
}

const SCHEMES: Readonly<Record<string, EcdsaScheme | undefined>> = {
  ES256: { curve: 'p256', hash: 'sha256', encoding: 'compact' },
  ES384: { curve: 'p384', hash: 'sha384', encoding: 'compact' },
  ES256K: { curve: 'secp256k1', hash: 'sha256', encoding: 'compact' },
  EdDSA: undefined,
  Ed25519: undefined,
}

const JWS_HEADER_LENGTH_MAX = 1024

export function parseJws(text: string): Jws | Problem {
  const parts = text.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) return { problem: 'a compact JWS has three parts with points between them' }
  if (header.length > JWS_HEADER_LENGTH_MAX) return { problem: 'the header of the JWS is too long' }
  const scheme = schemeOf(header)
  if (isProblem(scheme)) return scheme
  const bytes = fromBase64Url(signature)
  const body = fromBase64Url(payload)
  const content = body && fromUtf8(body)
  if (bytes === undefined || content === undefined) return { problem: 'payload or signature is not base64url of text' }
  const claims = claimsOf(content)
  if (isProblem(claims)) return claims
  return { ...scheme, signed: utf8(`${header}.${payload}`), signature: bytes, payload: content, ...claims }
}

function schemeOf(header: string): { readonly scheme: EcdsaScheme | undefined } | Problem {
  const bytes = fromBase64Url(header)
  const text = bytes && fromUtf8(bytes)
  const read = text === undefined ? { problem: 'not base64url of text' } : parseJsonText(text)
  if (isProblem(read) || !isJsonObject(read.value)) {
    return { problem: `the header of the JWS is not a JSON object${isProblem(read) ? `: ${read.problem}` : ''}` }
  }
  const algorithm = read.value.get('alg')
  if (read.value.has('crit') || read.value.has('b64')) return { problem: 'the JWS asks for extensions (crit, b64)' }
  if (typeof algorithm !== 'string' || !Object.hasOwn(SCHEMES, algorithm)) {
    return { problem: `the algorithm of the JWS is none of ${Object.keys(SCHEMES).join(', ')}` }
  }
  return { scheme: SCHEMES[algorithm] }
}

type Claims = Pick<Jws, 'counter' | 'subject' | 'timeMs'>

/** What a payload states of itself. One that is not a JSON object states nothing. */
function claimsOf(payload: string): Claims | Problem {
  const read = payload.startsWith('{') ? parseJsonText(payload) : undefined
  if (read === undefined) return { counter: undefined, subject: undefined, timeMs: undefined }
  if (isProblem(read)) return { problem: `the payload of the JWS: ${read.problem}` }
  if (!isJsonObject(read.value)) return { problem: 'the payload of the JWS is not a JSON object' }
  const counter = integerOf(read.value, 'counter')
  const issued = integerOf(read.value, 'iat')
  const subject = read.value.get('sub')
  if (counter === null) return { problem: 'the member counter of the payload is not a whole number' }
  if (issued === null || (issued ?? 0) > ISSUED_SECONDS_MAX) {
    return { problem: 'the member iat of the payload is not a whole number of seconds' }
  }
  return {
    counter,
    subject: typeof subject === 'string' ? subject : undefined,
    timeMs: issued === undefined ? undefined : issued * 1_000,
  }
}

/** In the year 2242. */
const ISSUED_SECONDS_MAX = 8_589_934_591

/** A whole number from 0 on; `null` when the member is something else. */
function integerOf(members: JsonObject, name: string): number | null | undefined {
  const value = members.get(name)
  if (value === undefined) return undefined
  const number = isJsonNumber(value) && /^(0|[1-9]\d{0,15})$/.test(value.number) ? Number(value.number) : undefined
  return Number.isSafeInteger(number) ? (number as number) : null
}
