import type { SimMs } from './scheduler.js'

/** What an event was, for people; made only when somebody reads it. */
export type Describe = () => string

interface Line {
  readonly at: SimMs
  readonly replica: number
  readonly kind: string
  readonly describe: Describe | undefined
}

/** Events that a transcript keeps: the last ones, and the last notable ones. */
const LINES_MAX = 600
const NOTABLE_LINES_MAX = 4_000

const PRIME = 0x01000193

/** A digest of bytes, to tell histories apart (FNV-1a). Not for security. */
export function digestOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), PRIME)
  return hash >>> 0
}

export function digestOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
  return hash >>> 0
}

/** Keeps what is pushed last. */
class Ring<T> {
  readonly #items: T[] = []
  readonly #max: number
  #next = 0

  constructor(max: number) {
    this.#max = max
  }

  push(item: T): void {
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#max
  }

  list(): readonly T[] {
    return this.#items.length < this.#max
      ? [...this.#items]
      : [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)]
  }
}

/**
 * The history of a run: a rolling hash over every event, so that two runs of one seed can be compared, and the last events
 * for people.
 */
export class Trace {
  #a = 0x6a09e667
  #b = 0xbb67ae85
  readonly #lines = new Ring<Line>(LINES_MAX)
  readonly #notable = new Ring<Line>(NOTABLE_LINES_MAX)

  /** Takes an event into the hash and the transcript. */
  note(at: SimMs, replica: number, kind: string, digest: number, describe?: Describe): void {
    this.#mix(at)
    this.#mix(replica)
    this.#mix(digestOfText(kind))
    this.#mix(digest)
    this.#lines.push({ at, replica, kind, describe })
  }

  /** An event that the short transcript shows too: a fault, a crash, a final block. */
  notable(at: SimMs, replica: number, kind: string, text: string): void {
    this.note(at, replica, kind, digestOfText(text), () => text)
    this.#notable.push({ at, replica, kind, describe: () => text })
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x9e3779b1)
    this.#b = Math.imul(this.#b ^ this.#a ^ (word >>> 7), 0x85ebca77)
    this.#a ^= this.#b >>> 13
  }

  /** 64 bits, hexadecimal. */
  get hash(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The last events, messages included. */
  tail(): readonly string[] {
    return this.#lines.list().map(lineText)
  }

  notables(): readonly string[] {
    return this.#notable.list().map(lineText)
  }
}

function lineText({ at, replica, kind, describe }: Line): string {
  const who = replica < 0 ? 'world' : `r${replica}`
  return `${(at / 1_000).toFixed(3).padStart(9)} ${who.padEnd(5)} ${kind.padEnd(9)} ${describe?.() ?? ''}`.trimEnd()
}
