import type { Random } from '../base/random.js'
import { DEFAULT_LIMITS, OUTBOX_FRAME_OVERHEAD_BYTES, type PerClass, TRAFFIC_CLASSES } from '../p2p/limits.js'
import type { FrameHandler, TrafficClass, Transport } from '../ports.js'
import type { ReplicaId } from '../types/index.js'
import { describeFrame } from './describe.js'
import type { SimProcess } from './process.js'
import type { Scheduler } from './scheduler.js'
import { digestOf, type Trace } from './trace.js'

/** Where a process of the simulation lives. Two processes with one replica's key have two addresses. */
export type Address = number

/** How one direction between two addresses behaves. */
export interface LinkQuality {
  /** Share of frames that are lost. */
  lossRate: number
  /** Share of frames that come twice. */
  duplicateRate: number
  /** Every frame is on its way for so long, ms, and up to `jitterMs` longer: with jitter, frames overtake one another. */
  delayMs: number
  jitterMs: number
  /** Share of frames that take up to `tailMs` longer. */
  tailRate: number
  tailMs: number
  /** Nothing passes, and nobody is told. */
  cut: boolean
  /** What may be under way in one class, bytes; above, `send` refuses. */
  outboxBytesMax: number
}

interface Link {
  readonly quality: LinkQuality
  /** Bumped when the connection closes: what was on its way is lost. */
  epoch: number
  /** The connection is open. */
  open: boolean
  readonly bytes: { consensus: number; batch: number; transfer: number }
}

export const GOOD_LINK: LinkQuality = {
  lossRate: 0,
  duplicateRate: 0,
  delayMs: 2,
  jitterMs: 0,
  tailRate: 0,
  tailMs: 0,
  cut: false,
  outboxBytesMax: DEFAULT_LIMITS.outboxBytesMax.transfer,
}

/** Connections come back within this after both ends are up, ms. */
const RECONNECT_MS_MAX = 300

/** The network between all addresses: every delay, loss and disorder comes from the seed. */
export class SimNetwork {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #trace: Trace
  readonly #endpoints = new Map<Address, SimEndpoint>()
  readonly #links = new Map<number, Link>()
  /** The quality of links that nobody disturbs. */
  readonly #usual: LinkQuality
  /** Told of every frame of the class `consensus` that a machine lets out, for each peer that it goes to. */
  onConsensus: (from: Address, frame: Uint8Array) => void = () => undefined
  /** Takes frames out by what they are, where a fault needs that; nobody is told. */
  withhold: ((from: Address, to: Address, frame: Uint8Array) => boolean) | undefined
  /** Addresses that there are, from 0 on. */
  machines = 0
  /** Most bytes that were under way on one link and class. */
  outboxBytesSeen = 0

  constructor(scheduler: Scheduler, random: Random, trace: Trace, usual: LinkQuality) {
    this.#scheduler = scheduler
    this.#random = random
    this.#trace = trace
    this.#usual = usual
  }

  /** A transport for one life of a process. */
  transport(address: Address, replica: ReplicaId, process: SimProcess): Transport {
    return new SimEndpoint(this, address, replica, process)
  }

  quality(from: Address, to: Address): LinkQuality {
    return this.link(from, to).quality
  }

