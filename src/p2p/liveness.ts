import type { Connection } from '@libp2p/interface'
import type { Clock } from '../ports.js'
import type { TransportLimits } from './limits.js'

/**
 * Asks the peer for a sign of life every `pingIntervalMs`, by opening a stream that both sides close at once. Without it
 * a peer that vanished without a word would be noticed by TCP after many minutes only. Calls `onSilent` once, when there
 * was none within `pingMsMax`. The returned function ends the watch.
 *
 * libp2p's own monitor is not used: when its abort of a connection throws, that is an unhandled rejection, which stops
 * the process.
 */
export function watchLiveness(
  connection: Connection,
  protocol: string,
  modules: { readonly limits: TransportLimits; readonly clock: Pick<Clock, 'after'> },
  onSilent: () => void,
): () => void {
  const { limits, clock } = modules
  let cancel = clock.after(limits.pingIntervalMs, ask)
  let ended = false

  function ask(): void {
    const deadline = new AbortController()
    const cancelTimer = clock.after(limits.pingMsMax, () => deadline.abort())
    cancel = () => {
      cancelTimer()
      deadline.abort()
    }
    void connection.newStream(protocol, { signal: deadline.signal }).then(
      async (stream) => {
        cancelTimer()
        if (!ended) cancel = clock.after(limits.pingIntervalMs, ask)
        await stream.close().catch(() => {})
      },
      () => {
        cancelTimer()
        if (!ended) onSilent()
      },
    )
  }

  return () => {
    ended = true
    cancel()
  }
}
