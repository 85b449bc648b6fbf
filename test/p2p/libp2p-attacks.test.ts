import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { writeFrameHeader } from '../../src/p2p/framing.js'
import { generateTransportKey, peerIdOf } from '../../src/p2p/keys.js'
import { DEFAULT_LIMITS } from '../../src/p2p/limits.js'
import { protocolIds } from '../../src/p2p/protocol-ids.js'
import type { ReplicaInfo } from '../../src/types/index.js'
import { frameOf, mesh, NETWORK_ID, sendAll, type TestNode, until } from './harness.js'
import { Libp2pFabric } from './libp2p-fabric.js'

const PROTOCOLS = protocolIds(NETWORK_ID)
const fabrics: Libp2pFabric[] = []
const hosts: Libp2p[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(hosts.splice(0).map((host) => host.stop()))
  await Promise.all(fabrics.splice(0).map((fabric) => fabric.close()))
})

function createFabric(limits = {}): Libp2pFabric {
  const fabric = new Libp2pFabric('both', limits)
  fabrics.push(fabric)
  return fabric
}

async function honestPair(fabric = createFabric()): Promise<[TestNode, TestNode]> {
  const pair: [TestNode, TestNode] = [await fabric.open(1), await fabric.open(2)]
  await mesh(...pair)
  return pair
}

/** A bare libp2p node that does as it likes. */
async function hostileHost(privateKey: PrivateKey): Promise<Libp2p> {
  const host = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
  })
  hosts.push(host)
  return host
}

/** A hostile replica 3 that the victims have in their view. */
async function hostilePeer(...victims: readonly TestNode[]): Promise<Libp2p> {
  const privateKey = await generateTransportKey()
  const host = await hostileHost(privateKey)
  const info: ReplicaInfo = {
    id: 3,
    organization: 'org-3',
    consensusKey: '00'.repeat(32),
    peerId: peerIdOf(privateKey),
    addresses: host.getMultiaddrs().map(String),
  }
  const view = [...victims.map((node) => node.info()), info]
  for (const node of victims) node.transport.setPeers(view)
  return host
}

function dial(host: Libp2p, node: TestNode): Promise<Connection> {
  return host.dial(multiaddr(node.transport.addresses()[0]), { force: true })
}

