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
  readonly #startMs: number
  #backlog: (() => void)[] = []
  #paused = false
  #dead = false
  #lagMs: (() => number) | undefined
  /** The instant in which the slow event loop turned last. */
  #turnedAt = -1
  #turns = false

  constructor(scheduler: Scheduler, clockErrorMs: () => number, onError: (error: unknown) => void) {
    this.#scheduler = scheduler
    this.#startMs = scheduler.nowMs
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
    this.#catchUp()
  }

  /**
   * From now on its event loop is slow: whatever comes waits until the next turn, with all that comes meanwhile.
   * @param lagMs gives how long one turn lets the first of them wait, ms
   */
  drag(lagMs: () => number): void {
    this.#lagMs = lagMs
  }

  /** The event loop is quick again. */
  hurry(): void {
    this.#lagMs = undefined
    if (!this.#paused) this.#catchUp()
  }

  #catchUp(): void {
    const backlog = this.#backlog
    this.#backlog = []
    for (const run of backlog) this.run(run)
  }

  /** Keeps code for the next turn of the slow event loop. Within the instant of a turn nothing waits. */
  #waits(code: () => void): boolean {
    if (this.#lagMs === undefined || this.#turnedAt === this.#scheduler.nowMs) return false
    this.#backlog.push(code)
    if (this.#turns) return true
    this.#turns = true
    this.#scheduler.after(this.#lagMs(), () => {
      this.#turns = false
      this.#turnedAt = this.#scheduler.nowMs
      if (!this.#paused && !this.#dead) this.#catchUp()
    })
    return true
  }

  /** Runs code of this process now, or when it goes on. An error is the process's, not the simulator's. */
  run(code: () => void): void {
    if (this.#dead) return
    if (this.#paused) {
      this.#backlog.push(code)
      return
    }
    if (this.#waits(code)) return
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
    monotonicMs: () => this.#scheduler.nowMs - this.#startMs,
    after: (afterMs, callback) => this.after(afterMs, callback),
    soon: (callback) => this.soon(callback),
  }
}
