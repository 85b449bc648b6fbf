import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.js'
import { passesGate } from './ed25519-gate.js'
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

function verifyEcdsa(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  format: 'compact' | 'der',
): boolean {
  try {
    return p256.verify(signature, message, publicKey, { prehash: true, lowS: format === 'compact', format })
  } catch {
    return false
  }
}

/** The reference, and the browser's. About twenty times slower than `native`. */
export const nobleSuite: CryptoSuite = {
  sha256: (data) => sha256(data),
  verifyEd25519,
  verifyP256: (publicKey, message, signature) =>
    publicKey.length === 33 && signature.length === 64 && verifyEcdsa(publicKey, message, signature, 'compact'),
  verifyP256Der: (publicKey, message, signature) => verifyEcdsa(publicKey, message, signature, 'der'),
}
