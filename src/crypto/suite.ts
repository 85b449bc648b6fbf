import type { EcdsaScheme } from './ecdsa.js'

/**
 * The primitives that verification needs. Two implementations are kept equal by tests: `native` for
 * nodes and `noble` for browsers and as the reference.
 */
export interface CryptoSuite {
  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array

  /**
   * Ed25519 with one meaning everywhere: S < L; A and R canonical and not of small order; and the cofactorless
   * equation, encode([S]B - [k]A) = R, byte for byte. Malformed lengths are `false`, never an exception.
   */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /**
   * ECDSA over P-256 with SHA-256. The key is a compressed point (33 bytes), the signature r || s (64 bytes) with
   * low S: s <= n/2.
   */
  verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /**
   * ECDSA as instruments sign, on any of the curves: the key an uncompressed or compressed point, the signature in the encoding that
   * the scheme names, S low or high. Whatever is malformed is `false`, never an exception.
   */
  verifyEcdsa(scheme: EcdsaScheme, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
