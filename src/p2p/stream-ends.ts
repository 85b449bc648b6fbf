/** The writing end of a stream, as an outgoing link needs it. */
export interface SendEnd {
  /** Takes bytes, which must not change afterwards. Called only while `writable()`. */
  send(bytes: Uint8Array): void
  /** Whether the stream takes more now. Once it does not, the `onDrain` callback tells when it does again. */
  writable(): boolean
  /** Sets what is called when the stream may have become writable again. */
  onDrain(callback: () => void): void
}

/** The reading end of a stream. */
export interface ReceiveEnd {
  /** Sets the one reader. Chunks come in order, are the reader's to keep, and are never changed. */
  onChunk(reader: (chunk: Uint8Array) => void): void
  /** Stops the reading; the other side fills at most its window. A chunk or two may still come. */
  pause(): void
  resume(): void
}
