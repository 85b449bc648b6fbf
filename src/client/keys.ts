import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { fromHex, toHex } from '../base/bytes.js'
import type { KeyType } from '../types/index.js'

/** Signs for one member of an organization. May ask a device or a key store. */
export interface ClientSigner {
  readonly keyType: KeyType
  /** Hexadecimal: 32 bytes (Ed25519) or the compressed point of 33 (P-256). */
  readonly publicKey: string
  /** 64 bytes; for P-256 r || s with low s. */
  sign(statement: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Signs with an Ed25519 seed of 32 bytes. */
export function ed25519Signer(seed: Uint8Array): ClientSigner {
  return {
    keyType: 'ed25519',
    publicKey: toHex(ed25519.getPublicKey(seed)),
    sign: (statement) => ed25519.sign(statement, seed),
  }
}

/** Signs with a P-256 secret scalar of 32 bytes. */
export function p256Signer(secret: Uint8Array): ClientSigner {
  return {
    keyType: 'p256',
    publicKey: toHex(p256.getPublicKey(secret, true)),
    sign: (statement) => p256.sign(statement, secret, { prehash: true, lowS: true, format: 'compact' }),
  }
}

/** A member key as `etalon keys member` writes it. */
export interface MemberKey {
  readonly organization: string
  readonly signer: ClientSigner
}

/** Reads a member key file; `undefined` when it is not one. */
export function readMemberKey(text: string): MemberKey | undefined {
  try {
    const { format, organization, keyType, seed } = JSON.parse(text) as Record<string, unknown>
    const bytes = typeof seed === 'string' ? fromHex(seed, 32) : undefined
    if (format !== 'etalon-member-key-1' || typeof organization !== 'string' || bytes === undefined) return undefined
    if (keyType === 'ed25519') return { organization, signer: ed25519Signer(bytes) }
    return keyType === 'p256' ? { organization, signer: p256Signer(bytes) } : undefined
  } catch {
    return undefined
  }
}
