import { concatBytes, equalBytes, fromBase64, fromHex, toHex } from '../base/bytes.js'
import { CURVES, ECDSA_CURVES, type EcdsaCurve } from '../crypto/curves.js'
import { curvePoint } from '../crypto/ecdsa.js'
import { passesGate } from '../crypto/ed25519-gate.js'
import { fromBase58, toBase58 } from './base58.js'
import { isProblem, type Problem } from './problem.js'

/**
 * Public keys of instruments, in each form that makers give them out in: PEM, or the base64 or hexadecimal alone, of a
 * SubjectPublicKeyInfo (RFC 5280, RFC 5480, RFC 8410); a `did:key` (W3C CCG, with multicodec's numbers); or the bare point in hexadecimal,
 * whose curve must be said. What is read is explicit about its algorithm and curve.
 */

export const KEY_CURVES = [...ECDSA_CURVES, 'ed25519'] as const
export type KeyCurve = (typeof KEY_CURVES)[number]

export type PublicKey =
  | { readonly algorithm: 'ecdsa'; readonly curve: EcdsaCurve; readonly key: string; readonly compressed: string }
  | { readonly algorithm: 'ed25519'; readonly curve: 'ed25519'; readonly key: string; readonly compressed: string }

/** Characters of a key in any of the forms. */
export const PEM_LENGTH_MAX = 512

const LABELLED = /^-----BEGIN PUBLIC KEY-----([^-]*)-----END PUBLIC KEY-----$/
const ED25519_SPKI = fromHex('302a300506032b6570032100') as Uint8Array

/** Varint of the multicodec and length of the key, by curve. The other curves have no number. */
const MULTICODEC = [
  ['ed25519', 'ed01'],
  ['secp256k1', 'e701'],
  ['p256', '8024'],
  ['p384', '8124'],
] as const

/**
 * Reads a key; never throws.
 * @param curve needed for a bare point; where the form says the curve itself, both must agree
 */
export function parsePublicKey(text: string, curve?: KeyCurve): PublicKey | Problem {
  if (text.length > PEM_LENGTH_MAX) return { problem: `the key has more than ${PEM_LENGTH_MAX} characters` }
  const trimmed = text.trim()
  const key = trimmed.startsWith('did:') ? parseDidKey(trimmed) : parseEncoded(trimmed, curve)
  if (isProblem(key) || curve === undefined || key.curve === curve) return key
  return { problem: `the key is of the curve ${key.curve}, not ${curve}` }
}

function parseEncoded(text: string, curve: KeyCurve | undefined): PublicKey | Problem {
  const body = text.startsWith('-----') ? LABELLED.exec(text)?.[1] : text
  if (body === undefined) return { problem: 'the key is not PEM with the label PUBLIC KEY' }
  const packed = body.replaceAll(/[ \t\r\n]/g, '')
  const bytes = fromHex(packed.toLowerCase()) ?? fromBase64(packed)
  if (bytes === undefined || bytes.length === 0) return { problem: 'the key is neither base64 nor hexadecimal' }
  const known = fromSpki(bytes)
  if (known !== undefined) return known
  if (curve === undefined)
    return { problem: 'the key is not a SubjectPublicKeyInfo of a known curve; of a bare point say the curve' }
  // Some makers leave out the tag of an uncompressed point.
  const untagged = curve !== 'ed25519' && bytes.length === 2 * CURVES[curve].bytes
  return publicKeyOf(curve, untagged ? concatBytes(Uint8Array.of(4), bytes) : bytes)
}

/** A key from its curve and its point (Ed25519: its 32 bytes). */
export function publicKeyOf(curve: KeyCurve, bytes: Uint8Array): PublicKey | Problem {
  if (curve === 'ed25519') {
    if (bytes.length !== 32 || !passesGate(bytes)) return { problem: 'the key is not a canonical Ed25519 key' }
    const key = toHex(bytes)
    return { algorithm: 'ed25519', curve, key, compressed: key }
  }
  const point = curvePoint(curve, bytes)
  if (point === undefined) return { problem: `the key is not a point of ${curve}` }
  return { algorithm: 'ecdsa', curve, key: point.uncompressed, compressed: point.compressed }
}

/** `undefined` where the bytes are not a SubjectPublicKeyInfo of a curve that is known here. */
function fromSpki(der: Uint8Array): PublicKey | Problem | undefined {
  if (startsWith(der, ED25519_SPKI)) return publicKeyOf('ed25519', der.subarray(ED25519_SPKI.length))
  for (const curve of ECDSA_CURVES) {
    const { spki, bytes } = CURVES[curve]
    for (const [prefix, length] of [
      [spki.uncompressed, 1 + 2 * bytes],
      [spki.compressed, 1 + bytes],
    ] as const) {
      if (der.length === prefix.length + length && startsWith(der, prefix)) {
        return publicKeyOf(curve, der.subarray(prefix.length))
      }
    }
  }
  return undefined
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  equalBytes(bytes.subarray(0, prefix.length), prefix)

function parseDidKey(text: string): PublicKey | Problem {
  const bytes = text.startsWith('did:key:z') ? fromBase58(text.slice('did:key:z'.length)) : undefined
  if (bytes === undefined) return { problem: 'the key is not a did:key in base58btc' }
  for (const [curve, code] of MULTICODEC) {
    if (startsWith(bytes, fromHex(code) as Uint8Array)) return publicKeyOf(curve, bytes.subarray(2))
  }
  return { problem: 'the did:key is not of Ed25519, secp256k1, P-256 or P-384' }
}

/** The did:key of a key; `undefined` for curves that multicodec does not number. */
export function didKeyOf(key: Pick<PublicKey, 'curve' | 'compressed'>): string | undefined {
  const multikey = multikeyOf(key)
  return multikey === undefined ? undefined : `did:key:${multikey}`
}

/** `publicKeyMultibase` of a Multikey (W3C Controlled Identifiers 1.0): multicodec's number and the key, in base58btc. */
export function multikeyOf({ curve, compressed }: Pick<PublicKey, 'curve' | 'compressed'>): string | undefined {
  const code = MULTICODEC.find(([name]) => name === curve)?.[1]
  const bytes = fromHex(compressed)
  if (code === undefined || bytes === undefined) return undefined
  return `z${toBase58(concatBytes(fromHex(code) as Uint8Array, bytes))}`
}
