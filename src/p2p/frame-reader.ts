import type { FrameHandler, TrafficClass } from '../ports.js'
import type { ReplicaId } from '../types/index.js'
import type { CounterName, TransportCounters } from './counters.js'
import { FrameDecoder } from './framing.js'
import { TURN_FRAMES_MAX } from './limits.js'
import type { ReceiveEnd } from './stream-ends.js'

export interface FrameReaderOptions {
  readonly from: ReplicaId
  readonly traffic: TrafficClass
  /** Longest frame accepted, bytes. */
  readonly frameBytesMax: number
  readonly handler: FrameHandler
  /** Runs a callback after the events that are already waiting. */
  readonly soon: (callback: () => void) => void
  /** Called once, when the peer announces a longer frame (counted); the reader gives no more frames. */
  readonly onOversize: () => void
}

/**
 * Reads the frames of one stream and gives them to the handler, one after another. While a promise of the handler is
 * open nothing more is given, and the stream is paused, so that the sender fills no more than its window. A sender of
 * very many small frames does not hold up the others: after TURN_FRAMES_MAX they get their turn.
 *
 * A handler that throws or rejects is a bug: the error is left uncaught and stops the process.
 */
export class FrameReader {
  readonly #end: ReceiveEnd
  readonly #options: FrameReaderOptions
  readonly #counters: TransportCounters
  // names made once: these two count every frame
  readonly #framesIn: CounterName
  readonly #bytesIn: CounterName
  readonly #decoder: FrameDecoder
  #waiting = false
  #stopped = false

  constructor(end: ReceiveEnd, options: FrameReaderOptions, counters: TransportCounters) {
    this.#end = end
    this.#options = options
    this.#counters = counters
    this.#framesIn = `framesIn.${options.traffic}`
    this.#bytesIn = `bytesIn.${options.traffic}`
    this.#decoder = new FrameDecoder(options.frameBytesMax)
    end.onChunk((chunk) => {
      if (this.#stopped) return
      this.#decoder.push(chunk)
      if (!this.#waiting) this.#deliver()
    })
  }

  /** Not one more frame is given. */
  stop(): void {
    this.#stopped = true
  }

  #deliver(): void {
    const { from, traffic, handler, soon } = this.#options
    for (let given = 0; !this.#stopped; given++) {
      if (given === TURN_FRAMES_MAX) {
        this.#wait()
        soon(() => this.#continue())
        return
      }
      const frame = this.#decoder.next()
      if (frame === undefined) return
      if (frame === 'oversize') {
        this.#stopped = true
        this.#counters.add('violations.oversize')
        this.#options.onOversize()
        return
      }
      this.#counters.add(this.#framesIn)
      this.#counters.add(this.#bytesIn, frame.length)
      const pending = handler(from, traffic, frame)
      if (pending instanceof Promise) {
        this.#wait()
        this.#counters.add(`pausesIn.${traffic}`)
        void pending.then(() => this.#continue())
        return
      }
    }
  }

  #wait(): void {
    this.#waiting = true
    this.#end.pause()
  }

  #continue(): void {
    this.#waiting = false
    this.#deliver()
    if (!this.#waiting && !this.#stopped) this.#end.resume()
  }
}
