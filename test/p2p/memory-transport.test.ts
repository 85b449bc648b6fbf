import { describe, expect, it } from 'vitest'
import { createMemoryNetwork } from '../../src/p2p/memory-transport.js'
import type { ReplicaId } from '../../src/types/index.js'
import { transportCompliance } from './compliance.js'
import { type Fabric, frameOf, mesh, NETWORK_ID, type NodeOptions, sendAll, TestNode, until } from './harness.js'

class MemoryFabric implements Fabric {
  readonly network = createMemoryNetwork()
  readonly #nodes: TestNode[] = []
  readonly #networkIds = new Map<string, string>()

  async open(id: ReplicaId, options: NodeOptions = {}): Promise<TestNode> {
    return await this.#start(id, `peer-${this.#nodes.length}`, options.networkId ?? NETWORK_ID)
  }

  async reopen(node: TestNode): Promise<TestNode> {
    return await this.#start(node.id, node.peerId, this.#networkIds.get(node.peerId) ?? NETWORK_ID)
  }

  async close(): Promise<void> {
    for (const { transport } of this.#nodes) await transport.stop()
  }

  async #start(id: ReplicaId, peerId: string, networkId: string): Promise<TestNode> {
    this.#networkIds.set(peerId, networkId)
    const node = new TestNode(id, peerId, this.network.transport({ self: id, peerId, networkId, peers: [] }))
    this.#nodes.push(node)
    await node.start()
    return node
  }
}

transportCompliance('memory', () => new MemoryFabric())

describe('memory network', () => {
  it('cuts two replicas off from each other and joins them again', async () => {
    const fabric = new MemoryFabric()
    const [a, b, c] = [await fabric.open(1), await fabric.open(2), await fabric.open(3)]
    await mesh(a, b, c)
    fabric.network.disconnect(1, 2)
    expect(a.transport.connected()).toEqual([3])
    expect(b.transport.connected()).toEqual([3])
    expect(a.transport.send(2, 'consensus', frameOf(1))).toBe(false)
    expect(a.transport.send(3, 'consensus', frameOf(1))).toBe(true)
    fabric.network.reconnect(2, 1)
    await until('they are connected again', () => a.transport.connected().length === 2)
    await sendAll(a, 2, 'consensus', [Uint8Array.of(5)])
    await until('it arrives', () => b.inbox.length === 1)
    await fabric.close()
  })

  it('loses what is under way when it cuts', async () => {
    const fabric = new MemoryFabric()
    const [a, b] = [await fabric.open(1), await fabric.open(2)]
    await mesh(a, b)
    a.transport.send(2, 'consensus', frameOf(1))
    fabric.network.disconnect(1, 2)
    fabric.network.reconnect(1, 2)
    await until('they are connected again', () => a.transport.connected().length === 1)
    await sendAll(a, 2, 'batch', [frameOf(1)])
    await until('the later frame arrives', () => b.inbox.length === 1)
    expect(b.frames('consensus')).toEqual([])
    expect(a.count('framesDiscarded.consensus')).toBe(1)
    await fabric.close()
  })
})
