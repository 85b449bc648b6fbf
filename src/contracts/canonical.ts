import { utf8 } from '../base/bytes.js'
import type { Json } from './contract.js'

/**
 * The one encoding of a JSON value: no white space, keys in ascending order of their UTF-16 code units (RFC 8785), and of
 * numbers only safe integers, so that no two replicas can write one value in two ways.
 */

/** Levels of nesting at most. */
export const JSON_DEPTH_MAX = 32

/** A value that has no canonical encoding. In a contract's result this is a bug of the contract. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical'
}

/** @throws NotCanonical for floats, NaN, -0, unsafe integers, undefined, functions, class instances and lone surrogates */
export function encodeCanonical(value: Json): string {
  return encode(value, 0)
}

/** UTF-8 bytes of the canonical encoding. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8(encode(value, 0))
}

/** What is wrong with a number, for people; `undefined` when it is a safe integer other than -0. */
export function numberProblem(value: number): string | undefined {
  if (!Number.isInteger(value)) return 'is not an integer'
  if (!Number.isSafeInteger(value)) return 'is an integer beyond 2^53 - 1'
  return Object.is(value, -0) ? 'is minus zero' : undefined
}

function encode(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return encodeText(value)
    case 'number': {
      const problem = numberProblem(value)
      if (problem !== undefined) throw new NotCanonical(`a number ${problem}`)
      return String(value)
    }
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= JSON_DEPTH_MAX) throw new NotCanonical(`more than ${JSON_DEPTH_MAX} levels`)
      return Array.isArray(value) ? encodeList(value, depth + 1) : encodeObject(value, depth + 1)
    default:
      throw new NotCanonical(`a value of the type ${typeof value}`)
  }
}

/** ASCII that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

function encodeText(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new NotCanonical('a text with half of a surrogate pair')
  return JSON.stringify(text)
}

function encodeList(list: readonly unknown[], depth: number): string {
  let out = '['
  for (let i = 0; i < list.length; i++) out += (i === 0 ? '' : ',') + encode(list[i], depth)
  return `${out}]`
}

function encodeObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('an object that is not plain')
  const keys = sorted(Object.keys(object))
  let out = '{'
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (key === '__proto__') throw new NotCanonical('a key __proto__')
    out += `${i === 0 ? '' : ','}${encodeText(key)}:${encode((object as Record<string, unknown>)[key], depth)}`
  }
  return `${out}}`
}

/** Most objects are written in order already; looking is cheaper than sorting. */
function sorted(keys: string[]): readonly string[] {
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort()
  return keys
}

/** Ascending order of the UTF-8 bytes of two texts, without encoding them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Puts surrogates, which stand for code points above U+FFFF, after all other code units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
