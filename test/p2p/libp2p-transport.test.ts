import { afterEach, describe, expect, it } from 'vitest'
import { generateTransportKey, peerIdOf } from '../../src/p2p/keys.js'
import type { Security } from '../../src/p2p/libp2p-host.js'
import { createLibp2pTransport } from '../../src/p2p/libp2p-transport.js'
import type { TransportLimits } from '../../src/p2p/limits.js'
import type { Transport } from '../../src/ports.js'
import { transportCompliance } from './compliance.js'
import { frameOf, mesh, NETWORK_ID, sameFrames, sendAll, silentLogger, TestNode, until } from './harness.js'
import { Libp2pFabric } from './libp2p-fabric.js'
import { Relay } from './relay.js'

transportCompliance('libp2p with TLS', () => new Libp2pFabric('tls'))
transportCompliance('libp2p with Noise', () => new Libp2pFabric('noise'))

describe('libp2p transport', () => {
  const started: Transport[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((transport) => transport.stop()))
  })

  const create = async (id: number, listen: string, security: Security = 'both'): Promise<TestNode> => {
    const privateKey = await generateTransportKey()
    const transport = createLibp2pTransport({
      privateKey,
      self: id,
      networkId: NETWORK_ID,
      listen: [listen],
      peers: [],
      security,
      logger: silentLogger,
    })
    started.push(transport)
    return new TestNode(id, peerIdOf(privateKey), transport)
  }

  const open = async (id: number, security: Security = 'both'): Promise<TestNode> => {
    const node = await create(id, '/ip4/127.0.0.1/tcp/0', security)
    await node.start()
    return node
  }

  it('connects replicas that speak TLS, Noise, and both', async () => {
    const [tls, noise, both] = [await open(1, 'tls'), await open(2, 'noise'), await open(3, 'both')]
    const view = [tls, noise, both].map((node) => node.info())
    for (const node of [tls, noise, both]) node.transport.setPeers(view)
    await until('all that share one are connected', () => both.transport.connected().length === 2)
    await sendAll(both, 1, 'consensus', [frameOf(10)])
    await sendAll(both, 2, 'consensus', [frameOf(10)])
    await until('the frames arrive', () => tls.inbox.length === 1 && noise.inbox.length === 1)
    expect(tls.transport.connected()).toEqual([3])
  })

  it('gives the port that the system chose', async () => {
    const node = await open(1)
    expect(node.transport.addresses()).toHaveLength(1)
    expect(node.transport.addresses()[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*\/p2p\/12D3KooW/)
  })

  it('tells which port is in use', async () => {
    const first = await open(1)
    const address = first.transport.addresses()[0]?.replace(/\/p2p\/.*/, '') ?? ''
    const second = await create(2, address)
    await expect(second.start()).rejects.toMatchObject({
      name: 'EtalonError',
      code: 'p2p/port-in-use',
      message: expect.stringContaining(address),
    })
    await second.transport.stop()
  })

  it('tells when it cannot listen at an address', async () => {
    const elsewhere = await create(1, '/ip4/192.0.2.1/tcp/4001')
    await expect(elsewhere.start()).rejects.toMatchObject({ code: 'p2p/cannot-listen' })
    const malformed = await create(1, 'localhost:4001')
    await expect(malformed.start()).rejects.toMatchObject({ code: 'p2p/cannot-listen' })
  })

  it('writes on the connection that a peer made when the peer cannot be dialled', async () => {
    const [a, b] = [await open(1), await open(2)]
    const unreachable = { ...b.info(), addresses: ['/ip4/127.0.0.1/tcp/1', 'nonsense'] }
    a.transport.setPeers([unreachable])
    b.transport.setPeers([a.info()])
    await until('both are connected', () => [a, b].every((node) => node.transport.connected().length === 1))
    await sendAll(a, 2, 'consensus', [frameOf(10)])
    await sendAll(b, 1, 'consensus', [frameOf(10)])
    await until('the frames arrive', () => a.inbox.length === 1 && b.inbox.length === 1)
    expect(a.count('dialFailures')).toBeGreaterThan(0)
  })

  it('dials a peer by its DNS name', async () => {
    const [a, b] = [await open(1), await open(2)]
    const named = (node: TestNode) => ({
      ...node.info(),
      addresses: node.info().addresses.map((address) => address.replace('/ip4/127.0.0.1', '/dns4/localhost')),
    })
    for (const node of [a, b]) node.transport.setPeers([a, b].map(named))
    await until('both are connected', () => [a, b].every((node) => node.transport.connected().length === 1))
    expect([a.count('dialFailures'), b.count('dialFailures')]).toEqual([0, 0])
  })

  it('connects once a peer that was down from the start comes up', async () => {
    const [a, placeholder] = [await open(1), await open(2)]
    const address = placeholder.transport.addresses()[0]?.replace(/\/p2p\/.*/, '') ?? ''
    await placeholder.transport.stop()
    const b = await create(2, address)
    a.transport.setPeers([{ ...b.info(), addresses: [address] }])
    await until('it is not there', () => a.count('dialFailures') >= 2)
    await b.start()
    await mesh(a, b)
  })

  it('stops within the time of some turns, also while it dials', async () => {
    const [a, b] = [await open(1), await open(2)]
    await mesh(a, b)
    // addresses for documentation: nothing answers, so the dial stays open
    const silent = { ...b.info(), id: 3, peerId: peerIdOf(await generateTransportKey()) }
    a.transport.setPeers([b.info(), { ...silent, addresses: ['/ip4/192.0.2.1/tcp/4001'] }])
    const beginMs = performance.now()
    await a.transport.stop()
    expect(performance.now() - beginMs).toBeLessThan(1_000)
  })

  describe('over a link that is slow or fails', () => {
    const relays: Relay[] = []
    afterEach(() => {
      for (const relay of relays.splice(0)) relay.close()
    })

    /** Two replicas that reach each other through relays only. */
    const relayedPair = async (delayMs: number, limits: Partial<TransportLimits> = {}) => {
      const fabric = new Libp2pFabric('both', limits)
      const [a, b] = [await fabric.open(1), await fabric.open(2)]
      started.push(a.transport, b.transport)
      for (const node of [a, b]) relays.push(await Relay.open(node.transport.addresses()[0] ?? '', delayMs))
      const view = [a, b].map((node, i) => ({ ...node.info(), addresses: [relays[i]?.address ?? ''] }))
      for (const node of [a, b]) node.transport.setPeers(view)
      await until('both connect', () => [a, b].every((node) => node.transport.connected().length === 1))
      return { a, b }
    }

    it('keeps back-pressure when windows have grown to the delay', async () => {
      const { a, b } = await relayedPair(15)
      const flood = Array.from({ length: 150 }, () => frameOf(200_000))
      await sendAll(a, b.id, 'transfer', flood)
      await until('the windows have grown', () => b.inbox.length === flood.length)
      b.stall('transfer')
      const held = Array.from({ length: 60 }, () => frameOf(200_000))
      await sendAll(a, b.id, 'transfer', held)
      await sendAll(a, b.id, 'consensus', [frameOf(100)])
      await until('the other class arrives', () => b.frames('consensus').length === 1)
      b.release('transfer')
      await until('the held frames arrive', () => b.frames('transfer').length === flood.length + held.length)
      expect(sameFrames(b.frames('transfer').slice(flood.length), held)).toBe(true)
      expect(a.count('connectionsClosed')).toBe(0)
    })

    it('cuts a connection that went silent without a close, and connects again when it can', async () => {
      const { a, b } = await relayedPair(0, {
        pingIntervalMs: 100,
        pingMsMax: 500,
        handshakeMsMax: 500,
        dialMsMax: 500,
      })
      for (const relay of relays) relay.frozen = true
      await until('the silence is noticed', () => [a, b].every((node) => node.transport.connected().length === 0))
      for (const relay of relays) relay.frozen = false
      await until('both connect again', () => [a, b].every((node) => node.transport.connected().length === 1))
      await sendAll(a, b.id, 'consensus', [frameOf(10)])
      await until('frames arrive again', () => b.inbox.length === 1)
    })
  })
})
