import { createHash, createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import type sodiumNative from 'sodium-native'
import { concatBytes, toHex } from '../base/bytes.js'
import { CURVES, ECDSA_CURVES, type EcdsaCurve } from './curves.js'
import { compactSignature, type EcdsaScheme, isPointForm } from './ecdsa.js'
import { passesGate } from './ed25519-gate.js'
import { isLowSignature } from './p256.js'
import type { CryptoSuite } from './suite.js'

type SodiumNative = typeof sodiumNative

const SMALL_HASH_BYTES_MAX = 1_024
const KEY_CACHE_SIZE = 4096

const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Importing a key costs more than using it once, so imported keys are kept (oldest out first). */
class KeyCache {
  readonly #keys = new Map<string, KeyObject | undefined>()

  get(point: Uint8Array, prefix: Uint8Array): KeyObject | undefined {
    const id = toHex(point)
    if (this.#keys.has(id)) return this.#keys.get(id)
    const key = importKey(concatBytes(prefix, point))
    if (this.#keys.size >= KEY_CACHE_SIZE) {
      const oldest = this.#keys.keys().next().value
      if (oldest !== undefined) this.#keys.delete(oldest)
    }
    this.#keys.set(id, key)
    return key
  }
}

function importKey(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

const ecdsaKeys = Object.fromEntries(ECDSA_CURVES.map((curve) => [curve, new KeyCache()])) as Readonly<
  Record<EcdsaCurve, KeyCache>
>
const ed25519Keys = new KeyCache()

function ecdsaKey(curve: EcdsaCurve, point: Uint8Array): KeyObject | undefined {
  if (!isPointForm(curve, point)) return undefined
  const { bytes, spki } = CURVES[curve]
  return ecdsaKeys[curve].get(point, point.length === bytes + 1 ? spki.compressed : spki.uncompressed)
}

function verifyEcdsa(scheme: EcdsaScheme, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const compact = compactSignature(scheme, signature)
  if (compact === undefined) return false
  const key = ecdsaKey(scheme.curve, publicKey)
  return key !== undefined && verify(scheme.hash, message, { key, dsaEncoding: 'ieee-p1363' }, compact)
}

const P256_COMPACT: EcdsaScheme = { curve: 'p256', hash: 'sha256', encoding: 'compact' }

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 33 && isLowSignature(signature) && verifyEcdsa(P256_COMPACT, publicKey, message, signature)
  )
}

/** OpenSSL after the gate accepts exactly what libsodium accepts (held by a test over the edge-case vectors). */
export function verifyEd25519OpenSsl(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (!passesGate(publicKey) || !passesGate(signature.subarray(0, 32))) return false
  const key = ed25519Keys.get(publicKey, ED25519_SPKI_PREFIX)
  return key !== undefined && verify(null, message, key, signature)
}

/**
 * Of the ways into OpenSSL's hash a Latin-1 string is the cheapest for small inputs: no object, no buffer outside the
 * heap (0.4 µs for 64 bytes, where a buffer costs 1.1). Large inputs are handed over without copying.
 */
function sha256(data: Uint8Array): Uint8Array {
  if (data.length > SMALL_HASH_BYTES_MAX) return createHash('sha256').update(data).digest()
  const text = hash('sha256', data, 'binary')
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
  return out
}

function loadSodium(): SodiumNative | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as SodiumNative
  } catch {
    return undefined // no prebuilt binary for this platform: OpenSSL does the same, a little slower
  }
}

const sodium = loadSodium()

function suiteOf(native: SodiumNative | undefined): CryptoSuite {
  if (native === undefined) {
    return { sha256, verifyEd25519: verifyEd25519OpenSsl, verifyP256, verifyEcdsa }
  }
  return {
    sha256,
    verifyEd25519(publicKey, message, signature) {
      if (publicKey.length !== 32 || signature.length !== 64) return false
      return native.crypto_sign_verify_detached(signature, message, publicKey)
    },
    verifyP256,
    verifyEcdsa,
  }
}

/** The node's suite: libsodium where its prebuilt binary loads, OpenSSL otherwise. */
export const nativeSuite: CryptoSuite = suiteOf(sodium)

/** What the suite does without libsodium; exported so that tests hold the two together. */
export const openSslSuite: CryptoSuite = suiteOf(undefined)
