/** A frame on a stream is its length, a big-endian u32, and then so many bytes. */
export const FRAME_HEADER_BYTES = 4

/** A frame that arrives in parts is first given this much memory, which grows as its bytes really arrive. */
const ASSEMBLY_BYTES_MIN = 256 * 1024

export function writeFrameHeader(target: Uint8Array, offset: number, length: number): void {
  target[offset] = length >>> 24
  target[offset + 1] = length >>> 16
  target[offset + 2] = length >>> 8
  target[offset + 3] = length
}

/**
 * Cuts a stream of bytes into frames. Chunks are pushed as they arrive; frames are pulled, so that a reader can stop
 * between two of them.
 *
 * A frame that lies in one chunk is given without a copy and pins that chunk's memory; who keeps small frames for long
 * copies them. Memory is bounded by what was pushed: a length alone allocates nothing.
 */
export class FrameDecoder {
  readonly #frameBytesMax: number
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  #headerBytes = 0
  /** Length of the frame under way, or -1 before its header is complete. */
  #length = -1
  #partial: Uint8Array | undefined
  #partialBytes = 0
  #chunks: Uint8Array[] = []
  #chunkIndex = 0
  #offset = 0
  #oversize = false

  /** @param frameBytesMax longest frame that is accepted, bytes */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Takes the next bytes of the stream, any number of them. The decoder keeps the chunk; it must not change. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk)
  }

  /**
   * The next frame; `undefined` until more bytes are pushed; `'oversize'`, from then on, once a header announced more
   * than the limit.
   */
  next(): Uint8Array | 'oversize' | undefined {
    if (this.#oversize) return 'oversize'
    if (this.#length < 0) {
      if (!this.#readHeader()) return undefined
      if (this.#length > this.#frameBytesMax) {
        this.#oversize = true
        this.#chunks = []
        return 'oversize'
      }
    }
    const frame = this.#readBody()
    if (frame !== undefined) this.#length = -1
    return frame
  }

  /** Whether the stream stands inside a frame: ending it here would lose a part. */
  get midFrame(): boolean {
    return this.#headerBytes > 0 || this.#length >= 0
  }

  #readHeader(): boolean {
    for (;;) {
      const chunk = this.#chunk()
      if (chunk === undefined) return false
      while (this.#offset < chunk.length && this.#headerBytes < FRAME_HEADER_BYTES) {
        this.#header[this.#headerBytes++] = chunk[this.#offset++] as number
      }
      if (this.#headerBytes === FRAME_HEADER_BYTES) {
        const [a, b, c, d] = this.#header as unknown as [number, number, number, number]
        this.#length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
        this.#headerBytes = 0
        return true
      }
    }
  }

  #readBody(): Uint8Array | undefined {
    if (this.#length === 0) return new Uint8Array(0)
    for (;;) {
      const chunk = this.#chunk()
      if (chunk === undefined) return undefined
      const available = chunk.length - this.#offset
      if (this.#partial === undefined && available >= this.#length) {
        // not subarray: of a Buffer that is a Buffer, whose slice() shares memory where a Uint8Array's copies
        const frame = new Uint8Array(chunk.buffer, chunk.byteOffset + this.#offset, this.#length)
        this.#offset += this.#length
        return frame
      }
      const taken = Math.min(available, this.#length - this.#partialBytes)
      this.#assemble(chunk.subarray(this.#offset, this.#offset + taken))
      this.#offset += taken
      if (this.#partialBytes === this.#length) {
        const frame = this.#partial
        this.#partial = undefined
        this.#partialBytes = 0
        return frame
      }
    }
  }

  #assemble(bytes: Uint8Array): void {
    const needed = this.#partialBytes + bytes.length
    if (this.#partial === undefined || this.#partial.length < needed) {
      // doubled from what has arrived, never taken from the announced length: a lie about it costs nothing
      const size = Math.min(this.#length, Math.max(ASSEMBLY_BYTES_MIN, needed * 2))
      const grown = new Uint8Array(size)
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, this.#partialBytes))
      this.#partial = grown
    }
    this.#partial.set(bytes, this.#partialBytes)
    this.#partialBytes = needed
  }

  /** The chunk that the next byte lies in, if any has arrived. */
  #chunk(): Uint8Array | undefined {
    for (;;) {
      const chunk = this.#chunks[this.#chunkIndex]
      if (chunk === undefined) {
        this.#chunks.length = 0
        this.#chunkIndex = 0
        return undefined
      }
      if (this.#offset < chunk.length) return chunk
      this.#offset = 0
      this.#chunkIndex += 1
    }
  }
}
