import { equalBytes, fromBase64, fromHex } from '../../base/bytes.js'
import { type P256Point, p256Point } from '../../crypto/p256.js'

/**
 * Public keys as the clients of the published prototypes send them: PEM with a SubjectPublicKeyInfo (RFC 5280, RFC 5480)
 * of P-256, what python-ecdsa's `VerifyingKey.to_pem()` writes. Lines may be of any length or run together, and the BEGIN
 * and END lines may be missing; the base64 and the DER inside are read strictly.
 */

export const PEM_LENGTH_MAX = 512

const LABELLED = /^-----BEGIN PUBLIC KEY-----([^-]*)-----END PUBLIC KEY-----$/
const prefix = (hex: string): Uint8Array => fromHex(hex) as Uint8Array

/** Everything of the DER before the point: algorithm id-ecPublicKey, curve secp256r1, and the lengths that go with it. */
const SPKI_UNCOMPRESSED = prefix('3059301306072a8648ce3d020106082a8648ce3d030107034200')
const SPKI_COMPRESSED = prefix('3039301306072a8648ce3d020106082a8648ce3d030107032200')

export type PemResult = { readonly point: P256Point } | { readonly problem: string }

/** Reads a key; never throws. */
export function parsePem(text: string): PemResult {
  if (text.length > PEM_LENGTH_MAX) return { problem: `the key has more than ${PEM_LENGTH_MAX} characters` }
  const trimmed = text.trim()
  const body = trimmed.startsWith('-----') ? LABELLED.exec(trimmed)?.[1] : trimmed
  if (body === undefined) return { problem: 'the key is not PEM with the label PUBLIC KEY' }
  const der = fromBase64(body.replaceAll(/[ \t\r\n]/g, ''))
  if (der === undefined) return { problem: 'the key is not base64' }
  const encoded = pointOf(der, SPKI_UNCOMPRESSED, 65) ?? pointOf(der, SPKI_COMPRESSED, 33)
  if (encoded === undefined) return { problem: 'the key is not a SubjectPublicKeyInfo of P-256 (prime256v1)' }
  const point = p256Point(encoded)
  return point === undefined ? { problem: 'the key is not a point of P-256' } : { point }
}

function pointOf(der: Uint8Array, start: Uint8Array, length: number): Uint8Array | undefined {
  if (der.length !== start.length + length || !equalBytes(der.subarray(0, start.length), start)) return undefined
  return der.subarray(start.length)
}
