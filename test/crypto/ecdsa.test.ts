import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { CURVES, ECDSA_CURVES, type EcdsaCurve } from '../../src/crypto/curves.js'
import { curvePoint, type EcdsaScheme, isCompactSignature, signatureFromDer } from '../../src/crypto/ecdsa.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'

interface Vector {
  readonly curve: EcdsaCurve
  readonly hash: EcdsaScheme['hash']
  readonly spki: string
  readonly compressedSpki: string
  readonly message: string
  readonly signature: string
}

const VECTORS = JSON.parse(readFileSync('test/vectors/ecdsa/openssl.json', 'utf8')) as readonly Vector[]
const bytes = (hex: string) => fromHex(hex) as Uint8Array
const random = new Random(7)

/** OpenSSL's names where they differ. */
const OPENSSL: Readonly<Record<string, string>> = { p256: 'prime256v1', p384: 'secp384r1', secp192r1: 'prime192v1' }

function verdict(scheme: EcdsaScheme, key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const [native, noble] = [nativeSuite, nobleSuite].map((suite) => suite.verifyEcdsa(scheme, key, message, signature))
  expect(noble, `${scheme.curve} ${scheme.hash}: key ${toHex(key)}, signature ${toHex(signature)}`).toBe(native)
  return native === true
}

function pointOf({ curve, spki }: Pick<Vector, 'curve' | 'spki'>): Uint8Array {
  return bytes(spki).subarray(CURVES[curve].spki.uncompressed.length)
}

describe('signatures of OpenSSL', () => {
  it('are there for every curve and hash', () => {
    const seen = new Set(VECTORS.map(({ curve, hash }) => `${curve} ${hash}`))
    expect(seen.size).toBe(ECDSA_CURVES.length * 3)
  })

  it.each(ECDSA_CURVES)('verify on %s, from both forms of the key and of the signature', (curve) => {
    const other = ECDSA_CURVES[(ECDSA_CURVES.indexOf(curve) + 1) % ECDSA_CURVES.length] as EcdsaCurve
    for (const vector of VECTORS.filter((it) => it.curve === curve)) {
      const { hash } = vector
      const [message, der] = [bytes(vector.message), bytes(vector.signature)]
      const { spki } = CURVES[curve]
      expect(vector.spki.startsWith(toHex(spki.uncompressed))).toBe(true)
      expect(vector.compressedSpki.startsWith(toHex(spki.compressed))).toBe(true)
      const compact = signatureFromDer(curve, der) as Uint8Array
      const compressed = bytes(vector.compressedSpki).subarray(spki.compressed.length)
      for (const key of [pointOf(vector), compressed]) {
        expect(verdict({ curve, hash, encoding: 'der' }, key, message, der)).toBe(true)
        expect(verdict({ curve, hash, encoding: 'compact' }, key, message, compact)).toBe(true)
        expect(verdict({ curve, hash, encoding: 'compact' }, key, message, der)).toBe(false)
        expect(verdict({ curve, hash, encoding: 'der' }, key, message, compact)).toBe(false)
        expect(verdict({ curve, hash, encoding: 'der' }, key, concatBytes(message, bytes('00')), der)).toBe(false)
        expect(verdict({ curve: other, hash, encoding: 'der' }, key, message, der)).toBe(false)
        expect(
          verdict({ curve, hash: hash === 'sha256' ? 'sha512' : 'sha256', encoding: 'der' }, key, message, der),
        ).toBe(false)
      }
      expect(curvePoint(curve, compressed)).toEqual({
        compressed: toHex(compressed),
        uncompressed: toHex(pointOf(vector)),
      })
    }
  })
})

describe.each(ECDSA_CURVES)('OpenSSL and noble on %s', (curve) => {
  const { bytes: width, order } = CURVES[curve]
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: OPENSSL[curve] ?? curve })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const key = spki.subarray(CURVES[curve].spki.uncompressed.length)
  const scheme: EcdsaScheme = { curve, hash: 'sha256', encoding: 'compact' }
  const signed = () => {
    const message = random.bytes(random.below(80))
    const signature = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
    return { message, signature }
  }

  it('agree on good ones, and on s low and high', () => {
    const n = BigInt(`0x${toHex(order)}`)
    for (let i = 0; i < 6; i++) {
      const { message, signature } = signed()
      expect(verdict(scheme, key, message, signature)).toBe(true)
      const s = n - BigInt(`0x${toHex(signature.subarray(width))}`)
      const mirrored = concatBytes(signature.subarray(0, width), bytes(s.toString(16).padStart(2 * width, '0')))
      expect(verdict(scheme, key, message, mirrored)).toBe(true)
    }
  })

  it('agree on changed bits of key and signature', () => {
    for (let i = 0; i < 24; i++) {
      const { message, signature } = signed()
      const point = key.slice()
      const target = random.pick([point, signature])
      const at = random.below(target.length)
      target[at] = (target[at] as number) ^ (1 << random.below(8))
      expect(verdict(scheme, point, message, signature)).toBe(false)
    }
  })

  it('agree on scalars at the edges', () => {
    const { message, signature } = signed()
    const zero = new Uint8Array(width)
    const one = bytes('01'.padStart(2 * width, '0'))
    for (const edge of [zero, one, order, new Uint8Array(width).fill(0xff)]) {
      for (const odd of [
        concatBytes(edge, signature.subarray(width)),
        concatBytes(signature.subarray(0, width), edge),
        concatBytes(edge, edge),
      ]) {
        expect(verdict(scheme, key, message, odd)).toBe(false)
        expect(isCompactSignature(curve, odd)).toBe(edge === one)
      }
    }
  })

  it('agree on points in odd forms', () => {
    const { message, signature } = signed()
    const x = key.subarray(1, 1 + width)
    for (const point of [
      Uint8Array.of(0),
      concatBytes(Uint8Array.of(6), key.subarray(1)),
      concatBytes(Uint8Array.of(4), x),
      concatBytes(Uint8Array.of(4), x, x),
      new Uint8Array(1 + 2 * width).fill(0xff),
      concatBytes(Uint8Array.of(2), new Uint8Array(width).fill(0xff)),
      key.subarray(1),
      spki,
      random.bytes(1 + width),
    ]) {
      expect(verdict(scheme, point, message, signature)).toBe(false)
    }
  })

  it('agree on mutated DER', () => {
    const message = random.bytes(20)
    const der = new Uint8Array(sign('sha256', message, privateKey))
    for (let i = 0; i < 60; i++) {
      const mutated = der.slice()
      mutated[random.below(der.length)] = random.below(256)
      verdict({ ...scheme, encoding: 'der' }, key, message, mutated.subarray(0, der.length - random.below(2)))
    }
  })
})
