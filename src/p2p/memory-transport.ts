import { assert } from '../base/assert.js'
import type { FrameHandler, TrafficClass, Transport } from '../ports.js'
import type { ReplicaId, ReplicaInfo } from '../types/index.js'
import { TransportCounters } from './counters.js'
import { FrameReader } from './frame-reader.js'
import { DEFAULT_LIMITS, type PerClass, perClass, TRAFFIC_CLASSES, type TransportLimits } from './limits.js'
import { MemoryPipe } from './memory-pipe.js'
import { OutgoingLink } from './outgoing-link.js'
import { PeerSet } from './peer-set.js'

export interface MemoryTransportOptions {
  readonly self: ReplicaId
  /** Stands for the key that the others would see proven; any text. */
  readonly peerId: string
  readonly networkId: string
  readonly peers: readonly ReplicaInfo[]
  /** Overrides of DEFAULT_LIMITS. */
  readonly limits?: Partial<TransportLimits>
}

/**
 * Transports in one process, without sockets, for tests and demonstrations. Outboxes, framing, back-pressure, admission
 * and counters are those of the libp2p transport; connecting takes a turn of the event loop and never fails by itself.
 */
export interface MemoryNetwork {
  /** A transport that finds the others of this network by the peer id in its peers. Used once, like any transport. */
  transport(options: MemoryTransportOptions): Transport
  /** Cuts the two replicas off from each other, in both directions, until `reconnect`. */
  disconnect(a: ReplicaId, b: ReplicaId): void
  reconnect(a: ReplicaId, b: ReplicaId): void
}

/** @param soon runs a callback after the events that are waiting; `setImmediate` by default */
export function createMemoryNetwork(soon: (callback: () => void) => void = setImmediate): MemoryNetwork {
  return new Network(soon)
}

class Network implements MemoryNetwork {
  readonly soon: (callback: () => void) => void
  readonly #started = new Map<string, MemoryTransport>()
  readonly #cuts = new Set<string>()
  #scheduled = false

  constructor(soon: (callback: () => void) => void) {
    this.soon = soon
  }

  transport(options: MemoryTransportOptions): Transport {
    return new MemoryTransport(this, options)
  }

  disconnect(a: ReplicaId, b: ReplicaId): void {
    this.#cuts.add(`${a}-${b}`).add(`${b}-${a}`)
    this.changed()
  }

  reconnect(a: ReplicaId, b: ReplicaId): void {
    this.#cuts.delete(`${a}-${b}`)
    this.#cuts.delete(`${b}-${a}`)
    this.changed()
  }

