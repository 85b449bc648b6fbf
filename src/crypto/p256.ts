import { compareBytes, fromHex } from '../base/bytes.js'
import { type CurvePoint, curvePoint, isCompactSignature } from './ecdsa.js'

/** P-256 as members of organizations sign with it: r || s with low S. */

const HALF_ORDER = fromHex('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 32) as Uint8Array

/** True when r || s has 64 bytes, 0 < r < n and 0 < s <= n/2. */
export function isLowSignature(compact: Uint8Array): boolean {
  return isCompactSignature('p256', compact) && compareBytes(compact.subarray(32), HALF_ORDER) <= 0
}

/** Reads a point of the curve, compressed or uncompressed; `undefined` when it is not one. About 1 ms when compressed. */
export function p256Point(encoded: Uint8Array): CurvePoint | undefined {
  return curvePoint('p256', encoded)
}
