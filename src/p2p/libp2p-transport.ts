import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { assert } from '../base/assert.js'
import type { Clock, FrameHandler, Logger, TrafficClass, Transport } from '../ports.js'
import type { ReplicaId, ReplicaInfo } from '../types/index.js'
import { TransportCounters } from './counters.js'
import { FrameReader } from './frame-reader.js'
import { peerIdOf, type TransportKey } from './keys.js'
import { createHost, cutConnection, hostOf, listenError, type Security } from './libp2p-host.js'
import { libp2pReceiveEnd } from './libp2p-stream-ends.js'
import { DEFAULT_LIMITS, TRAFFIC_CLASSES, type TransportLimits } from './limits.js'
import { type ConnectorModules, PeerConnector } from './peer-connector.js'
import { PeerSet } from './peer-set.js'
import { PendingGate } from './pending-gate.js'
import { type ProtocolIds, protocolIds } from './protocol-ids.js'

export interface Libp2pTransportOptions {
  /** The key that peers know this replica by. */
  readonly privateKey: TransportKey
  /** This replica's number; an entry of `peers` with it is ignored. */
  readonly self: ReplicaId
  /** Any text that names the network, such as the hash of its genesis. Replicas of other networks are refused. */
  readonly networkId: string
  /** Multiaddrs to listen at; `/ip4/127.0.0.1/tcp/0` takes a free port. */
  readonly listen: readonly string[]
  /** The admitted peers at first; `setPeers` replaces them. */
  readonly peers: readonly ReplicaInfo[]
  readonly security: Security
  readonly logger: Logger
  /** Real timers by default. */
  readonly clock?: Pick<Clock, 'after' | 'soon'>
  /** Overrides of DEFAULT_LIMITS. */
  readonly limits?: Partial<TransportLimits>
}

/**
 * The transport of a replica: libp2p over TCP, encrypted with TLS 1.3 or Noise, multiplexed by yamux. Between two
 * replicas there are two connections, one dialled by each, on which it writes one stream for each class of traffic.
 *
 * `start` throws EtalonError `p2p/port-in-use` or `p2p/cannot-listen`. A transport is used once: it does not start
 * again after `stop`. Names of `counters()` are TRANSPORT_COUNTERS.
 */
export function createLibp2pTransport(options: Libp2pTransportOptions): Transport {
  return new Libp2pTransport(options)
}

const realClock: Pick<Clock, 'after' | 'soon'> = {
  after(afterMs, callback) {
    const timer = setTimeout(callback, afterMs)
    return () => clearTimeout(timer)
  },
  soon: (callback) => void setImmediate(callback),
}

