import type { Counters } from '../ports.js'

/** Counters in memory, for metrics and status. */
export class CounterMap implements Counters {
  readonly #counts = new Map<string, number>()

  add(name: string, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount)
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#counts.entries()
  }
}
