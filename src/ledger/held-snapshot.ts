import type { AbstractSnapshot } from 'abstract-level'

/** A snapshot of the database that is closed when the last of those who hold it lets go. */
export class HeldSnapshot {
  readonly view: AbstractSnapshot
  #holders = 1

  constructor(view: AbstractSnapshot) {
    this.view = view
  }

  hold(): this {
    this.#holders += 1
    return this
  }

  async release(): Promise<void> {
    this.#holders -= 1
    if (this.#holders === 0) await this.view.close()
  }
}
