import { createECDH } from 'node:crypto'
import { fromHex, toHex, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from '../crypto/index.js'
import { nativeSuite } from '../crypto/native.js'
import type { Signer } from '../ports.js'

const { sha256 } = nativeSuite

/** A key pair of the simulation. Its secret never leaves this file but as a signer. */
export interface SimKey extends Signer {
  /** Hexadecimal, of the length of a real key. */
  readonly publicKey: string
}

/**
 * Cheap signatures (1 µs) that nobody but the holder of the secret can make: a hash of secret and message. The suite knows
 * the secret of every public key, so it can check them. Hashes are real.
 */
export class SimCrypto {
  readonly #secrets = new Map<string, Uint8Array>()
  readonly #keys = new Map<string, SimKey>()
  /** Keys by the array that holds them: replicas ask with the same arrays again and again. */
  readonly #known = new WeakMap<Uint8Array, Uint8Array>()

  readonly suite: CryptoSuite = {
    sha256,
    verifyEd25519: (key, message, signature) => key.length === 32 && this.#verify(key, message, signature),
    verifyP256: (key, message, signature) => key.length === 33 && this.#verify(key, message, signature),
    verifyEcdsa: (_, key, message, signature) => this.#verify(key, message, signature),
  }

  /** The Ed25519 key of a name; the same name gives the same key. */
  ed25519(name: string): SimKey {
    return this.#keys.get(name) ?? this.#make(name, () => toHex(sha256(utf8(`sim public ${name}`))))
  }

  /** The P-256 key of a name: a true point of the curve, uncompressed, since contracts look at its form. */
  p256(name: string): SimKey {
    return this.#keys.get(name) ?? this.#make(name, pointOf)
  }

  #make(name: string, publicKeyOf: (secret: Uint8Array) => string): SimKey {
    const secret = sha256(utf8(`sim secret ${name}`))
    const publicKey = publicKeyOf(secret)
    const key = { publicKey, sign: (message: Uint8Array) => seal(secret, message) }
    this.#secrets.set(publicKey, secret)
    this.#keys.set(name, key)
    return key
  }

  #verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_LENGTH) return false
    const secret = this.#known.get(key) ?? this.#lookUp(key)
    if (secret === undefined) return false
    const expected = seal(secret, message)
    for (let i = 0; i < SIGNATURE_LENGTH; i++) if (expected[i] !== signature[i]) return false
    return true
  }

  #lookUp(key: Uint8Array): Uint8Array | undefined {
    const secret = this.#secrets.get(toHex(key))
    if (secret !== undefined) this.#known.set(key, secret)
    return secret
  }
}

function pointOf(secret: Uint8Array): string {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.from(secret))
  return ecdh.getPublicKey('hex')
}

const SIGNATURE_LENGTH = 64

function seal(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const input = new Uint8Array(secret.length + message.length)
  input.set(secret)
  input.set(message, secret.length)
  const signature = new Uint8Array(SIGNATURE_LENGTH)
  signature.set(sha256(input))
  return signature
}

export const keyBytes = (publicKey: string): Uint8Array => fromHex(publicKey) ?? new Uint8Array()
