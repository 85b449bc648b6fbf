import { utf8 } from '../base/bytes.js'
import type { CryptoSuite } from './suite.js'

/**
 * Paillier's additively homomorphic encryption (EUROCRYPT 1999) with G = N + 1: E(m; r) = (1 + m N) r^N mod N². Multiplying ciphertexts adds
 * what they hold. Contracts check and multiply with it; whatever is random comes from the client.
 */

/** Bits of N, exactly. */
export const PAILLIER_BITS = 2_048
/** Hexadecimal digits of N, and of a number modulo N². */
export const MODULUS_DIGITS = PAILLIER_BITS / 4
export const CIPHERTEXT_DIGITS = PAILLIER_BITS / 2
/** No prime below divides N; each root below then convinces by 16 bits. */
export const SMALL_FACTOR_MAX = 65_536
/** Roots that prove gcd(N, φ(N)) = 1: together 80 bits. */
export const MODULUS_ROOTS = 5

const WINDOW_BITS = 5

/** base^exponent mod modulus, by windows of five bits. Not in constant time: for public values, and for secret ones on the owner's machine only. */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n, base % modulus]
  for (let i = 2; i < 1 << WINDOW_BITS; i++) powers.push(((powers[i - 1] ?? 1n) * (powers[1] ?? 1n)) % modulus)
  const bits = exponent.toString(2)
  const padded = bits.padStart(Math.trunc((bits.length + WINDOW_BITS - 1) / WINDOW_BITS) * WINDOW_BITS, '0')
  let result = 1n
  for (let at = 0; at < padded.length; at += WINDOW_BITS) {
    for (let i = 0; i < WINDOW_BITS; i++) result = (result * result) % modulus
    const window = Number.parseInt(padded.slice(at, at + WINDOW_BITS), 2)
    if (window !== 0) result = (result * (powers[window] ?? 1n)) % modulus
  }
  return result
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** Inverse modulo a number. @throws RangeError where there is none */
export function modInverse(a: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, ((a % modulus) + modulus) % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1]
  }
  if (r0 !== 1n) throw new RangeError('there is no inverse')
  return ((s0 % modulus) + modulus) % modulus
}

/** Lower-case hexadecimal of a fixed length. */
export const toDigits = (value: bigint, digits: number): string => value.toString(16).padStart(digits, '0')
/** @param hex hexadecimal digits, one at least */
export const fromDigits = (hex: string): bigint => BigInt(`0x${hex}`)

let smallPrimes: readonly bigint[] | undefined

function primesBelow(limit: number): readonly bigint[] {
  const composite = new Uint8Array(limit)
  const primes: bigint[] = []
  for (let i = 2; i < limit; i++) {
    if (composite[i] === 1) continue
    primes.push(BigInt(i))
    for (let j = i * i; j < limit; j += i) composite[j] = 1
  }
  return primes
}

/** What is wrong with the form of N: its size, or that it is even. */
export function modulusProblem(n: bigint): string | undefined {
  const bits = n.toString(2).length
  if (bits !== PAILLIER_BITS) return `N has ${bits} bits, and must have ${PAILLIER_BITS}`
  return n % 2n === 0n ? 'N is even' : undefined
}

/** Costs some 6,500 divisions where there is none. */
export function smallFactorOf(n: bigint): bigint | undefined {
  smallPrimes ??= primesBelow(SMALL_FACTOR_MAX)
  return smallPrimes.find((prime) => n % prime === 0n)
}

/** A number below N that nobody chose: from SHA-256 of N and a counter, 256 bits longer than N before it is reduced. */
function challenge(sha256: CryptoSuite['sha256'], n: bigint, index: number): bigint {
  let value = 0n
  for (let block = 0; block < PAILLIER_BITS / 256 + 1; block++) {
    const hash = sha256(utf8(`etalon privacy modulus 1\n${toDigits(n, MODULUS_DIGITS)}\n${index}\n${block}`))
    for (const byte of hash) value = (value << 8n) | BigInt(byte)
  }
  return value % n
}

/**
 * Checks the proof that N is square-free and gcd(N, φ(N)) = 1: N-th roots of numbers that a hash gives (Gennaro, Micciancio and Rabin,
 * CCS 1998, section 3.1). Without it the owner of a malformed N could open one ciphertext to several sums. That N is not a prime, whose
 * sums anyone could open, is told by Fermat's test to base 2. Costs six powers modulo N, and the search for a small factor, which the soundness of the roots rests on.
 * @param roots those of `proveModulus`
 */
export function verifyModulus(sha256: CryptoSuite['sha256'], n: bigint, roots: readonly bigint[]): boolean {
  if (roots.length !== MODULUS_ROOTS || smallFactorOf(n) !== undefined || modPow(2n, n - 1n, n) === 1n) return false
  return roots.every((root, i) => root > 0n && root < n && modPow(root, n, n) === challenge(sha256, n, i))
}

/** Encrypts. @param m 0 to n - 1 @param r 1 to n - 1, random and coprime to n */
export function paillierEncrypt(n: bigint, m: bigint, r: bigint): bigint {
  const squared = n * n
  return ((1n + m * n) * modPow(r, n, squared)) % squared
}

/** What is wrong with a ciphertext: it must be in Z*_N². */
export function ciphertextProblem(n: bigint, c: bigint): 'out-of-range' | 'not-a-unit' | undefined {
  if (c <= 0n || c >= n * n) return 'out-of-range'
  return greatestCommonDivisor(n, c % n) === 1n ? undefined : 'not-a-unit'
}

/** Whether a ciphertext holds m: anyone can tell once r is known. Costs one power modulo N². */
export function verifyOpening(n: bigint, c: bigint, m: bigint, r: bigint): boolean {
  if (m < 0n || m >= n || r <= 0n || r >= n) return false
  return paillierEncrypt(n, m, r) === c
}

/** The factors of N, of which only the owner knows. */
export interface PaillierSecret {
  readonly p: bigint
  readonly q: bigint
}

const lambdaOf = ({ p, q }: PaillierSecret): bigint => ((p - 1n) * (q - 1n)) / greatestCommonDivisor(p - 1n, q - 1n)

/** What a ciphertext holds, and the randomness with which anyone can check it. */
export function paillierOpen(secret: PaillierSecret, c: bigint): { readonly m: bigint; readonly r: bigint } {
  const n = secret.p * secret.q
  const lambda = lambdaOf(secret)
  const m = (((modPow(c, lambda, n * n) - 1n) / n) * modInverse(lambda, n)) % n
  return { m, r: modPow(c % n, modInverse(n, lambda), n) }
}

/** The roots by which `verifyModulus` is convinced. */
export function proveModulus(sha256: CryptoSuite['sha256'], secret: PaillierSecret): readonly bigint[] {
  const n = secret.p * secret.q
  const exponent = modInverse(n, lambdaOf(secret))
  return Array.from({ length: MODULUS_ROOTS }, (_, i) => modPow(challenge(sha256, n, i), exponent, n))
}
