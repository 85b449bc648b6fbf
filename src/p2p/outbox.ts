import type { TrafficClass } from '../ports.js'
import type { CounterName, TransportCounters } from './counters.js'
import { FRAME_HEADER_BYTES, writeFrameHeader } from './framing.js'
import { OUTBOX_FRAME_OVERHEAD_BYTES, WRITE_BYTES_MAX } from './limits.js'
import type { SendEnd } from './stream-ends.js'

export interface OutboxOptions {
  readonly traffic: TrafficClass
  /** Longest frame taken, bytes. */
  readonly frameBytesMax: number
  /** Most that waits here, bytes, with OUTBOX_FRAME_OVERHEAD_BYTES for each frame. */
  readonly outboxBytesMax: number
}

/**
 * Frames of one class that wait for one peer. One `write` system call costs as much as ten small messages, so frames
 * are queued and written together: small ones packed into one piece, long ones cut without a copy.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #counters: TransportCounters
  // names made once: these two count every frame
  readonly #framesOut: CounterName
  readonly #bytesOut: CounterName
  #frames: Uint8Array[] = []
  #index = 0
  /** Bytes of the first frame, its header not counted, that are already written. */
  #written = 0
  #queuedBytes = 0

  constructor(options: OutboxOptions, counters: TransportCounters) {
    this.#options = options
    this.#counters = counters
    this.#framesOut = `framesOut.${options.traffic}`
    this.#bytesOut = `bytesOut.${options.traffic}`
  }

  /** Bytes that wait, overhead included. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isEmpty(): boolean {
    return this.#index === this.#frames.length
  }

  /**
   * Queues a frame, which must not change afterwards. `false`: it is too long, or the outbox is full; counted either
   * way. An empty outbox takes any frame of allowed length.
   */
  offer(frame: Uint8Array): boolean {
    const { traffic, frameBytesMax, outboxBytesMax } = this.#options
    if (frame.length > frameBytesMax) {
      this.#counters.add(`sendRefused.oversize.${traffic}`)
      return false
    }
    const cost = frame.length + OUTBOX_FRAME_OVERHEAD_BYTES
    if (this.#queuedBytes + cost > outboxBytesMax && !this.isEmpty) {
      this.#counters.add(`sendRefused.full.${traffic}`)
      return false
    }
    this.#frames.push(frame)
    this.#queuedBytes += cost
    return true
  }

  /**
   * Writes until the outbox is empty, the stream takes no more, or `budgetBytes` is reached (and passed by less than
   * WRITE_BYTES_MAX). Gives the bytes written.
   */
  flush(end: SendEnd, budgetBytes: number): number {
    let total = 0
    while (!this.isEmpty && total < budgetBytes && end.writable()) {
      const piece = this.#nextPiece()
      total += piece.length
      end.send(piece)
    }
    return total
  }

  /** Forgets all that waits, a frame written in part included; their number is counted. */
  discard(): void {
    this.#counters.add(`framesDiscarded.${this.#options.traffic}`, this.#frames.length - this.#index)
    this.#frames = []
    this.#index = 0
    this.#written = 0
    this.#queuedBytes = 0
  }

  #nextPiece(): Uint8Array {
    const first = this.#frames[this.#index] as Uint8Array
    if (this.#written > 0 || first.length + FRAME_HEADER_BYTES > WRITE_BYTES_MAX) return this.#cutLongFrame(first)
    let size = 0
    let count = 0
    for (let i = this.#index; i < this.#frames.length; i++) {
      const next = size + FRAME_HEADER_BYTES + (this.#frames[i] as Uint8Array).length
      if (next > WRITE_BYTES_MAX) break
      size = next
      count += 1
    }
    const piece = Buffer.allocUnsafe(size)
    let offset = 0
    for (; count > 0; count--) {
      const frame = this.#frames[this.#index] as Uint8Array
      writeFrameHeader(piece, offset, frame.length)
      piece.set(frame, offset + FRAME_HEADER_BYTES)
      offset += FRAME_HEADER_BYTES + frame.length
      this.#shift(frame)
    }
    return piece
  }

  #cutLongFrame(frame: Uint8Array): Uint8Array {
    let piece: Uint8Array
    if (this.#written === 0) {
      // the header rides with the first part: on its own it would be one more record and system call
      piece = Buffer.allocUnsafe(WRITE_BYTES_MAX)
      writeFrameHeader(piece, 0, frame.length)
      this.#written = WRITE_BYTES_MAX - FRAME_HEADER_BYTES
      piece.set(frame.subarray(0, this.#written), FRAME_HEADER_BYTES)
    } else {
      piece = frame.subarray(this.#written, this.#written + WRITE_BYTES_MAX)
      this.#written += piece.length
    }
    if (this.#written === frame.length) this.#shift(frame)
    return piece
  }

  #shift(frame: Uint8Array): void {
    this.#counters.add(this.#framesOut)
    this.#counters.add(this.#bytesOut, frame.length)
    this.#queuedBytes -= frame.length + OUTBOX_FRAME_OVERHEAD_BYTES
    this.#written = 0
    this.#index += 1
    if (this.#index === this.#frames.length) {
      this.#frames = []
      this.#index = 0
    } else if (this.#index >= 1024) {
      // an outbox that is never quite empty must not hold on to what it has sent
      this.#frames.splice(0, this.#index)
      this.#index = 0
    }
  }
}
