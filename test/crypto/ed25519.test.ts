import { readFileSync } from 'node:fs'
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { nativeSuite, openSslSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'

/** One meaning of a signature for all replicas: the three implementations must agree on every input there is. */
const SUITES = { native: nativeSuite, openSsl: openSslSuite, noble: nobleSuite }

interface Case {
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

function verdict({ key, message, signature }: Case): boolean {
  const verdicts = Object.values(SUITES).map((suite) => suite.verifyEd25519(key, message, signature))
  expect(
    new Set(verdicts).size,
    `${verdicts} for key ${Buffer.from(key).toString('hex')}, signature ${Buffer.from(signature).toString('hex')}`,
  ).toBe(1)
  return verdicts[0] === true
}

const bytes = (hex: string) => fromHex(hex) as Uint8Array
const load = (file: string): unknown => JSON.parse(readFileSync(`test/vectors/ed25519/${file}.json`, 'utf8'))

const ORDER = ed25519.Point.Fn.ORDER
const { Point } = ed25519

const toLittleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
const fromLittleEndian = (it: Uint8Array): bigint => it.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

const flip = (it: Uint8Array, at: number, bits: number): Uint8Array =>
  it.map((byte, i) => (i === at ? byte ^ bits : byte))

describe('published edge cases', () => {
  it('agree on the 914 vectors of CCTV, of which 43 are good', () => {
    const vectors = load('cctv') as readonly { key: string; sig: string; msg: string }[]
    expect(vectors).toHaveLength(914)
    const good = vectors.filter(({ key, sig, msg }) =>
      verdict({ key: bytes(key), message: utf8(msg), signature: bytes(sig) }),
    )
    expect(good).toHaveLength(43)
  })

  it('agree on the 12 vectors of speccheck', () => {
    const vectors = load('speccheck') as readonly { pub_key: string; signature: string; message: string }[]
    expect(vectors).toHaveLength(12)
    const good = vectors.flatMap(({ pub_key, signature, message }, i) =>
      verdict({ key: bytes(pub_key), message: bytes(message), signature: bytes(signature) }) ? [i] : [],
    )
    expect(good).toEqual([3])
  })
})

describe('forged edge cases', () => {
  const random = new Random(25519)
  const pair = () => {
    const secret = random.bytes(32)
    return { secret, key: ed25519.getPublicKey(secret) }
  }
  const signed = (length = random.below(80)): Case & { readonly secret: Uint8Array } => {
    const { secret, key } = pair()
    const message = random.bytes(length)
    return { secret, key, message, signature: ed25519.sign(message, secret) }
  }

  it('agree on good signatures, of empty messages too', () => {
    for (const length of [0, 1, 63, 64, 65, 1000]) expect(verdict(signed(length)), `${length} bytes`).toBe(true)
  })

  it('agree that a changed bit makes a signature bad', () => {
    for (let i = 0; i < 300; i++) {
      const it = signed(1 + random.below(60))
      const bit = 1 << random.below(8)
      const what = random.pick(['key', 'message', 'signature'] as const)
      expect(verdict({ ...it, [what]: flip(it[what], random.below(it[what].length), bit) })).toBe(false)
    }
  })

  it('agree on random points and scalars', () => {
    for (let i = 0; i < 150; i++) {
      verdict({ key: random.bytes(32), message: random.bytes(8), signature: random.bytes(64) })
      const it = signed()
      verdict({ ...it, signature: concatBytes(it.signature.subarray(0, 32), random.bytes(32)) })
      verdict({ ...it, signature: concatBytes(random.bytes(32), it.signature.subarray(32)) })
    }
  })

  it('refuse S + kL', () => {
    for (let i = 0; i < 20; i++) {
      const it = signed()
      const s = fromLittleEndian(it.signature.subarray(32))
      for (let k = 1n; s + k * ORDER < 1n << 256n; k++) {
        const signature = concatBytes(it.signature.subarray(0, 32), toLittleEndian(s + k * ORDER))
        expect(verdict({ ...it, signature })).toBe(false)
      }
    }
  })

  /** Every encoding, canonical or not, of every y that there is room for twice, and of the points of small order. */
  const ODD = [
    ...ED25519_TORSION_SUBGROUP.map(bytes),
    ...Array.from({ length: 19 }, (_, i) => toLittleEndian((1n << 255n) - 19n + BigInt(i))),
    ...Array.from({ length: 19 }, (_, i) => toLittleEndian(BigInt(i))),
  ].flatMap((it) => [it, flip(it, 31, 0x80)])

  it('refuse R and A of small order or not canonical, whatever S is', () => {
    const it = signed()
    const zero = new Uint8Array(32)
    for (const point of ODD) {
      verdict({ ...it, key: point })
      verdict({ ...it, signature: concatBytes(point, it.signature.subarray(32)) })
      verdict({ ...it, key: point, signature: concatBytes(point, zero) })
      // S = 0 and A of small order: [S]B - [k]A is of small order as well, and one of these is R
      for (const r of ED25519_TORSION_SUBGROUP.map(bytes)) {
        expect(verdict({ key: point, message: it.message, signature: concatBytes(r, zero) })).toBe(false)
      }
    }
  })

  it('refuse what only the equation with cofactor would take', () => {
    const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex)).filter((point) => !point.is0())
    expect(torsion).toHaveLength(7)
    for (const small of torsion) {
      // A' = A + T: the prehash of such a signature is that of A', so sign for A' with A's scalar
      const { secret } = pair()
      const { scalar } = ed25519.utils.getExtendedPublicKey(secret)
      const mixed = Point.BASE.multiply(scalar).add(small).toBytes()
      const r = 1n + BigInt(random.uint32())
      const encodedR = Point.BASE.multiply(r).toBytes()
      for (let i = 0; i < 16; i++) {
        const message = random.bytes(8)
        const k = challenge(encodedR, mixed, message)
        const signature = concatBytes(encodedR, toLittleEndian((r + k * scalar) % ORDER))
        // good exactly when [k]T vanishes
        expect(verdict({ key: mixed, message, signature })).toBe(multiple(small, k).is0())
      }
    }
  })

  const challenge = (r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint => {
    return fromLittleEndian(sha512(concatBytes(r, a, message))) % ORDER
  }
  const multiple = (point: typeof Point.BASE, k: bigint) => (k % 8n === 0n ? Point.ZERO : point.multiplyUnsafe(k % 8n))

  it('answer false, and do not throw, for keys and signatures of any other length', () => {
    const it = signed()
    for (const length of [0, 1, 31, 33, 63, 65, 96, 128]) {
      if (length !== 32) expect(verdict({ ...it, key: random.bytes(length) })).toBe(false)
      if (length !== 64) expect(verdict({ ...it, signature: random.bytes(length) })).toBe(false)
    }
  })

  it('read views into larger memory', () => {
    const it = signed(20)
    const within = (part: Uint8Array) => {
      const memory = new Uint8Array(part.length + 9)
      memory.set(part, 5)
      return memory.subarray(5, 5 + part.length)
    }
    expect(verdict({ key: within(it.key), message: within(it.message), signature: within(it.signature) })).toBe(true)
  })
})
