import type { Stream } from '@libp2p/interface'
import type { ReceiveEnd, SendEnd } from './stream-ends.js'

/**
 * The writing end of a libp2p stream.
 *
 * `stream.onDrain()` is not used: its promise is made once and stays resolved, so from the second call on it does not
 * wait. And a `drain` event alone does not mean that the stream takes more, since every stream of the connection gets
 * it when the socket drains, also one whose own window is closed; so `writable()` looks at the stream itself. A write
 * in spite of that would go to a buffer without a bound.
 */
export function libp2pSendEnd(stream: Stream): SendEnd {
  return {
    send(bytes) {
      try {
        stream.send(bytes)
      } catch {
        // the stream broke under this write; its close event discards the outbox and counts what was lost
      }
    },
    writable: () => stream.writeStatus === 'writable' && !stream.writableNeedsDrain && stream.writeBufferLength === 0,
    onDrain: (callback) => stream.addEventListener('drain', callback),
  }
}

/** The reading end of a libp2p stream. */
export function libp2pReceiveEnd(stream: Stream): ReceiveEnd {
  let resuming = false
  let paused = false
  const apply = (): void => {
    // both throw on a stream that is closing, of which nothing more is read anyway
    if (stream.readStatus !== (paused ? 'readable' : 'paused')) return
    if (paused) {
      stream.pause()
    } else {
      resuming = true
      stream.resume()
      resuming = false
      if (paused) apply()
    }
  }
  return {
    onChunk(reader) {
      stream.addEventListener('message', ({ data }) => {
        if (data instanceof Uint8Array) return reader(data)
        for (const chunk of data) reader(chunk)
      })
    },
    pause() {
      paused = true
      // resume() gives out what was buffered before it opens the window; a pause from in there would be undone by
      // that, and the sender would fill the read buffer until the stream is reset. So it waits until resume() is done.
      if (!resuming) apply()
    },
    resume() {
      paused = false
      if (!resuming) apply()
    },
  }
}
