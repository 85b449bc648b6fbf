import { createSign, generateKeyPairSync, sign as signOpenSsl } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { signatureFromDer } from '../../src/crypto/ecdsa.js'
import type { CryptoSuite } from '../../src/crypto/index.js'
import { nativeSuite, openSslSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import { p256Point } from '../../src/crypto/p256.js'

const SUITES = [nativeSuite, openSslSuite, nobleSuite]
const ORDER = p256.Point.Fn.ORDER
const random = new Random(256)

const DER = { curve: 'p256', hash: 'sha256', encoding: 'der' } as const

/** A member's signature, or an instrument's. */
type Check = 'verifyP256' | 'verifyP256Der'

const check = (suite: CryptoSuite, which: Check, key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  which === 'verifyP256' ? suite.verifyP256(key, message, signature) : suite.verifyEcdsa(DER, key, message, signature)

function verdict(which: Check, key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const verdicts = SUITES.map((suite) => check(suite, which, key, message, signature))
  expect(new Set(verdicts).size, `${which}: ${verdicts} for key ${toHex(key)}, signature ${toHex(signature)}`).toBe(1)
  return verdicts[0] === true
}

const bigEndian = (value: bigint, length = 32): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn))
const numberOf = (it: Uint8Array): bigint => BigInt(`0x${toHex(it)}`)
const bytes = (hex: string) => fromHex(hex) as Uint8Array

/** DER of an INTEGER as it should be. */
const integer = (value: bigint): Uint8Array => {
  let length = 1
  while (value >> BigInt(8 * length - 1) > 0n) length += 1
  return concatBytes(Uint8Array.of(2, length), bigEndian(value, length))
}
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concatBytes(...parts)
  return concatBytes(Uint8Array.of(0x30, body.length), body)
}

interface Signed {
  readonly message: Uint8Array
  readonly compressed: Uint8Array
  readonly uncompressed: Uint8Array
  readonly r: bigint
  /** The low one; the other is n - s. */
  readonly s: bigint
}

function signed(): Signed {
  const secret = p256.utils.randomSecretKey(random.bytes(48))
  const message = random.bytes(random.below(100))
  const compact = p256.sign(message, secret, { prehash: true, lowS: true, format: 'compact' })
  return {
    message,
    compressed: p256.getPublicKey(secret, true),
    uncompressed: p256.getPublicKey(secret, false),
    r: numberOf(compact.subarray(0, 32)),
    s: numberOf(compact.subarray(32)),
  }
}

const compactOf = (r: bigint, s: bigint) => concatBytes(bigEndian(r), bigEndian(s))
const derOf = (r: bigint, s: bigint) => sequence(integer(r), integer(s))

describe('transactions: compressed key, r || s, low S', () => {
  it('take low S and refuse high S', () => {
    for (let i = 0; i < 20; i++) {
      const { message, compressed, r, s } = signed()
      expect(verdict('verifyP256', compressed, message, compactOf(r, s))).toBe(true)
      expect(verdict('verifyP256', compressed, message, compactOf(r, ORDER - s))).toBe(false)
    }
  })

  it('refuse r and s of zero, of n and above, and r + n', () => {
    const { message, compressed, r, s } = signed()
    for (const odd of [0n, ORDER, ORDER + 1n, (1n << 256n) - 1n]) {
      expect(verdict('verifyP256', compressed, message, compactOf(odd, s))).toBe(false)
      expect(verdict('verifyP256', compressed, message, compactOf(r, odd))).toBe(false)
      expect(verdict('verifyP256', compressed, message, compactOf(odd, odd))).toBe(false)
    }
    for (const edge of [1n, ORDER - 1n, ORDER >> 1n, (ORDER >> 1n) + 1n]) {
      expect(verdict('verifyP256', compressed, message, compactOf(edge, s))).toBe(false)
      expect(verdict('verifyP256', compressed, message, compactOf(r, edge))).toBe(false)
    }
  })

  it('refuse uncompressed keys and DER', () => {
    const { message, compressed, uncompressed, r, s } = signed()
    expect(verdict('verifyP256', uncompressed, message, compactOf(r, s))).toBe(false)
    expect(verdict('verifyP256', compressed, message, derOf(r, s))).toBe(false)
  })

  it('answer false, and do not throw, for every other length', () => {
    const { message, compressed, r, s } = signed()
    for (let length = 0; length < 100; length++) {
      if (length !== 64) expect(verdict('verifyP256', compressed, message, random.bytes(length))).toBe(false)
      if (length !== 33) expect(verdict('verifyP256', random.bytes(length), message, compactOf(r, s))).toBe(false)
    }
  })

  it('agree on changed bits', () => {
    for (let i = 0; i < 60; i++) {
      const { message, compressed, r, s } = signed()
      const signature = compactOf(r, s)
      const target = random.pick([compressed, signature])
      const at = random.below(target.length)
      target[at] = (target[at] as number) ^ (1 << random.below(8))
      expect(verdict('verifyP256', compressed, message, signature)).toBe(false)
    }
  })
})

