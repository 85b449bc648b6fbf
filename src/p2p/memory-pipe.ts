import { INITIAL_WINDOW_BYTES } from './limits.js'
import type { ReceiveEnd, SendEnd } from './stream-ends.js'

/** One direction of a stream within a process: both its ends. What is written is read in a later turn, in order. */
export class MemoryPipe implements SendEnd, ReceiveEnd {
  readonly #soon: (callback: () => void) => void
  #chunks: Uint8Array[] = []
  /** Bytes written and not yet read. */
  #bytes = 0
  #paused = false
  #closed = false
  #scheduled = false
  #reader: (chunk: Uint8Array) => void = () => {}
  #drained: () => void = () => {}

  constructor(soon: (callback: () => void) => void) {
    this.#soon = soon
  }

  send(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    this.#schedule()
  }

  writable(): boolean {
    return !this.#closed && this.#bytes < INITIAL_WINDOW_BYTES
  }

  onDrain(callback: () => void): void {
    this.#drained = callback
  }

  onChunk(reader: (chunk: Uint8Array) => void): void {
    this.#reader = reader
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  /** What is not yet read is lost. */
  close(): void {
    this.#closed = true
    this.#chunks = []
    this.#bytes = 0
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    this.#soon(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    const wasFull = !this.writable()
    while (!this.#paused) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) break
      this.#bytes -= chunk.length
      this.#reader(chunk)
    }
    if (wasFull && this.writable()) this.#drained()
  }
}
