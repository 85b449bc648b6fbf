import { generateTransportKey, peerIdOf, type TransportKey } from '../../src/p2p/keys.js'
import type { Security } from '../../src/p2p/libp2p-host.js'
import { createLibp2pTransport } from '../../src/p2p/libp2p-transport.js'
import type { TransportLimits } from '../../src/p2p/limits.js'
import type { ReplicaId } from '../../src/types/index.js'
import { type Fabric, NETWORK_ID, type NodeOptions, silentLogger, TestNode } from './harness.js'

interface Identity {
  readonly privateKey: TransportKey
  readonly networkId: string
}

/** Real sockets on the loopback interface, at ports that the system chooses. */
export class Libp2pFabric implements Fabric {
  readonly #security: Security
  readonly #limits: Partial<TransportLimits>
  readonly #nodes: TestNode[] = []
  readonly #identities = new Map<string, Identity>()
  readonly #addresses = new Map<string, string>()

  constructor(security: Security, limits: Partial<TransportLimits> = {}) {
    this.#security = security
    this.#limits = limits
  }

  async open(id: ReplicaId, options: NodeOptions = {}): Promise<TestNode> {
    const privateKey = await generateTransportKey()
    return await this.#start(id, { privateKey, networkId: options.networkId ?? NETWORK_ID }, '/ip4/127.0.0.1/tcp/0')
  }

  async reopen(node: TestNode): Promise<TestNode> {
    const identity = this.#identities.get(node.peerId)
    const address = this.#addresses.get(node.peerId)
    if (identity === undefined || address === undefined) throw new Error('the node is not of this fabric')
    return await this.#start(node.id, identity, address)
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(({ transport }) => transport.stop()))
  }

  async #start(id: ReplicaId, identity: Identity, listen: string): Promise<TestNode> {
    const transport = createLibp2pTransport({
      ...identity,
      self: id,
      listen: [listen],
      peers: [],
      security: this.#security,
      logger: silentLogger,
      limits: this.#limits,
    })
    const node = new TestNode(id, peerIdOf(identity.privateKey), transport)
    this.#nodes.push(node)
    await node.start()
    this.#identities.set(node.peerId, identity)
    this.#addresses.set(node.peerId, node.info().addresses[0]?.replace(/\/p2p\/.*/, '') ?? '')
    return node
  }
}
