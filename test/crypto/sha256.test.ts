import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { nativeSuite, openSslSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'

describe('sha256', () => {
  const random = new Random(512)

  it('gives what FIPS 180-4 gives', () => {
    for (const suite of [nativeSuite, openSslSuite, nobleSuite]) {
      expect(toHex(suite.sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
      expect(toHex(suite.sha256(new Uint8Array(0)))).toBe(
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      )
    }
  })

  it('is the same everywhere, for every length around the blocks and the switch of the native suite', () => {
    const lengths = [
      ...Array.from({ length: 200 }, (_, i) => i),
      ...Array.from({ length: 40 }, (_, i) => 492 + i),
      1023,
      65_537,
    ]
    for (const length of lengths) {
      // a view that does not begin at the beginning of its memory
      const data = random.bytes(length + 3).subarray(3)
      const expected = createHash('sha256').update(data).digest('hex')
      for (const suite of [nativeSuite, openSslSuite, nobleSuite]) {
        const digest = suite.sha256(data)
        expect(digest).toHaveLength(32)
        expect(toHex(digest), `${length} bytes`).toBe(expected)
      }
    }
  })

  it('gives a digest of its own each time', () => {
    const first = nativeSuite.sha256(utf8('a'))
    const before = toHex(first)
    nativeSuite.sha256(utf8('b'))
    expect(toHex(first)).toBe(before)
  })
})