  /** Every link is as usual again, and connections may be made. */
  heal(): void {
    for (const { quality } of this.#links.values()) Object.assign(quality, this.#usual)
  }

  /** Cuts every link but those between two addresses that hear each other. */
  cutUnless(hear: (a: Address, b: Address) => boolean): void {
    for (const [a, b] of this.#pairs()) if (!hear(a, b)) this.quality(a, b).cut = true
  }

  /** Cuts a group off from all others, both ways. */
  cutOff(group: readonly Address[]): void {
    this.cutUnless((a, b) => group.includes(a) === group.includes(b))
  }

  /** Only the links that lead to this address stay. */
  cutAllBut(address: Address): void {
    this.cutUnless((_, b) => b === address)
  }

  *#pairs(): Iterable<readonly [Address, Address]> {
    for (let a = 0; a < this.machines; a++) for (let b = 0; b < this.machines; b++) if (a !== b) yield [a, b]
  }

  /** Closes the connection between two addresses; it comes back after a while. */
  disconnect(a: Address, b: Address, forMs: number): void {
    this.#close(a, b)
    this.#scheduler.after(forMs, () => this.#open(a, b))
  }

  link(from: Address, to: Address): Link {
    const key = from * 1_000 + to
    const known = this.#links.get(key)
    if (known !== undefined) return known
    const bytes = { consensus: 0, batch: 0, transfer: 0 }
    const link = { quality: { ...this.#usual }, epoch: 0, open: false, bytes }
    this.#links.set(key, link)
    return link
  }

  join(endpoint: SimEndpoint): void {
    this.#endpoints.set(endpoint.address, endpoint)
    for (const other of this.#endpoints.keys()) {
      if (other === endpoint.address) continue
      this.#scheduler.after(1 + this.#random.below(RECONNECT_MS_MAX), () => this.#open(endpoint.address, other))
    }
  }

  /** The process at an address is gone: its connections close. */
  leaveAt(address: Address): void {
    if (!this.#endpoints.delete(address)) return
    for (const other of this.#endpoints.keys()) this.#close(address, other)
  }

  #open(a: Address, b: Address): void {
    if (!this.#endpoints.has(a) || !this.#endpoints.has(b)) return
    this.link(a, b).open = true
    this.link(b, a).open = true
  }

  #close(a: Address, b: Address): void {
    for (const link of [this.link(a, b), this.link(b, a)]) {
      link.open = false
      link.epoch += 1
      for (const traffic of TRAFFIC_CLASSES) link.bytes[traffic] = 0
    }
  }

  connectedTo(address: Address): readonly ReplicaId[] {
    const peers: ReplicaId[] = []
    for (const [other, { replica }] of this.#endpoints) {
      if (other !== address && this.link(address, other).open) peers.push(replica)
    }
    return peers
  }

  /** Sends to every process that is this replica. */
  send(from: SimEndpoint, to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean {
    if (traffic === 'consensus') this.onConsensus(from.address, frame)
    let taken = false
    for (const [address, { replica }] of this.#endpoints) {
      if (replica !== to || address === from.address) continue
      if (this.#offer(from, address, traffic, frame)) taken = true
    }
    return taken
  }

  #offer(from: SimEndpoint, to: Address, traffic: TrafficClass, frame: Uint8Array): boolean {
    const link = this.link(from.address, to)
    const cost = frame.length + OUTBOX_FRAME_OVERHEAD_BYTES
    const { quality, bytes } = link
    if (!link.open || frame.length > DEFAULT_LIMITS.frameBytesMax[traffic]) return false
    const bound = Math.min(quality.outboxBytesMax, DEFAULT_LIMITS.outboxBytesMax[traffic])
    if (bytes[traffic] > 0 && bytes[traffic] + cost > bound) return false
    if (quality.cut || this.#random.chance(quality.lossRate)) return true
    if (this.withhold?.(from.address, to, frame) === true) return true
    const copies = quality.duplicateRate > 0 && this.#random.chance(quality.duplicateRate) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      bytes[traffic] += cost
      this.outboxBytesSeen = Math.max(this.outboxBytesSeen, bytes[traffic])
      const { epoch } = link
      const free = (): void => {
        if (link.epoch === epoch) bytes[traffic] -= cost
      }
      this.#scheduler.after(this.#delayMs(quality), () => {
        if (link.epoch !== epoch) return
        // A cut takes what is under way as well.
        if (quality.cut) free()
        else this.#arrive(from, to, traffic, frame, free)
      })
    }
    return true
  }

  #delayMs({ delayMs, jitterMs, tailRate, tailMs }: LinkQuality): number {
    let delay = delayMs
    if (jitterMs > 0) delay += this.#random.below(jitterMs + 1)
    if (tailRate > 0 && this.#random.chance(tailRate)) delay += this.#random.below(tailMs + 1)
    return delay
  }

  #arrive(from: SimEndpoint, to: Address, traffic: TrafficClass, frame: Uint8Array, free: () => void): void {
    const target = this.#endpoints.get(to)
    if (target === undefined) return
    const what = (): string => `from r${from.address} ${describeFrame(frame)}`
    this.#trace.note(this.#scheduler.nowMs, to, 'receive', digestOf(frame), what)
    target.process.run(() => target.receive(from.replica, traffic, frame, free))
  }
}

interface Waiting {
  readonly frame: Uint8Array
  readonly free: () => void
}

/** A stream from one peer in one class: while the reader asks to wait, frames gather. */
interface Inbound {
  reading: boolean
  readonly waiting: Waiting[]
}

class SimEndpoint implements Transport {
  readonly address: Address
  readonly replica: ReplicaId
  readonly process: SimProcess
  readonly #network: SimNetwork
  readonly #inbound = new Map<ReplicaId, PerClass<Inbound>>()
  #handler: FrameHandler | undefined

  constructor(network: SimNetwork, address: Address, replica: ReplicaId, process: SimProcess) {
    this.#network = network
    this.address = address
    this.replica = replica
    this.process = process
  }

  async start(handler: FrameHandler): Promise<void> {
    this.#handler = handler
    this.#network.join(this)
  }

  setPeers(): void {
    // Admission is the transport's own business; here everybody who runs is a member.
  }

  send(to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean {
    return !this.process.dead && this.#network.send(this, to, traffic, frame)
  }

  connected(): readonly ReplicaId[] {
    return this.#network.connectedTo(this.address)
  }

  addresses(): readonly string[] {
    return []
  }

  counters(): Readonly<Record<string, number>> {
    return {}
  }

  async stop(): Promise<void> {
    if (!this.process.dead) this.#network.leaveAt(this.address)
  }

  receive(from: ReplicaId, traffic: TrafficClass, frame: Uint8Array, free: () => void): void {
    const streams = this.#inbound.get(from) ?? { consensus: inbound(), batch: inbound(), transfer: inbound() }
    this.#inbound.set(from, streams)
    const stream = streams[traffic]
    stream.waiting.push({ frame, free })
    if (!stream.reading) this.#read(from, traffic, stream)
  }

  #read(from: ReplicaId, traffic: TrafficClass, stream: Inbound): void {
    for (let next = stream.waiting.shift(); next !== undefined; next = stream.waiting.shift()) {
      next.free()
      const wait = this.#handler?.(from, traffic, next.frame)
      if (wait === undefined) continue
      stream.reading = true
      const goOn = (): void => {
        stream.reading = false
        this.process.soon(() => this.#read(from, traffic, stream))
      }
      wait.then(goOn, (error: unknown) => this.process.run(() => throwIt(error)))
      return
    }
  }
}

const inbound = (): Inbound => ({ reading: false, waiting: [] })

function throwIt(error: unknown): never {
  throw error
}