async function openSocket(node: TestNode): Promise<Socket> {
  const { 1: port } = /\/tcp\/(\d+)/.exec(node.transport.addresses()[0] ?? '') ?? []
  const socket = connect(Number(port), '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** The two still exchange frames. */
async function expectAlive(a: TestNode, b: TestNode): Promise<void> {
  const before = [a.inbox.length, b.inbox.length]
  await sendAll(a, b.id, 'consensus', [frameOf(100)])
  await sendAll(b, a.id, 'batch', [frameOf(100)])
  await until('honest frames arrive', () => a.inbox.length > (before[0] ?? 0) && b.inbox.length > (before[1] ?? 0))
}

describe('an unknown peer', () => {
  it('with a key of its own is refused after the handshake and counted', async () => {
    const [a, b] = await honestPair()
    const stranger = await hostileHost(await generateTransportKey())
    const attempt = dial(stranger, a).then((connection) => connection.newStream(PROTOCOLS.consensus))
    await expect(attempt).rejects.toThrow()
    await until('it is counted', () => a.count('refused.unknownPeer') === 1)
    expect(a.count('framesIn.consensus')).toBe(0)
    await expectAlive(a, b)
  })
})

describe('sockets without a handshake', () => {
  it('lock no honest replica out: 50 idle ones', async () => {
    const fabric = createFabric()
    const [a, b] = await honestPair(fabric)
    for (let i = 0; i < 50; i++) await openSocket(a)
    const late = await fabric.open(3)
    const beginMs = performance.now()
    await mesh(a, b, late)
    expect(performance.now() - beginMs).toBeLessThan(DEFAULT_LIMITS.handshakeMsMax)
    await expectAlive(a, late)
  })

  it('lock no honest replica out: more than there are places, from the host of a peer', async () => {
    const fabric = createFabric()
    const [a, b] = await honestPair(fabric)
    for (let i = 0; i < DEFAULT_LIMITS.pendingPerPeerHostMax + 50; i++) await openSocket(a)
    await until('the oldest are cut', () => a.count('refused.pendingSocket') >= 50)
    const late = await fabric.open(3)
    await mesh(a, b, late)
    await expectAlive(a, late)
  })

  it('are cut when they have proved nothing in time', async () => {
    const a = await createFabric({ handshakeMsMax: 200 }).open(1)
    const socket = await openSocket(a)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await closed
    await until('it is counted', () => a.count('refused.handshake') === 1)
  })

  it('do nothing by sending garbage', async () => {
    const [a, b] = await honestPair(createFabric({ handshakeMsMax: 2_000 }))
    const before = { refused: a.count('refused.handshake'), opened: a.count('connectionsOpened') }
    for (let i = 0; i < 20; i++) {
      const socket = await openSocket(a)
      socket.write(randomBytes(1 + i * 5_000))
    }
    await until('they are cut', () => a.count('refused.handshake') === before.refused + 20)
    expect(a.count('connectionsOpened')).toBe(before.opened)
    await expectAlive(a, b)
  })
})

describe('a hostile peer', () => {
  const header = (length: number): Uint8Array => {
    const bytes = new Uint8Array(4)
    writeFrameHeader(bytes, 0, length)
    return bytes
  }

  it('that announces an oversize frame is cut off and barred for a while, and the others go on', async () => {
    const [a, b] = await honestPair(createFabric({ barMs: 500 }))
    const hostile = await hostilePeer(a, b)
    for (const [i, length] of [DEFAULT_LIMITS.frameBytesMax.consensus + 1, 2 ** 32 - 1].entries()) {
      const { connection, stream } = await openStream(hostile, a)
      stream.send(header(3))
      stream.send(Uint8Array.of(1, 2, 3))
      stream.send(header(length))
      await until('it is counted', () => a.count('violations.oversize') === i + 1)
      await until('it is cut', () => connection.status !== 'open')
    }
    expect(a.frames('consensus').filter((frame) => frame.length === 3)).toHaveLength(2)
    expect(a.count('refused.barred')).toBeGreaterThan(0)
    await expectAlive(a, b)
  })

  /** Tries until it is let in. */
  const openStream = async (host: Libp2p, node: TestNode): Promise<{ connection: Connection; stream: Stream }> => {
    for (;;) {
      try {
        const connection = await dial(host, node)
        return { connection, stream: await connection.newStream(PROTOCOLS.consensus) }
      } catch {
        // barred
      }
    }
  }

  it('that sends random bytes as frames harms only itself', async () => {
    const [a, b] = await honestPair()
    const hostile = await hostilePeer(a, b)
    const stream = await (await dial(hostile, a)).newStream(PROTOCOLS.batch)
    stream.send(Uint8Array.of(0xff, ...randomBytes(1000)))
    await until('it is counted', () => a.count('violations.oversize') === 1)
    await expectAlive(a, b)
  })

  it('cannot open a second stream of a class, nor one of another protocol', async () => {
    const [a, b] = await honestPair()
    const hostile = await hostilePeer(a, b)
    const connection = await dial(hostile, a)
    await connection.newStream(PROTOCOLS.consensus)
    const second: Stream = await connection.newStream(PROTOCOLS.consensus)
    await until('it is reset', () => second.status !== 'open')
    const others = [
      protocolIds('other').consensus,
      '/ipfs/id/1.0.0',
      '/ipfs/ping/1.0.0',
      '/libp2p/circuit/relay/0.2.0/hop',
    ]
    for (const protocol of others) await expect(connection.newStream(protocol)).rejects.toThrow()
    await expectAlive(a, b)
  })

  it('holds one connection of its own at a time', async () => {
    const [a, b] = await honestPair()
    const hostile = await hostilePeer(a, b)
    const connections: Connection[] = []
    for (let i = 0; i < 5; i++) connections.push(await dial(hostile, a))
    await until('the older ones are cut', () => connections.filter(({ status }) => status === 'open').length === 1)
    expect(connections.at(-1)?.status).toBe('open')
    expect(a.count('connectionsSuperseded')).toBe(4)
    await expectAlive(a, b)
  })

  it('that writes on a stream of ours is cut off', async () => {
    const [a, b] = await honestPair()
    const hostile = await hostileHost(await generateTransportKey())
    for (const protocol of Object.values(PROTOCOLS)) {
      await hostile.handle(protocol, (stream) => void stream.send(Uint8Array.of(1)))
    }
    const info = {
      ...b.info(),
      id: 3,
      peerId: hostile.peerId.toString(),
      addresses: hostile.getMultiaddrs().map(String),
    }
    a.transport.setPeers([b.info(), info])
    await until('it is counted', () => a.count('violations.unexpectedData') > 0)
    await expectAlive(a, b)
  })

  it('that never reads is bounded by its outbox', async () => {
    const [a, b] = await honestPair()
    const hostile = await hostileHost(await generateTransportKey())
    const held: Stream[] = []
    for (const protocol of Object.values(PROTOCOLS)) {
      await hostile.handle(protocol, (stream) => {
        stream.pause()
        held.push(stream)
      })
    }
    const info = {
      ...b.info(),
      id: 3,
      peerId: hostile.peerId.toString(),
      addresses: hostile.getMultiaddrs().map(String),
    }
    a.transport.setPeers([b.info(), info])
    await until('it is connected', () => a.transport.connected().includes(3))
    const frame = frameOf(100_000)
    let accepted = 0
    await until('its outbox is full', () => {
      while (a.transport.send(3, 'batch', frame)) accepted += frame.length
      return a.count('sendRefused.full.batch') > 100
    })
    expect(accepted).toBeLessThan(DEFAULT_LIMITS.outboxBytesMax.batch + 4 * DEFAULT_LIMITS.streamWindowBytesMax)
    await expectAlive(a, b)
  })
})
