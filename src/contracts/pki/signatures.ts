import { fromBase64, fromHex, utf8 } from '../../base/bytes.js'
import type { CryptoSuite } from '../../crypto/suite.js'

/**
 * What an instrument signs: ECDSA over P-256 with SHA-256 of the UTF-8 bytes of these texts, as base64 of DER. Fields
 * stand on lines of their own and none but the last can hold a line break, so that no two meanings share a text.
 */

/** Longest base64 of a DER signature: 72 bytes. */
export const SIGNATURE_LENGTH_MAX = 96

/** Proof that the proposer has the private key. @param key uncompressed point, 130 lower-case hexadecimal characters */
export function possessionStatement(instrument: string, key: string): string {
  return `etalon pki possession 1\n${instrument}\n${key}`
}

/** A measuring record of the format `etalon-1`: bound to the instrument and its counter, so it counts once. */
export function recordStatement(instrument: string, counter: number, message: string): string {
  return `etalon pki record 1\n${instrument}\n${counter}\n${message}`
}

/**
 * How records are signed. `etalon-1`: over `recordStatement`. `fabpki`: over the message alone, as the published prototype has
 * it; nothing then ties the signature to a counter, and it is said so wherever such a record is reported.
 */
export type RecordFormat = 'etalon-1' | 'fabpki'

export function signedText(format: RecordFormat, instrument: string, counter: number, message: string): string {
  return format === 'fabpki' ? message : recordStatement(instrument, counter, message)
}

/** @returns `malformed` when the text is not base64 */
export function checkSignature(
  crypto: CryptoSuite,
  key: string,
  text: string,
  signature: string,
): 'good' | 'bad' | 'malformed' {
  const der = fromBase64(signature)
  const point = fromHex(key, 65)
  if (der === undefined || point === undefined) return 'malformed'
  return crypto.verifyP256Der(point, utf8(text), der) ? 'good' : 'bad'
}
