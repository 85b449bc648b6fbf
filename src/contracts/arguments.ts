import { fromUtf8 } from '../base/bytes.js'
import { LIMITS } from '../types/index.js'
import { numberProblem } from './canonical.js'
import { shown } from './schema.js'

/**
 * From the bytes of a transaction to a JSON value that every replica reads alike: well-formed UTF-8, bounded size and depth,
 * integers only, no key twice, no lone surrogates. The value is frozen: handlers share it with nobody's later run.
 */

export const ARGS_DEPTH_MAX = 8

export type Parsed = { readonly value: unknown } | { readonly problem: string }

const QUOTE = 0x22
const BACKSLASH = 0x5c

export function parseArguments(bytes: Uint8Array): Parsed {
  if (bytes.length > LIMITS.argsBytesMax)
    return { problem: `the arguments have more than ${LIMITS.argsBytesMax} bytes` }
  const text = fromUtf8(bytes)
  if (text === undefined) return { problem: 'the arguments are not well-formed UTF-8' }
  const members = countMembers(text)
  if (members === undefined) return { problem: `the arguments are nested deeper than ${ARGS_DEPTH_MAX} levels` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'the arguments are not JSON' }
  }
  const walk = new Walk(true)
  const problem = walk.visit(value, 0)
  if (problem !== undefined) return { problem: `the arguments ${problem}` }
  return walk.members === members ? { value } : { problem: 'the arguments have a key twice' }
}

/** As `parseArguments`, for a value that was parsed by someone else (queries); it is not frozen. */
export function checkArguments(value: unknown): Parsed {
  const problem = new Walk(false).visit(value, 0)
  return problem === undefined ? { value } : { problem: `the arguments ${problem}` }
}

/** Number of colons outside of texts: the members that were written. `undefined` when nested too deep. */
function countMembers(text: string): number | undefined {
  let depth = 0
  let members = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfText(text, i + 1)
        break
      case 0x3a: // :
        members += 1
        break
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        if (depth > ARGS_DEPTH_MAX) return undefined
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        break
    }
  }
  return members
}

/** Position of the quote that closes a text begun before `from`, or the end when there is none (then it is not JSON). */
function endOfText(text: string, from: number): number {
  let quote = text.indexOf('"', from)
  while (quote !== -1) {
    let start = quote
    while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start -= 1
    if ((quote - start) % 2 === 0) return quote
    quote = text.indexOf('"', quote + 1)
  }
  return text.length
}

class Walk {
  readonly #freeze: boolean
  members = 0

  constructor(freeze: boolean) {
    this.#freeze = freeze
  }

  visit(value: unknown, depth: number): string | undefined {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? undefined : 'have a text with half of a surrogate pair'
      case 'number': {
        const problem = numberProblem(value)
        return problem === undefined ? undefined : `have a number that ${problem}`
      }
      case 'boolean':
        return undefined
      case 'object':
        if (value === null) return undefined
        if (depth >= ARGS_DEPTH_MAX) return `are nested deeper than ${ARGS_DEPTH_MAX} levels`
        return Array.isArray(value) ? this.#visitList(value, depth + 1) : this.#visitObject(value, depth + 1)
      default:
        return 'have a value that JSON does not have'
    }
  }

  #visitList(list: readonly unknown[], depth: number): string | undefined {
    for (let i = 0; i < list.length; i++) {
      const problem = this.visit(list[i], depth)
      if (problem !== undefined) return problem
    }
    if (this.#freeze) Object.freeze(list)
    return undefined
  }

  #visitObject(object: object, depth: number): string | undefined {
    const keys = Object.keys(object)
    this.members += keys.length
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      if (key in Object.prototype) return `have the key ${shown(key)}`
      const problem = this.visit((object as Record<string, unknown>)[key], depth)
      if (problem !== undefined) return problem
    }
    if (this.#freeze) Object.freeze(object)
    return undefined
  }
}
