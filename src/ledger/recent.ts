import type { Height } from '../types/index.js'

/** The newest values by height, a bounded number of them. */
export class Recent<V> {
  readonly #valuesMax: number
  readonly #values = new Map<Height, V>()

  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax
  }

  get(height: Height): V | undefined {
    return this.#values.get(height)
  }

  set(height: Height, value: V): void {
    this.#values.set(height, value)
    if (this.#values.size <= this.#valuesMax) return
    const oldest = this.#values.keys().next().value
    if (oldest !== undefined) this.#values.delete(oldest)
  }
}
