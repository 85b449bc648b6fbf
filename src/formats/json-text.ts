import type { Problem } from './problem.js'

/**
 * A strict reader of JSON (RFC 8259) for signed documents. It differs from JSON.parse where a signature makes a difference: a number keeps
 * its text, since 2935.60 says more than 2935.6; and a name that occurs twice in an object is refused, since two readers
 * could take another of the two. Its depth is bounded; the caller bounds the length.
 */

export type JsonText = null | boolean | string | JsonNumber | readonly JsonText[] | JsonObject

/** A number as it was written. */
export interface JsonNumber {
  readonly number: string
}

/** Members of an object. */
export type JsonObject = ReadonlyMap<string, JsonText>

export const JSON_TEXT_DEPTH_MAX = 8

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** To the closing quote; what stands within is JSON.parse's to judge. */
const STRING = /"(?:[^"\\]|\\.)*"/y
const BLANK = /[ \t\r\n]*/y

class Unreadable {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

export function parseJsonText(text: string): { readonly value: JsonText } | Problem {
  const reader = new Reader(text)
  try {
    return { value: reader.document() }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.problem }
    throw error
  }
}

export const isJsonObject = (value: JsonText | undefined): value is JsonObject => value instanceof Map
export const isJsonNumber = (value: JsonText | undefined): value is JsonNumber =>
  typeof value === 'object' && value !== null && 'number' in value

function stringOf(text: string): string | undefined {
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonText {
    const value = this.#value(0)
    if (this.#at !== this.#text.length) throw new Unreadable(`text after the end, at character ${this.#at}`)
    return value
  }

  /** With the blanks on both sides. */
  #value(depth: number): JsonText {
    if (depth > JSON_TEXT_DEPTH_MAX) throw new Unreadable(`more than ${JSON_TEXT_DEPTH_MAX} levels`)
    this.#match(BLANK)
    const value = this.#bare(depth)
    this.#match(BLANK)
    return value
  }

  #bare(depth: number): JsonText {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#list(depth)
      case '"':
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #scalar(): JsonText {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#take(word)) return value
    }
    const number = this.#match(NUMBER)
    if (number === undefined) throw this.#unexpected()
    return { number }
  }

  #string(): string {
    const start = this.#at
    const text = this.#match(STRING)
    const value = text === undefined ? undefined : stringOf(text)
    if (value === undefined) {
      this.#at = start
      throw this.#unexpected()
    }
    if (!value.isWellFormed()) throw new Unreadable('a text with half of a surrogate pair')
    return value
  }

  #list(depth: number): readonly JsonText[] {
    this.#expect('[')
    const list: JsonText[] = []
    this.#match(BLANK)
    if (this.#take(']')) return list
    do list.push(this.#value(depth + 1))
    while (this.#take(','))
    this.#expect(']')
    return list
  }

  #object(depth: number): JsonObject {
    this.#expect('{')
    const members = new Map<string, JsonText>()
    this.#match(BLANK)
    if (this.#take('}')) return members
    do {
      this.#match(BLANK)
      const name = this.#string()
      this.#match(BLANK)
      this.#expect(':')
      if (members.has(name)) throw new Unreadable(`the name ${name.slice(0, 32)} occurs twice in an object`)
      members.set(name, this.#value(depth + 1))
    } while (this.#take(','))
    this.#expect('}')
    return members
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw this.#unexpected()
  }

  #unexpected(): Unreadable {
    const end = this.#at >= this.#text.length
    return new Unreadable(end ? 'it ends too early' : `not JSON at character ${this.#at}`)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }
}