class Libp2pTransport implements Transport {
  readonly #options: Libp2pTransportOptions
  readonly #limits: TransportLimits
  readonly #clock: Pick<Clock, 'after' | 'soon'>
  readonly #protocols: ProtocolIds
  readonly #peers: PeerSet
  readonly #gate: PendingGate
  readonly #counters = new TransportCounters()
  readonly #connectors = new Map<ReplicaId, PeerConnector>()
  /** Open connections and the replica each was admitted as. */
  readonly #connections = new Map<Connection, ReplicaId>()
  /** When peers that broke the framing are let in again, on the clock of `performance.now()`. */
  readonly #barredUntilMs = new Map<ReplicaId, number>()
  #host: Libp2p | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: Libp2pTransportOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#clock = options.clock ?? realClock
    this.#protocols = protocolIds(options.networkId)
    this.#peers = new PeerSet(options.self, peerIdOf(options.privateKey), options.peers)
    this.#gate = new PendingGate(this.#limits, this.#counters, () => performance.now())
    this.#gate.setPeerHosts(this.#peerHosts())
  }

  async start(handler: FrameHandler): Promise<void> {
    assert(this.#starting === undefined && this.#stopping === undefined, 'a transport starts once')
    this.#starting = this.#open(handler)
    await this.#starting
  }

  setPeers(peers: readonly ReplicaInfo[]): void {
    this.#peers.replace(peers)
    this.#gate.setPeerHosts(this.#peerHosts())
    if (this.#host === undefined || this.#stopping !== undefined) return
    this.#updateConnectors()
    for (const [connection, id] of this.#connections) {
      if (this.#peers.admitted(connection.remotePeer.toString())?.id !== id) {
        cutConnection(connection, 'no longer a peer')
      }
    }
  }

  send(to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean {
    const connector = this.#connectors.get(to)
    if (connector !== undefined) return connector.link.send(traffic, frame)
    this.#counters.add(`sendRefused.disconnected.${traffic}`)
    return false
  }

  connected(): readonly ReplicaId[] {
    return [...this.#connectors.values()].filter(({ link }) => link.isOpen).map(({ peer }) => peer.id)
  }

  addresses(): readonly string[] {
    return this.#host?.getMultiaddrs().map(String) ?? []
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.snapshot()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async #open(handler: FrameHandler): Promise<void> {
    const { privateKey, listen, security, logger } = this.#options
    const host = await createHost({
      privateKey,
      listen,
      security,
      logger,
      limits: this.#limits,
      refusal: (peerId) => this.#refusal(peerId),
      gate: this.#gate,
      counters: this.#counters,
    })
    host.addEventListener('connection:open', ({ detail }) => this.#onConnection(detail))
    host.addEventListener('connection:close', ({ detail }) => {
      if (this.#connections.delete(detail)) this.#counters.add('connectionsClosed')
    })
    for (const traffic of TRAFFIC_CLASSES) {
      const onStream = (stream: Stream, connection: Connection) => this.#onStream(stream, connection, traffic, handler)
      await host.handle(this.#protocols[traffic], onStream, { maxInboundStreams: 1, maxOutboundStreams: 1 })
    }
    const onPing = (stream: Stream) => void stream.close().catch(() => {})
    await host.handle(this.#protocols.ping, onPing, { maxInboundStreams: 2, maxOutboundStreams: 2 })
    try {
      await host.start()
    } catch (cause) {
      throw listenError(cause, listen)
    }
    this.#host = host
    if (this.#stopping === undefined) this.#updateConnectors()
  }

  async #close(): Promise<void> {
    // a start that failed has told its caller, and has left nothing to close
    await this.#starting?.catch(() => {})
    for (const connector of this.#connectors.values()) connector.stop()
    this.#connectors.clear()
    // libp2p would first wait for each connection to close by agreement
    for (const connection of this.#connections.keys()) cutConnection(connection, 'transport stopped')
    await this.#host?.stop()
  }

  #onConnection(connection: Connection): void {
    const peer = this.#peers.admitted(connection.remotePeer.toString())
    if (peer === undefined || this.#stopping !== undefined) {
      cutConnection(connection, 'not a peer, or no longer')
      return
    }
    this.#connections.set(connection, peer.id)
    this.#counters.add('connectionsOpened')
    if (connection.direction !== 'inbound') return
    for (const [other, id] of this.#connections) {
      // a peer dials once, so the older one is dead or about to be; this also bounds what one peer can open
      if (id === peer.id && other !== connection && other.direction === 'inbound') {
        this.#counters.add('connectionsSuperseded')
        cutConnection(other, 'superseded by a newer connection')
      }
    }
    this.#connectors.get(peer.id)?.reached()
  }

  #onStream(stream: Stream, connection: Connection, traffic: TrafficClass, handler: FrameHandler): void {
    const from = this.#connections.get(connection)
    if (from === undefined) {
      stream.abort(new Error('not a peer, or no longer'))
      return
    }
    const options = {
      from,
      traffic,
      handler,
      soon: this.#clock.soon,
      frameBytesMax: this.#limits.frameBytesMax[traffic],
      onOversize: () => {
        this.#barredUntilMs.set(from, performance.now() + this.#limits.barMs)
        this.#options.logger.warn({ peer: from, traffic }, 'a peer announced an oversize frame; connection cut')
        cutConnection(connection, 'oversize frame')
      },
    }
    const reader = new FrameReader(libp2pReceiveEnd(stream), options, this.#counters)
    stream.addEventListener('close', () => reader.stop())
  }

  #refusal(peerId: string): 'unknownPeer' | 'barred' | undefined {
    const peer = this.#peers.admitted(peerId)
    if (peer === undefined) return 'unknownPeer'
    const untilMs = this.#barredUntilMs.get(peer.id) ?? 0
    return performance.now() < untilMs ? 'barred' : undefined
  }

  /** One connector for each peer; a peer with another key is another peer. */
  #updateConnectors(): void {
    for (const [id, connector] of this.#connectors) {
      const peer = this.#peers.get(id)
      if (peer !== undefined && peer.peerId === connector.peer.peerId) {
        connector.update(peer)
      } else {
        connector.stop()
        this.#connectors.delete(id)
      }
    }
    const modules: ConnectorModules = {
      dial: (peer, signal) => this.#dial(peer, signal),
      inbound: (peer) => this.#inbound(peer),
      protocols: this.#protocols,
      limits: this.#limits,
      counters: this.#counters,
      logger: this.#options.logger,
      clock: this.#clock,
    }
    for (const peer of this.#peers) {
      if (this.#connectors.has(peer.id)) continue
      const connector = new PeerConnector(peer, modules)
      this.#connectors.set(peer.id, connector)
      connector.start()
    }
  }

  async #dial(peer: ReplicaInfo, signal: AbortSignal): Promise<Connection> {
    assert(this.#host !== undefined, 'dials begin after start')
    const targets = addressesOf(peer).slice(0, this.#limits.dialAddressesMax)
    if (targets.length === 0) throw new Error('the view has no valid address of this peer')
    // forced: a connection that the peer made to us does not replace our own
    return await this.#host.dial(
      targets.map((address) => address.encapsulate(`/p2p/${peer.peerId}`)),
      { signal, force: true },
    )
  }

  #inbound(peer: ReplicaInfo): Connection | undefined {
    for (const [connection, id] of this.#connections) {
      if (id === peer.id && connection.direction === 'inbound' && connection.status === 'open') return connection
    }
    return undefined
  }

  #peerHosts(): ReadonlySet<string> {
    return new Set([...this.#peers].flatMap(addressesOf).map(hostOf))
  }
}

/** The peer's addresses without a peer id at the end; malformed ones are left out. */
function addressesOf(peer: ReplicaInfo): Multiaddr[] {
  return peer.addresses.flatMap((text) => {
    try {
      return [multiaddr(text).decapsulateCode(CODE_P2P)]
    } catch {
      return []
    }
  })
}
