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
   * ECDSA over P-256 with SHA-256 as instruments give it: the key an uncompressed or compressed point, the signature
   * ASN.1 DER (strict), S low or high.
   */
  verifyP256Der(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
