/** Simulated time, ms since the start of the history. Whole numbers, so that events of one instant are handled together. */
export type SimMs = number

interface Event {
  readonly at: SimMs
  readonly order: number
  run: (() => void) | undefined
}

const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Events by time, and by the order of their making within an instant: a binary heap. */
class EventHeap {
  readonly #events: Event[] = []

  get next(): Event | undefined {
    return this.#events[0]
  }

  push(event: Event): void {
    const events = this.#events
    let at = events.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = events[parent] as Event
      if (!before(event, above)) break
      events[at] = above
      at = parent
    }
    events[at] = event
  }

  pop(): void {
    const events = this.#events
    const last = events.pop()
    if (last === undefined || events.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= events.length) break
      if (child + 1 < events.length && before(events[child + 1] as Event, events[child] as Event)) child += 1
      if (!before(events[child] as Event, last)) break
      events[at] = events[child] as Event
      at = child
    }
    events[at] = last
  }
}

/**
 * Fake time. Every event of one instant runs, then all promises that hang on them settle, and only then does time go on: so
 * production code that awaits runs in one order for one seed.
 */
export class Scheduler {
  nowMs: SimMs = 0
  /** Events that ran. */
  events = 0
  readonly #heap = new EventHeap()
  #soon: (() => void)[] = []
  #order = 0

  /** Runs an event after a while; the returned function takes it back. */
  after(delayMs: number, run: () => void): () => void {
    const event: Event = { at: this.nowMs + Math.max(0, Math.round(delayMs)), order: this.#order, run }
    this.#order += 1
    this.#heap.push(event)
    return () => {
      event.run = undefined
    }
  }

  /** Runs an event in this instant, after those that are waiting for it. */
  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** Lets time pass until an instant, that one included, or until a condition holds at the end of an instant. */
  async runUntil(endMs: SimMs, done: () => boolean = () => false): Promise<void> {
    while (!done()) {
      if (this.#soon.length === 0) {
        const next = this.#heap.next
        if (next === undefined || next.at > endMs) {
          this.nowMs = Math.max(this.nowMs, endMs)
          return
        }
        this.nowMs = next.at
      }
      this.#runInstant()
      await settled()
    }
  }

  #runInstant(): void {
    for (let next = this.#heap.next; next !== undefined && next.at <= this.nowMs; next = this.#heap.next) {
      this.#heap.pop()
      if (next.run === undefined) continue
      this.events += 1
      next.run()
    }
    while (this.#soon.length > 0) {
      const soon = this.#soon
      this.#soon = []
      for (const run of soon) {
        this.events += 1
        run()
      }
    }
  }
}

/** Settles when every promise that can settle has: a turn of the event loop, 0.7 µs. */
const settled = (): Promise<void> => new Promise(setImmediate)
