import {
  CIPHERTEXT_DIGITS,
  fromDigits,
  greatestCommonDivisor,
  MODULUS_DIGITS,
  type PaillierSecret,
  paillierEncrypt,
  paillierOpen,
  proveModulus,
  toDigits,
} from '../crypto/paillier.js'
import type { CryptoSuite } from '../crypto/suite.js'

/** What meters and key owners compute for the contract privacy (docs/contracts/privacy.md): everything that is random, or secret. */

/** Arguments of `privacy.registerKey`, apart from the name. Takes about 0.2 s. */
export function paillierPublicPart(
  sha256: CryptoSuite['sha256'],
  secret: PaillierSecret,
): { readonly n: string; readonly roots: string[] } {
  const n = toDigits(secret.p * secret.q, MODULUS_DIGITS)
  return { n, roots: proveModulus(sha256, secret).map((root) => toDigits(root, MODULUS_DIGITS)) }
}

/** Encrypts a reading for the owner of a key. @param n as the key's record has it @param value 0 or more */
export function encryptReading(n: string, value: number | bigint): string {
  const modulus = fromDigits(n)
  return toDigits(paillierEncrypt(modulus, BigInt(value), randomUnit(modulus)), CIPHERTEXT_DIGITS)
}

/** What a product of ciphertexts holds, and what proves it: arguments of `privacy.openCohort`. */
export function openProduct(
  secret: PaillierSecret,
  product: string,
): { readonly sum: string; readonly randomness: string } {
  const { m, r } = paillierOpen(secret, fromDigits(product))
  return { sum: m.toString(), randomness: toDigits(r, MODULUS_DIGITS) }
}

/** Uniform in Z*_N: drawn with 128 bits more than N has, so that no value is noticeably likelier. */
function randomUnit(n: bigint): bigint {
  for (;;) {
    let value = 0n
    for (const byte of crypto.getRandomValues(new Uint8Array(MODULUS_DIGITS / 2 + 16)))
      value = (value << 8n) | BigInt(byte)
    const unit = value % n
    if (unit !== 0n && greatestCommonDivisor(n, unit) === 1n) return unit
  }
}
