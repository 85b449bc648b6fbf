import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeSuite } from '../../src/crypto/native.js'
import {
  ciphertextProblem,
  fromDigits,
  greatestCommonDivisor,
  MODULUS_ROOTS,
  modInverse,
  modPow,
  modulusProblem,
  paillierEncrypt,
  paillierOpen,
  proveModulus,
  SMALL_FACTOR_MAX,
  smallFactorOf,
  toDigits,
  verifyModulus,
  verifyOpening,
} from '../../src/crypto/paillier.js'

interface Key {
  readonly p: string
  readonly q: string
  readonly n: string
  readonly encryptions: readonly { readonly m: string; readonly r: string; readonly c: string }[]
  readonly product: string
  readonly sum: string
}

const { keys } = JSON.parse(readFileSync('test/vectors/paillier/phe.json', 'utf8')) as { keys: readonly Key[] }
const { sha256 } = nativeSuite
const secretOf = ({ p, q }: Key) => ({ p: fromDigits(p), q: fromDigits(q) })

describe('Paillier against phe', () => {
  it.each(keys)('encrypts, adds and opens alike', (key) => {
    const n = fromDigits(key.n)
    let product = 1n
    for (const { m, r, c } of key.encryptions) {
      expect(paillierEncrypt(n, BigInt(m), fromDigits(r))).toBe(fromDigits(c))
      expect(paillierOpen(secretOf(key), fromDigits(c))).toEqual({ m: BigInt(m), r: fromDigits(r) })
      product = (product * fromDigits(c)) % (n * n)
    }
    expect(product).toBe(fromDigits(key.product))
    const { m, r } = paillierOpen(secretOf(key), product)
    expect(m).toBe(BigInt(key.sum))
    expect(verifyOpening(n, product, m, r)).toBe(true)
    expect(verifyOpening(n, product, m + 1n, r)).toBe(false)
    expect(verifyOpening(n, product, m, r + 1n)).toBe(false)
    expect(verifyOpening(n, product, m + n, r)).toBe(false)
    expect(verifyOpening(n, product, m, r + n)).toBe(false)
    expect(verifyOpening(n, product, -1n, r)).toBe(false)
  })
})

describe('a modulus', () => {
  const [first] = keys as readonly [Key]
  const n = fromDigits(first.n)
  const secret = secretOf(first)

  it('of the right form has nothing wrong', () => {
    for (const key of keys) expect(modulusProblem(fromDigits(key.n))).toBeUndefined()
  })

  it.each<[string, bigint, string]>([
    ['too short', n >> 1n, 'N has 2047 bits, and must have 2048'],
    ['too long', n << 1n, 'N has 2049 bits, and must have 2048'],
    ['zero', 0n, 'N has 1 bits, and must have 2048'],
    ['even', n - 1n, 'N is even'],
  ])('%s', (_, bad, problem) => {
    expect(modulusProblem(bad)).toBe(problem)
  })

  it('with a small factor is not proven', () => {
    expect(smallFactorOf(n)).toBeUndefined()
    for (const factor of [3n, 65_521n]) expect(smallFactorOf(secret.p * factor)).toBe(factor)
    // 65537 is the first prime above the bound
    expect(smallFactorOf(secret.p * 65_537n)).toBeUndefined()
    // its owner knows every root, all the same
    const small = { p: 65_521n, q: secret.q }
    expect(verifyModulus(sha256, small.p * small.q, proveModulus(sha256, small))).toBe(false)
  })

  it('is proven by its roots, and by no others (Gennaro, Micciancio and Rabin 1998)', () => {
    const roots = proveModulus(sha256, secret)
    expect(roots).toHaveLength(MODULUS_ROOTS)
    expect(verifyModulus(sha256, n, roots)).toBe(true)
    expect(verifyModulus(sha256, n, roots.toReversed())).toBe(false)
    expect(verifyModulus(sha256, n, roots.slice(1))).toBe(false)
    expect(verifyModulus(sha256, n, [...roots.slice(1), 0n])).toBe(false)
    expect(verifyModulus(sha256, n, [(roots[0] ?? 0n) + n, ...roots.slice(1)])).toBe(false)
  })

  it('that is a square, so that a sum could be opened in several ways, cannot be proven', () => {
    const { p } = secret
    const square = p * p
    // what its owner can do: φ(p²) = p (p - 1) is divisible by p, so most numbers have no p²-th root
    expect(() => modInverse(square, p * (p - 1n))).toThrow(RangeError)
    expect(
      verifyModulus(
        sha256,
        square,
        Array.from({ length: MODULUS_ROOTS }, () => 2n),
      ),
    ).toBe(false)
  })

  it('that is a prime is told, although every number has its root', () => {
    const { p } = secret
    const exponent = modInverse(p, p - 1n)
    const root = modPow(5n, exponent, p)
    expect(modPow(root, p, p)).toBe(5n)
    expect(modPow(2n, p - 1n, p)).toBe(1n)
    expect(
      verifyModulus(
        sha256,
        p,
        Array.from({ length: MODULUS_ROOTS }, () => root),
      ),
    ).toBe(false)
  })

  it('the bound of small factors is that of the soundness', () => {
    expect(2 ** (Math.log2(SMALL_FACTOR_MAX) * MODULUS_ROOTS)).toBe(2 ** 80)
  })
})

describe('a ciphertext', () => {
  const [first] = keys as readonly [Key]
  const n = fromDigits(first.n)

  it.each<[string, bigint, string | undefined]>([
    ['1', 1n, undefined],
    ['N² - 1', n * n - 1n, undefined],
    ['0', 0n, 'out-of-range'],
    ['N²', n * n, 'out-of-range'],
    ['N', n, 'not-a-unit'],
    ['a multiple of a factor of N', fromDigits(first.p) * 7n, 'not-a-unit'],
  ])('%s', (_, c, problem) => {
    expect(ciphertextProblem(n, c)).toBe(problem)
  })
})

describe('arithmetic', () => {
  const big = fc.bigInt({ min: 0n, max: 1n << 256n })
  const positive = fc.bigInt({ min: 2n, max: 1n << 200n })

  it('modPow is repeated multiplication', () => {
    fc.assert(
      fc.property(big, fc.integer({ min: 0, max: 300 }), positive, (base, exponent, modulus) => {
        let expected = 1n % modulus
        for (let i = 0; i < exponent; i++) expected = (expected * base) % modulus
        return modPow(base, BigInt(exponent), modulus) === expected
      }),
    )
  })

  it('modInverse inverts exactly what is coprime', () => {
    fc.assert(
      fc.property(big, positive, (a, modulus) => {
        if (greatestCommonDivisor(a, modulus) === 1n) return (a * modInverse(a, modulus)) % modulus === 1n % modulus
        expect(() => modInverse(a, modulus)).toThrow(RangeError)
        return true
      }),
    )
  })

  it('digits have a fixed length', () => {
    fc.assert(
      fc.property(big, (value) => fromDigits(toDigits(value, 66)) === value && toDigits(value, 66).length === 66),
    )
  })
})
