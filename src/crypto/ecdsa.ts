import { compareBytes, toHex } from '../base/bytes.js'
import { CURVES, type EcdsaCurve } from './curves.js'

/**
 * What OpenSSL and noble are not left to decide: which encodings of points and signatures are accepted. Both implementations
 * of CryptoSuite pass through these gates and then differ in nothing but the curve arithmetic.
 */

/** One way of signing. High S is accepted in all of them: none of the formats of instruments forbids it. */
export interface EcdsaScheme {
  readonly curve: EcdsaCurve
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  /** `der`: ASN.1, strict; `compact`: r || s, each as long as the order of the curve. */
  readonly encoding: 'der' | 'compact'
}

const ZERO = new Uint8Array(48)

const INTEGER = 0x02
const SEQUENCE = 0x30
/** SEQUENCE of two INTEGERs of at most 49 bytes (P-384): every length fits one byte. */
const DER_BYTES_MAX = 104

/** A point as SEC 1 writes it, compressed (02, 03) or uncompressed (04). Hybrid forms (06, 07) and infinity (00) are not accepted. */
export function isPointForm(curve: EcdsaCurve, point: Uint8Array): boolean {
  const { bytes } = CURVES[curve]
  const tag = point[0]
  return point.length === 1 + bytes ? tag === 2 || tag === 3 : point.length === 1 + 2 * bytes && tag === 4
}

function isScalar(curve: EcdsaCurve, scalar: Uint8Array): boolean {
  const { order, bytes } = CURVES[curve]
  return compareBytes(scalar, ZERO.subarray(0, bytes)) > 0 && compareBytes(scalar, order) < 0
}

/** True when r || s has its fixed width and 0 < r, s < n. */
export function isCompactSignature(curve: EcdsaCurve, compact: Uint8Array): boolean {
  const { bytes } = CURVES[curve]
  if (compact.length !== 2 * bytes) return false
  return isScalar(curve, compact.subarray(0, bytes)) && isScalar(curve, compact.subarray(bytes))
}

/**
 * Reads an ECDSA signature in strict DER (X.690: minimal lengths and integers, not negative, nothing after the end).
 * @returns r || s with 0 < r, s < n; `undefined` for everything else
 */
export function signatureFromDer(curve: EcdsaCurve, der: Uint8Array): Uint8Array | undefined {
  if (der.length > DER_BYTES_MAX || der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined
  const { bytes } = CURVES[curve]
  const compact = new Uint8Array(2 * bytes)
  const afterR = readInteger(der, 2, compact.subarray(0, bytes))
  if (afterR === undefined) return undefined
  if (readInteger(der, afterR, compact.subarray(bytes)) !== der.length) return undefined
  return isCompactSignature(curve, compact) ? compact : undefined
}

/** Copies a DER INTEGER to the end of `out`; gives the position after it. */
function readInteger(der: Uint8Array, at: number, out: Uint8Array): number | undefined {
  const length = der[at + 1]
  if (der[at] !== INTEGER || length === undefined || length === 0 || length > out.length + 1) return undefined
  const end = at + 2 + length
  if (end > der.length) return undefined
  let start = at + 2
  const first = der[start] as number
  if (first >= 0x80) return undefined // negative
  if (first === 0 && length > 1) {
    if ((der[start + 1] as number) < 0x80) return undefined // not minimal
    start += 1
  }
  if (end - start > out.length) return undefined
  out.set(der.subarray(start, end), out.length - (end - start))
  return end
}

/** r || s of a signature in the encoding of a scheme; `undefined` when it is malformed. */
export function compactSignature(scheme: EcdsaScheme, signature: Uint8Array): Uint8Array | undefined {
  if (scheme.encoding === 'der') return signatureFromDer(scheme.curve, signature)
  return isCompactSignature(scheme.curve, signature) ? signature : undefined
}

/** One point in both encodings, lower-case hexadecimal. */
export interface CurvePoint {
  /** How transactions and the state name a key. */
  readonly compressed: string
  readonly uncompressed: string
}

/** Reads a point of a curve, compressed or uncompressed; `undefined` when it is not one. About 1 ms when compressed. */
export function curvePoint(curve: EcdsaCurve, encoded: Uint8Array): CurvePoint | undefined {
  if (!isPointForm(curve, encoded)) return undefined
  try {
    const point = CURVES[curve].noble().Point.fromBytes(encoded)
    return { compressed: toHex(point.toBytes(true)), uncompressed: toHex(point.toBytes(false)) }
  } catch {
    return undefined
  }
}