describe('instruments: any key form, DER, S low or high', () => {
  it('take both forms of the key and both values of S', () => {
    for (let i = 0; i < 20; i++) {
      const { message, compressed, uncompressed, r, s } = signed()
      for (const key of [compressed, uncompressed]) {
        expect(verdict('verifyP256Der', key, message, derOf(r, s))).toBe(true)
        expect(verdict('verifyP256Der', key, message, derOf(r, ORDER - s))).toBe(true)
        expect(verdict('verifyP256Der', key, message, derOf(r, s + 1n))).toBe(false)
      }
    }
  })

  it('take what OpenSSL signs', () => {
    for (let i = 0; i < 20; i++) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      const key = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(26))
      const message = random.bytes(50)
      expect(verdict('verifyP256Der', key, message, new Uint8Array(signOpenSsl('sha256', message, privateKey)))).toBe(
        true,
      )
      const other = new Uint8Array(createSign('sha512').update(message).sign(privateKey))
      expect(verdict('verifyP256Der', key, message, other)).toBe(false)
    }
  })

  const { message, uncompressed, r, s } = signed()
  const good = derOf(r, s)
  const rBytes = integer(r)
  const sBytes = integer(s)
  const value = (it: Uint8Array) => it.subarray(2)
  const padded = (it: Uint8Array) => concatBytes(Uint8Array.of(2, it.length - 1, 0), value(it))
  const negative = (it: bigint) => concatBytes(Uint8Array.of(2, 32), bigEndian(it | (1n << 255n)))
  const HIGH = (1n << 255n) + 1n

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['a tag alone', Uint8Array.of(0x30)],
    ['an empty sequence', Uint8Array.of(0x30, 0)],
    ['garbage', utf8('this is not a signature, although it has about the right length to be one')],
    ['a byte after the end', concatBytes(good, Uint8Array.of(0))],
    ['a byte after the end, within the sequence', sequence(rBytes, sBytes, Uint8Array.of(0))],
    ['a third integer', sequence(rBytes, sBytes, integer(1n))],
    ['one integer', sequence(rBytes)],
    ['the last byte missing', good.subarray(0, -1)],
    ['a length that is too large', concatBytes(Uint8Array.of(0x30, good.length - 1), good.subarray(2))],
    ['a length that is too small', concatBytes(Uint8Array.of(0x30, good.length - 3), good.subarray(2))],
    ['a long form of the length', concatBytes(Uint8Array.of(0x30, 0x81, good.length - 2), good.subarray(2))],
    ['a longer form of the length', concatBytes(Uint8Array.of(0x30, 0x82, 0, good.length - 2), good.subarray(2))],
    ['an indefinite length', concatBytes(Uint8Array.of(0x30, 0x80), good.subarray(2), Uint8Array.of(0, 0))],
    [
      'a long form of the length of r',
      sequence(concatBytes(Uint8Array.of(2, 0x81, rBytes.length - 2), value(rBytes)), sBytes),
    ],
    ['an integer with a needless zero, r', sequence(padded(rBytes), sBytes)],
    ['an integer with a needless zero, s', sequence(rBytes, padded(sBytes))],
    ['many needless zeros', sequence(rBytes, concatBytes(Uint8Array.of(2, 40), new Uint8Array(8), bigEndian(s)))],
    ['an empty integer', sequence(Uint8Array.of(2, 0), sBytes)],
    ['a negative r', sequence(negative(r), sBytes)],
    ['a negative s', sequence(rBytes, negative(s))],
    ['a high integer without its zero', sequence(concatBytes(Uint8Array.of(2, 32), bigEndian(HIGH)), sBytes)],
    ['another tag for the sequence', concatBytes(Uint8Array.of(0x31), good.subarray(1))],
    ['another tag for an integer', sequence(concatBytes(Uint8Array.of(3), rBytes.subarray(1)), sBytes)],
    ['r of zero', derOf(0n, s)],
    ['s of zero', derOf(r, 0n)],
    ['r of n', derOf(ORDER, s)],
    ['s of n', derOf(r, ORDER)],
    ['r + n', derOf(r + ORDER, s)],
    ['s + n', derOf(r, s + ORDER)],
    ['r || s', compactOf(r, s)],
    ['r of 34 bytes', sequence(concatBytes(Uint8Array.of(2, 34, 1), new Uint8Array(33)), integer(1n))],
  ])('refuse %s', (_, der) => {
    expect(signatureFromDer('p256', der)).toBeUndefined()
    expect(verdict('verifyP256Der', uncompressed, message, der)).toBe(false)
  })

  it('read r and s of any size', () => {
    for (const size of [1n, 0x7fn, 0x80n, 0xffn, 0x100n, 1n << 200n, HIGH, ORDER - 1n]) {
      expect(signatureFromDer('p256', derOf(size, s))).toEqual(compactOf(size, s))
      expect(signatureFromDer('p256', derOf(r, size))).toEqual(compactOf(r, size))
    }
  })

  it('agree on mutated DER', () => {
    expect(verdict('verifyP256Der', uncompressed, message, good)).toBe(true)
    for (let i = 0; i < 400; i++) {
      const der = good.slice()
      for (let n = 0; n <= random.below(2); n++) der[random.below(der.length)] = random.below(256)
      verdict('verifyP256Der', uncompressed, message, der.subarray(0, der.length - random.below(2)))
    }
  })

  it('agree on everything up to the length of a signature', () => {
    for (let length = 0; length < 150; length++) {
      expect(verdict('verifyP256Der', uncompressed, message, random.bytes(length))).toBe(false)
      if (length !== 33 && length !== 65)
        expect(verdict('verifyP256Der', random.bytes(length), message, good)).toBe(false)
    }
  })
})

