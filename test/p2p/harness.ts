import { randomBytes } from 'node:crypto'
import type { Logger, TrafficClass, Transport } from '../../src/ports.js'
import type { ReplicaId, ReplicaInfo } from '../../src/types/index.js'

export const NETWORK_ID = 'test-network'

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export interface Received {
  readonly from: ReplicaId
  readonly traffic: TrafficClass
  readonly frame: Uint8Array
}

export interface NodeOptions {
  readonly networkId?: string
}

/** One kind of transport, made for tests. */
export interface Fabric {
  /** Starts a replica that knows nobody yet. */
  open(id: ReplicaId, options?: NodeOptions): Promise<TestNode>
  /** Starts it again, after its transport was stopped, with the same key and at the same address. */
  reopen(node: TestNode): Promise<TestNode>
  /** Stops all that was opened. */
  close(): Promise<void>
}

/** A transport whose handler notes what arrives, and stalls where it is told to. */
export class TestNode {
  readonly id: ReplicaId
  readonly peerId: string
  readonly transport: Transport
  readonly inbox: Received[] = []
  /** Makes the handler slow: each frame takes so long. */
  delayMs = 0
  readonly #stalled = new Map<TrafficClass, { readonly promise: Promise<void>; readonly release: () => void }>()

  constructor(id: ReplicaId, peerId: string, transport: Transport) {
    this.id = id
    this.peerId = peerId
    this.transport = transport
  }

  start(): Promise<void> {
    return this.transport.start((from, traffic, frame) => {
      this.inbox.push({ from, traffic, frame })
      const stalled = this.#stalled.get(traffic)?.promise
      if (stalled !== undefined || this.delayMs === 0) return stalled
      return new Promise((resolve) => setTimeout(resolve, this.delayMs))
    })
  }

  /** From the next frame of the class on, the handler's promise stays open until `release`. */
  stall(traffic: TrafficClass): void {
    let release = (): void => {}
    const promise = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#stalled.set(traffic, { promise, release })
  }

  release(traffic: TrafficClass): void {
    const stall = this.#stalled.get(traffic)
    this.#stalled.delete(traffic)
    stall?.release()
  }

  frames(traffic: TrafficClass): Uint8Array[] {
    return this.inbox.filter((received) => received.traffic === traffic).map(({ frame }) => frame)
  }

  count(name: string): number {
    const value = this.transport.counters()[name]
    if (value === undefined) throw new Error(`no counter ${name}`)
    return value
  }

  info(): ReplicaInfo {
    return {
      id: this.id,
      organization: `org-${this.id}`,
      consensusKey: '00'.repeat(32),
      peerId: this.peerId,
      addresses: this.transport.addresses(),
    }
  }
}

/** Lets all the nodes know each other, and waits until they are connected. */
export async function mesh(...nodes: readonly TestNode[]): Promise<void> {
  const view = nodes.map((node) => node.info())
  for (const node of nodes) node.transport.setPeers(view)
  await until('all are connected', () => nodes.every((node) => node.transport.connected().length === nodes.length - 1))
}

/** Polls until the condition holds. */
export async function until(what: string, condition: () => boolean, msMax = 10_000): Promise<void> {
  const deadline = performance.now() + msMax
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${msMax} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Sends, waiting while the outbox is full. */
export async function sendAll(
  from: TestNode,
  to: ReplicaId,
  traffic: TrafficClass,
  frames: readonly Uint8Array[],
): Promise<void> {
  for (const frame of frames) await until('the frame is accepted', () => from.transport.send(to, traffic, frame))
}

export function frameOf(size: number): Uint8Array {
  return new Uint8Array(randomBytes(size))
}

export function sameFrames(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean {
  return (
    actual.length === expected.length &&
    expected.every((frame, i) => Buffer.compare(frame, actual[i] ?? new Uint8Array(0)) === 0)
  )
}
