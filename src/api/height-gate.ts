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

interface Waiting {
  readonly height: Height
  readonly release: () => void
}

/**
 * Where reads wait until a height is final. They wait beside the ordering of transactions and never before it: their number is
 * bounded, and those whose height has come are let through a few at a time.
 */
export class HeightGate {
  readonly #ledger: Pick<Ledger, 'finalized'>
  readonly #waiting = new Set<Waiting>()
  #released: (() => void)[] = []
  #scheduled = false
  readonly #end: () => void

  constructor(replica: Pick<Replica, 'onFinal'>, ledger: Pick<Ledger, 'finalized'>) {
    this.#ledger = ledger
    this.#end = replica.onFinal(({ sealed }) => this.#open(sealed.header.height))
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
    if (this.#ledger.finalized().height >= height) return
    if (this.size >= WAITING_READS_MAX) throw new ProblemError('replica/busy', 'too many reads wait', RETRY_AFTER_MS)
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        height,
        release: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        const finalized = this.#ledger.finalized().height
        reject(new ProblemError(code, `height ${height} is not final here yet, ${finalized} is`, RETRY_AFTER_MS))
      }, FINAL_WAIT_MS)
      this.#waiting.add(waiting)
    })
  }

  #open(height: Height): void {
    for (const waiting of this.#waiting) {
      if (waiting.height > height) continue
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
    for (const { release } of this.#waiting) this.#released.push(release)
    this.#waiting.clear()
    for (const release of this.#released.splice(0)) release()
  }
}
