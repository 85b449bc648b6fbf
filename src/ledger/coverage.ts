import { type Height, LIMITS } from '../types/index.js'

/** What is known of one height, taken from below upwards. */
export interface CoverageStep {
  /** Whether it has a certificate of its own that holds. */
  readonly certified: boolean
  /** Whether it is the last height of its view: nothing but its header names the next, so no later certificate stands for it. */
  readonly endsView: boolean
}

/** Finds the heights that no certificate proves: neither their own nor one at most a window above. */
export class Coverage {
  #waiting: Height[] = []

  /** @returns heights that are now known to have no proof */
  next(height: Height, { certified, endsView }: CoverageStep): readonly Height[] {
    this.#waiting.push(height)
    if (certified) this.#waiting = []
    if (endsView) return this.end()
    return this.#waiting.length > LIMITS.windowMax ? this.#waiting.splice(0, 1) : []
  }

  /** There is nothing above. */
  end(): readonly Height[] {
    return this.#waiting.splice(0)
  }
}
