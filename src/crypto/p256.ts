import { p256 } from '@noble/curves/nist.js'
import { compareBytes, fromHex, toHex } from '../base/bytes.js'

/**
 * What OpenSSL and noble are not left to decide: which encodings of points and signatures of P-256 are accepted. Both
 * implementations of CryptoSuite pass through these gates and then differ in nothing but the curve arithmetic.
 */

const constant = (hex: string): Uint8Array => fromHex(hex, 32) as Uint8Array

const ORDER = constant('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const HALF_ORDER = constant('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8')
const ZERO = new Uint8Array(32)

const INTEGER = 0x02
const SEQUENCE = 0x30
/** SEQUENCE of two INTEGERs of at most 33 bytes: every length fits one byte. */
const DER_BYTES_MAX = 72

/** A point as SEC 1 writes it, compressed (02, 03) or uncompressed (04). Hybrid forms (06, 07) and infinity (00) are not accepted. */
export function isP256PointForm(point: Uint8Array): boolean {
  const tag = point[0]
  return point.length === 33 ? tag === 2 || tag === 3 : point.length === 65 && tag === 4
}

function isScalar(scalar: Uint8Array): boolean {
  return compareBytes(scalar, ZERO) > 0 && compareBytes(scalar, ORDER) < 0
}

/** True when r || s has 64 bytes and 0 < r, s < n. */
export function isP256Signature(compact: Uint8Array): boolean {
  return compact.length === 64 && isScalar(compact.subarray(0, 32)) && isScalar(compact.subarray(32))
}

/** True when s <= n/2, for a signature that is otherwise well formed. */
export function hasLowS(compact: Uint8Array): boolean {
  return compareBytes(compact.subarray(32), HALF_ORDER) <= 0
}

/**
 * Reads an ECDSA signature in strict DER (X.690: minimal lengths and integers, not negative, nothing after the end).
 * @returns r || s, 64 bytes, with 0 < r, s < n; `undefined` for everything else
 */
export function p256SignatureFromDer(der: Uint8Array): Uint8Array | undefined {
  if (der.length > DER_BYTES_MAX || der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined
  const compact = new Uint8Array(64)
  const afterR = readInteger(der, 2, compact.subarray(0, 32))
  if (afterR === undefined) return undefined
  if (readInteger(der, afterR, compact.subarray(32)) !== der.length) return undefined
  return isP256Signature(compact) ? compact : undefined
}

/** Copies a DER INTEGER to the end of `out`; gives the position after it. */
function readInteger(der: Uint8Array, at: number, out: Uint8Array): number | undefined {
  const length = der[at + 1]
  if (der[at] !== INTEGER || length === undefined || length === 0 || length > 33) return undefined
  const end = at + 2 + length
  if (end > der.length) return undefined
  let start = at + 2
  const first = der[start] as number
  if (first >= 0x80) return undefined // negative
  if (first === 0 && length > 1) {
    if ((der[start + 1] as number) < 0x80) return undefined // not minimal
    start += 1
  }
  if (end - start > 32) return undefined
  out.set(der.subarray(start, end), 32 - (end - start))
  return end
}

/** One point in both encodings, lower-case hexadecimal. */
export interface P256Point {
  /** 66 characters; how transactions and the state name a key. */
  readonly compressed: string
  /** 130 characters. */
  readonly uncompressed: string
}

/** Reads a point of the curve, compressed or uncompressed; `undefined` when it is not one. About 1 ms when compressed. */
export function p256Point(encoded: Uint8Array): P256Point | undefined {
  if (!isP256PointForm(encoded)) return undefined
  try {
    const point = p256.Point.fromBytes(encoded)
    return { compressed: toHex(point.toBytes(true)), uncompressed: toHex(point.toBytes(false)) }
  } catch {
    return undefined
  }
}
