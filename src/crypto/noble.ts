import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.js'
import { passesGate } from './ed25519-gate.js'
import { hasLowS, isP256PointForm, isP256Signature, p256SignatureFromDer } from './p256.js'
import type { CryptoSuite } from './suite.js'

const { Point } = ed25519
const ORDER = Point.Fn.ORDER

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

/** The definition of suite.ts written out over noble's points. Not noble's own `verify`, which is cofactored. */
function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const encodedR = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= ORDER || !passesGate(publicKey) || !passesGate(encodedR)) return false
  try {
    const a = Point.fromBytes(publicKey, false)
    const k = littleEndian(sha512(concatBytes(encodedR, publicKey, message))) % ORDER
    const sB = s === 0n ? Point.ZERO : Point.BASE.multiply(s)
    const kA = k === 0n ? Point.ZERO : a.multiplyUnsafe(k)
    return equalBytes(sB.subtract(kA).toBytes(), encodedR)
  } catch {
    return false
  }
}

/** @param compact r || s, gated; low S is the caller's rule */
function verifyCompact(publicKey: Uint8Array, message: Uint8Array, compact: Uint8Array): boolean {
  if (!isP256PointForm(publicKey)) return false
  try {
    return p256.verify(compact, message, publicKey, { prehash: true, lowS: false, format: 'compact' })
  } catch {
    return false
  }
}

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 33 || !isP256Signature(signature) || !hasLowS(signature)) return false
  return verifyCompact(publicKey, message, signature)
}

function verifyP256Der(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const compact = p256SignatureFromDer(signature)
  return compact !== undefined && verifyCompact(publicKey, message, compact)
}

/** The reference, and the browser's. About twenty times slower than `native`. */
export const nobleSuite: CryptoSuite = {
  sha256: (data) => sha256(data),
  verifyEd25519,
  verifyP256,
  verifyP256Der,
}
