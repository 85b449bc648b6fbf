import type { Clock } from '../ports.js'
import type { Scheduler } from './scheduler.js'

/** Simulated time 0 on every clock that is right. */
export const EPOCH_MS = 1_700_000_000_000

/**
 * One life of a replica's process. What it waits for comes through here, so that a dead process does nothing more, and one
 * that stands still gets everything late.
 */
export class SimProcess {
  readonly #scheduler: Scheduler
  readonly #clockErrorMs: () => number
  readonly #onError: (error: unknown) => void
  #backlog: (() => void)[] = []
  #paused = false
  #dead = false

  constructor(scheduler: Scheduler, clockErrorMs: () => number, onError: (error: unknown) => void) {
    this.#scheduler = scheduler
    this.#clockErrorMs = clockErrorMs
    this.#onError = onError
  }

  get dead(): boolean {
    return this.#dead
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Ends the process: nothing of it runs any more. */
  kill(): void {
    this.#dead = true
    this.#backlog = []
  }

  pause(): void {
    this.#paused = true
  }

  /** All that came meanwhile comes now, in its order. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const backlog = this.#backlog
    this.#backlog = []
    for (const run of backlog) this.run(run)
  }

  /** Runs code of this process now, or when it goes on. An error is the process's, not the simulator's. */
  run(code: () => void): void {
    if (this.#dead) return
    if (this.#paused) {
      this.#backlog.push(code)
      return
    }
    try {
      code()
    } catch (error) {
      this.#onError(error)
    }
  }

  after(delayMs: number, code: () => void): () => void {
    return this.#scheduler.after(delayMs, () => this.run(code))
  }

  soon(code: () => void): void {
    this.#scheduler.soon(() => this.run(code))
  }

  /** A promise that settles after a while, unless the process is dead by then. */
  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  readonly clock: Clock = {
    nowMs: () => EPOCH_MS + this.#scheduler.nowMs + this.#clockErrorMs(),
    after: (afterMs, callback) => this.after(afterMs, callback),
    soon: (callback) => this.soon(callback),
  }
}