describe('points', () => {
  const { message, compressed, uncompressed, r, s } = signed()
  const x = uncompressed.subarray(1, 33)
  const y = uncompressed.subarray(33)
  const parity = (y[31] as number) & 1
  const P = p256.Point.Fp.ORDER
  /** An x for which there is no point. */
  const lonely = Array.from({ length: 64 }, (_, i) => bigEndian(BigInt(i))).filter(
    (it) => p256Point(concatBytes(Uint8Array.of(2), it)) === undefined,
  )

  it.each<[string, Uint8Array]>([
    ['hybrid, as it should be', concatBytes(Uint8Array.of(6 + parity), x, y)],
    ['hybrid, of the wrong parity', concatBytes(Uint8Array.of(7 - parity), x, y)],
    ['infinity', Uint8Array.of(0)],
    ['infinity, filled up to 33 bytes', new Uint8Array(33)],
    ['infinity, filled up to 65 bytes', new Uint8Array(65)],
    ['off the curve', concatBytes(Uint8Array.of(4), x, bigEndian(numberOf(y) ^ 1n))],
    ['x and y exchanged', concatBytes(Uint8Array.of(4), y, x)],
    ['zero', concatBytes(Uint8Array.of(4), new Uint8Array(64))],
    ['the tag of the other form, 33 bytes', concatBytes(Uint8Array.of(4), x)],
    ['the tag of the other form, 65 bytes', concatBytes(Uint8Array.of(2), x, y)],
    ['an unknown tag', concatBytes(Uint8Array.of(5), x)],
    ['an x without a point', concatBytes(Uint8Array.of(2), lonely[0] ?? x)],
    ['an x of p', concatBytes(Uint8Array.of(2), bigEndian(P))],
    ['an x of p + 5', concatBytes(Uint8Array.of(2), bigEndian(P + 5n))],
    ['a y of p or more', concatBytes(Uint8Array.of(4), x, bigEndian((numberOf(y) + P) & ((1n << 256n) - 1n)))],
    ['all ones', new Uint8Array(65).fill(0xff)],
    [
      'the SubjectPublicKeyInfo around it',
      concatBytes(bytes('3059301306072a8648ce3d020106082a8648ce3d030107034200'), uncompressed),
    ],
  ])('refuse %s', (_, key) => {
    expect(p256Point(key)).toBeUndefined()
    expect(verdict('verifyP256Der', key, message, derOf(r, s))).toBe(false)
    expect(verdict('verifyP256', key, message, compactOf(r, s))).toBe(false)
  })

  it('finds x that have no point, and x + p of one that has', () => {
    expect(lonely.length).toBeGreaterThan(10)
    expect(p256Point(concatBytes(Uint8Array.of(2), bigEndian(5n)))).toBeDefined()
  })

  it('give one key for both encodings', () => {
    const point = { compressed: toHex(compressed), uncompressed: toHex(uncompressed) }
    expect(p256Point(compressed)).toEqual(point)
    expect(p256Point(uncompressed)).toEqual(point)
  })

  it('agree on the point of the other parity', () => {
    const mirrored = concatBytes(Uint8Array.of(3 - parity), x)
    expect(verdict('verifyP256', mirrored, message, compactOf(r, s))).toBe(false)
  })

  it('agree on random points', () => {
    for (let i = 0; i < 60; i++) {
      const key = concatBytes(Uint8Array.of(2 + random.below(3)), random.bytes(random.chance(0.5) ? 32 : 64))
      expect(verdict('verifyP256Der', key, message, derOf(r, s))).toBe(false)
    }
  })
})
