import type { Ledger } from '../ports.js'
import type { Replica } from '../replica/index.js'
import type { Height } from '../types/index.js'
import { ProblemError } from './problems.js'

/** Reads that wait for a height at a time; more are refused. */
export const WAITING_READS_MAX = 4_096
/** How long a read waits, ms. */
const FINAL_WAIT_MS = 5_000
/** Reads that are answered in one turn of the event loop, so that votes and blocks come between. */
const RELEASED_PER_TURN_MAX = 32
const RETRY_AFTER_MS = 1_000

/** What is final may not be written yet, and what was executed may be taken back: both are looked at again after this, ms. */
const RECHECK_MS = 5

interface Waiting {
  readonly height: Height
  /** Done as well when this replica has nothing executed of that height any more. */
  readonly speculative: boolean
  readonly release: () => void
}

/**
 * Where reads wait until a height is final and can be read here. They wait beside the ordering of transactions and never before it: their number is
 * bounded, and those whose height has come are let through a few at a time.
 */
export class HeightGate {
  readonly #replica: Pick<Replica, 'status'>
  readonly #ledger: Pick<Ledger, 'tip'>
  readonly #waiting = new Set<Waiting>()
  #released: (() => void)[] = []
  #scheduled = false
  #recheck: ReturnType<typeof setTimeout> | undefined
  readonly #end: () => void

  constructor(replica: Pick<Replica, 'onFinal' | 'status'>, ledger: Pick<Ledger, 'tip'>) {
    this.#replica = replica
    this.#ledger = ledger
    this.#end = replica.onFinal(() => this.#open())
  }

  /** Reads that wait now. */
  get size(): number {
    return this.#waiting.size + this.#released.length
  }

  /**
   * Settles when the height is final.
   * @param code of the error when it takes too long
   * @throws ProblemError with that code, or `replica/busy`
   */
  async reached(height: Height, code: 'state/not-final' | 'read/behind'): Promise<void> {
    await this.#wait(height, code, false)
  }

  /** Settles when all that is known to be final here can be read: receipts leave a little earlier. @throws ProblemError as `reached` */
  async written(): Promise<void> {
    await this.#wait(this.#replica.status().finalized, 'read/behind', false)
  }

  /**
   * Settles when all that was executed here when it was asked for is final, or was taken back.
   * @throws ProblemError `state/not-final`, or `replica/busy`
   */
  async settled(): Promise<void> {
    await this.#wait(this.#replica.status().executed, 'state/not-final', true)
  }

  async #wait(height: Height, code: 'state/not-final' | 'read/behind', speculative: boolean): Promise<void> {
    if (this.#height() >= height) return
    if (this.size >= WAITING_READS_MAX) throw new ProblemError('replica/busy', 'too many reads wait', RETRY_AFTER_MS)
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        height,
        speculative,
        release: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        reject(new ProblemError(code, `height ${height} is not final here yet, ${this.#height()} is`, RETRY_AFTER_MS))
      }, FINAL_WAIT_MS)
      this.#waiting.add(waiting)
      this.#openSoon()
    })
  }

  #height(): Height {
    return this.#ledger.tip().header.height
  }

  #openSoon(): void {
    this.#recheck ??= setTimeout(() => {
      this.#recheck = undefined
      this.#open()
      if (this.#waiting.size > 0) this.#openSoon()
    }, RECHECK_MS)
  }

  #open(): void {
    if (this.#waiting.size === 0) return
    const height = this.#height()
    const { executed } = this.#replica.status()
    for (const waiting of this.#waiting) {
      if ((waiting.speculative ? Math.min(waiting.height, executed) : waiting.height) > height) continue
      this.#waiting.delete(waiting)
      this.#released.push(waiting.release)
    }
    if (this.#released.length > 0) this.#releaseSoon()
  }

  #releaseSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const release of this.#released.splice(0, RELEASED_PER_TURN_MAX)) release()
      if (this.#released.length > 0) this.#releaseSoon()
    })
  }

  close(): void {
    this.#end()
    clearTimeout(this.#recheck)
    for (const { release } of this.#waiting) this.#released.push(release)
    this.#waiting.clear()
    for (const release of this.#released.splice(0)) release()
  }
}
