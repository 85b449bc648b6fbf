import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.js'
import { CURVES } from './curves.js'
import { compactSignature, type EcdsaScheme, isPointForm } from './ecdsa.js'
import { passesGate } from './ed25519-gate.js'
import { isLowSignature } from './p256.js'
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

const HASHES = { sha256, sha384, sha512 } as const

function verifyEcdsa(scheme: EcdsaScheme, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const compact = compactSignature(scheme, signature)
  if (compact === undefined || !isPointForm(scheme.curve, publicKey)) return false
  const digest = HASHES[scheme.hash](message)
  try {
    const options = { prehash: false, lowS: false, format: 'compact' } as const
    return CURVES[scheme.curve].noble().verify(compact, digest, publicKey, options)
  } catch {
    return false
  }
}

const P256_COMPACT: EcdsaScheme = { curve: 'p256', hash: 'sha256', encoding: 'compact' }

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 33 && isLowSignature(signature) && verifyEcdsa(P256_COMPACT, publicKey, message, signature)
  )
}

/** The reference, and the browser's. About twenty times slower than `native`. */
export const nobleSuite: CryptoSuite = {
  sha256: (data) => sha256(data),
  verifyEd25519,
  verifyP256,
  verifyEcdsa,
}
