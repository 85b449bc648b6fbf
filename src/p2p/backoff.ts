import type { Clock } from '../ports.js'
import type { TransportLimits } from './limits.js'

/**
 * How long to wait after so many failures in a row: doubling from `backoffMsMin` up to `backoffMsMax`, the upper half
 * of it random, so that replicas which lost each other at once do not meet in step.
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(limits: TransportLimits, failures: number, random: number): number {
  const full = Math.min(limits.backoffMsMax, limits.backoffMsMin * 2 ** Math.min(failures, 30))
  return (full / 2) * (1 + random)
}

/** A wait that can be ended early. */
export class Wait {
  readonly #clock: Pick<Clock, 'after'>
  #end: (() => void) | undefined

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** Settles after `ms`, or at `end()`. One wait at a time. */
  start(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => this.end())
      this.#end = () => {
        cancel()
        this.#end = undefined
        resolve()
      }
    })
  }

  end(): void {
    this.#end?.()
  }
}
