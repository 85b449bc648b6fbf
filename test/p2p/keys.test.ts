import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/p2p/backoff.js'
import {
  decodeTransportKey,
  encodeTransportKey,
  generateTransportKey,
  isTransportPeerId,
  peerIdOf,
  transportKeySeed,
} from '../../src/p2p/keys.js'
import { DEFAULT_LIMITS } from '../../src/p2p/limits.js'
import { protocolIds } from '../../src/p2p/protocol-ids.js'

describe('transport keys', () => {
  it('comes back from its protobuf form and from its seed', async () => {
    const key = await generateTransportKey()
    const seed = transportKeySeed(key)
    expect(seed).toHaveLength(32)
    for (const bytes of [encodeTransportKey(key), seed]) {
      const decoded = await decodeTransportKey(bytes)
      expect(decoded.equals(key)).toBe(true)
      expect(peerIdOf(decoded)).toBe(peerIdOf(key))
    }
  })

  it('has the peer id that libp2p gives to a known seed', async () => {
    const key = await decodeTransportKey(new Uint8Array(32))
    expect(peerIdOf(key)).toBe('12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN')
  })

  it('refuses other bytes and other kinds of keys', async () => {
    const ecdsa = privateKeyToProtobuf(await generateKeyPair('ECDSA'))
    for (const bytes of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(68).fill(0xff), ecdsa]) {
      await expect(decodeTransportKey(bytes)).rejects.toMatchObject({ code: 'p2p/bad-transport-key' })
    }
  })

  it('tells peer ids from other texts', async () => {
    expect(isTransportPeerId(peerIdOf(await generateTransportKey()))).toBe(true)
    for (const text of ['', 'peer', '12D3KooW', 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n']) {
      expect(isTransportPeerId(text)).toBe(false)
    }
  })
})

describe('protocol ids', () => {
  it('differ between networks and classes, and keep to short plain text', () => {
    const [a, b] = [protocolIds('network-1'), protocolIds('network-2')]
    expect(new Set([...Object.values(a), ...Object.values(b)]).size).toBe(8)
    expect(a.consensus).toMatch(/^\/etalon\/1\/[0-9a-f]{16}\/consensus$/)
  })
})

describe('back-off', () => {
  it('doubles from the least wait to the greatest, half of it random', () => {
    const { backoffMsMin, backoffMsMax } = DEFAULT_LIMITS
    expect(backoffMs(DEFAULT_LIMITS, 0, 0)).toBe(backoffMsMin / 2)
    expect(backoffMs(DEFAULT_LIMITS, 1, 0)).toBe(backoffMsMin)
    expect(backoffMs(DEFAULT_LIMITS, 1, 0.5)).toBe(backoffMsMin * 1.5)
    expect(backoffMs(DEFAULT_LIMITS, 1_000, 0.999)).toBeLessThanOrEqual(backoffMsMax)
    expect(backoffMs(DEFAULT_LIMITS, 1_000, 0)).toBe(backoffMsMax / 2)
  })
})
