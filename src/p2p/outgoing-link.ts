import type { TrafficClass } from '../ports.js'
import type { TransportCounters } from './counters.js'
import { type PerClass, perClass, TRAFFIC_CLASSES, type TransportLimits, TURN_BYTES_MAX } from './limits.js'
import { Outbox } from './outbox.js'
import type { SendEnd } from './stream-ends.js'

/**
 * The way to one peer: an outbox for each class, and the streams they are written to while the peer is connected.
 *
 * Frames are written once per turn of the event loop, after the events that are already waiting, so that what one turn
 * gives leaves in few writes. Consensus goes first; batch and transfer take turns, so that neither starves.
 */
export class OutgoingLink {
  readonly #counters: TransportCounters
  readonly #soon: (callback: () => void) => void
  readonly #outboxes: PerClass<Outbox>
  #ends: PerClass<SendEnd> | undefined
  #scheduled = false
  #batchFirst = true

  constructor(limits: TransportLimits, counters: TransportCounters, soon: (callback: () => void) => void) {
    this.#counters = counters
    this.#soon = soon
    this.#outboxes = perClass(
      (traffic) =>
        new Outbox(
          {
            traffic,
            frameBytesMax: limits.frameBytesMax[traffic],
            outboxBytesMax: limits.outboxBytesMax[traffic],
          },
          counters,
        ),
    )
  }

  get isOpen(): boolean {
    return this.#ends !== undefined
  }

  /** Frames are taken from now on. */
  open(ends: PerClass<SendEnd>): void {
    this.#ends = ends
    for (const traffic of TRAFFIC_CLASSES) ends[traffic].onDrain(() => this.#schedule())
  }

  /** Frames are refused from now on; those that wait are discarded and counted. */
  close(): void {
    this.#ends = undefined
    for (const traffic of TRAFFIC_CLASSES) this.#outboxes[traffic].discard()
  }

  /** Queues a frame; `false` (counted) when it is refused. */
  send(traffic: TrafficClass, frame: Uint8Array): boolean {
    if (this.#ends === undefined) {
      this.#counters.add(`sendRefused.disconnected.${traffic}`)
      return false
    }
    if (!this.#outboxes[traffic].offer(frame)) return false
    this.#schedule()
    return true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#soon(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    this.#batchFirst = !this.#batchFirst
    const bulk = this.#batchFirst ? (['batch', 'transfer'] as const) : (['transfer', 'batch'] as const)
    for (const traffic of ['consensus', ...bulk] as const) {
      // looked up each time: a write can fail and close this link
      const end = this.#ends?.[traffic]
      if (end === undefined) return
      const outbox = this.#outboxes[traffic]
      outbox.flush(end, TURN_BYTES_MAX)
      if (!outbox.isEmpty && end.writable()) this.#schedule()
    }
  }
}
