import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { createRequire } from 'node:module'
import type sodiumNative from 'sodium-native'
import { concatBytes } from '../base/bytes.js'
import type { Signer } from '../ports.js'

const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])

function loadSodium(): typeof sodiumNative | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as typeof sodiumNative
  } catch {
    return undefined
  }
}

const sodium = loadSodium()

/** Public key of an Ed25519 seed; both 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(spki.length - 32))
}

/** Signs with an Ed25519 seed (32 bytes): libsodium where it loads, else OpenSSL; both give the same bytes. */
export function createSigner(seed: Uint8Array): Signer {
  if (sodium === undefined) {
    const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
    return { sign: (statement) => new Uint8Array(sign(null, statement, key)) }
  }
  const native = sodium
  const publicKey = new Uint8Array(32)
  const secretKey = new Uint8Array(64)
  native.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return {
    sign(statement) {
      const signature = new Uint8Array(64)
      native.crypto_sign_detached(signature, statement, secretKey)
      return signature
    },
  }
}
