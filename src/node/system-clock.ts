import type { Clock } from '../ports.js'

/** The machine's clock and timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(afterMs, callback) {
    const timer = setTimeout(callback, afterMs)
    return () => clearTimeout(timer)
  },
  soon(callback) {
    setImmediate(callback)
  },
}