  join(transport: MemoryTransport): void {
    assert(!this.#started.has(transport.peerId), `two transports with peer id ${transport.peerId}`)
    this.#started.set(transport.peerId, transport)
    this.changed()
  }

  leave(transport: MemoryTransport): void {
    if (this.#started.get(transport.peerId) === transport) this.#started.delete(transport.peerId)
    this.changed()
  }

  /** Closes at once what may no longer be open; opens, in a later turn, what may. */
  changed(): void {
    for (const transport of this.#started.values()) transport.closeConnections((peer) => this.#refusal(transport, peer))
    if (this.#scheduled) return
    this.#scheduled = true
    this.soon(() => {
      this.#scheduled = false
      for (const transport of this.#started.values()) this.#connectAll(transport)
    })
  }

  #connectAll(transport: MemoryTransport): void {
    for (const peer of transport.peers) {
      if (transport.isConnectedTo(peer.id)) continue
      const target = this.#started.get(peer.peerId)
      const refusal = this.#refusal(transport, peer)
      if (refusal === undefined && target !== undefined) transport.connect(peer, target)
      else if (refusal === 'unknownPeer') target?.counter.add('refused.unknownPeer')
      else if (refusal === 'otherNetwork') transport.counter.add('refused.otherNetwork')
    }
  }

  #refusal(from: MemoryTransport, peer: ReplicaInfo): 'unreachable' | 'unknownPeer' | 'otherNetwork' | undefined {
    const target = this.#started.get(peer.peerId)
    if (target === undefined || this.#cuts.has(`${from.self}-${target.self}`)) return 'unreachable'
    if (target.peers.admitted(from.peerId) === undefined) return 'unknownPeer'
    return target.networkId === from.networkId ? undefined : 'otherNetwork'
  }
}

/** The way from one transport to another. */
interface MemoryConnection {
  readonly peer: ReplicaInfo
  readonly link: OutgoingLink
  close(): void
}

class MemoryTransport implements Transport {
  readonly self: ReplicaId
  readonly peerId: string
  readonly networkId: string
  readonly peers: PeerSet
  readonly counter = new TransportCounters()
  readonly #network: Network
  readonly #limits: TransportLimits
  readonly #outgoing = new Map<ReplicaId, MemoryConnection>()
  #handler: FrameHandler | undefined
  #stopped = false

  constructor(network: Network, options: MemoryTransportOptions) {
    this.#network = network
    this.self = options.self
    this.peerId = options.peerId
    this.networkId = options.networkId
    this.peers = new PeerSet(options.self, options.peerId, options.peers)
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
  }

  async start(handler: FrameHandler): Promise<void> {
    assert(this.#handler === undefined && !this.#stopped, 'a transport starts once')
    this.#handler = handler
    this.#network.join(this)
  }

  setPeers(peers: readonly ReplicaInfo[]): void {
    this.peers.replace(peers)
    this.#network.changed()
  }

  send(to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean {
    const connection = this.#outgoing.get(to)
    if (connection !== undefined) return connection.link.send(traffic, frame)
    this.counter.add(`sendRefused.disconnected.${traffic}`)
    return false
  }

  connected(): readonly ReplicaId[] {
    return [...this.#outgoing.keys()]
  }

  addresses(): readonly string[] {
    return this.#handler === undefined ? [] : [`/memory/${this.peerId}`]
  }

  counters(): Readonly<Record<string, number>> {
    return this.counter.snapshot()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.closeConnections(() => 'unreachable')
    if (this.#handler !== undefined) this.#network.leave(this)
  }

  isConnectedTo(id: ReplicaId): boolean {
    return this.#outgoing.has(id)
  }

  /** Closes the connections that the given function has a reason against. */
  closeConnections(reason: (peer: ReplicaInfo) => string | undefined): void {
    for (const [id, connection] of this.#outgoing) {
      const current = this.peers.get(id)
      const isPeer = current !== undefined && current.peerId === connection.peer.peerId
      if (!isPeer || reason(connection.peer) !== undefined) connection.close()
    }
  }

  connect(peer: ReplicaInfo, target: MemoryTransport): void {
    const link = new OutgoingLink(this.#limits, this.counter, this.#network.soon)
    const pipes = perClass(() => new MemoryPipe(this.#network.soon))
    const closeFarEnd = target.accept(this.peerId, pipes, () => {
      close()
      this.#network.changed()
    })
    const close = (): void => {
      if (this.#outgoing.get(peer.id)?.link !== link) return
      this.#outgoing.delete(peer.id)
      for (const traffic of TRAFFIC_CLASSES) pipes[traffic].close()
      link.close()
      closeFarEnd()
      this.counter.add('connectionsClosed')
    }
    this.#outgoing.set(peer.id, { peer, link, close })
    this.counter.add('connectionsOpened')
    link.open(pipes)
  }

  /** Reads from the pipes as the peer that the id belongs to; gives what ends the reading. */
  accept(peerId: string, pipes: PerClass<MemoryPipe>, abort: () => void): () => void {
    const from = this.peers.admitted(peerId)?.id
    const handler = this.#handler
    assert(from !== undefined && handler !== undefined, 'the network connects started transports that admit each other')
    const readers = TRAFFIC_CLASSES.map((traffic) => {
      const frameBytesMax = this.#limits.frameBytesMax[traffic]
      const options = { from, traffic, handler, frameBytesMax, soon: this.#network.soon, onOversize: abort }
      return new FrameReader(pipes[traffic], options, this.counter)
    })
    this.counter.add('connectionsOpened')
    return () => {
      for (const reader of readers) reader.stop()
      this.counter.add('connectionsClosed')
    }
  }
}
