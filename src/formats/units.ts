import { divideRounded, parseDecimal, type Rounding, tenTo } from './decimal.js'
import type { Problem } from './problem.js'
import { type Factor, PREFIXES, UNITS } from './unit-table.js'

export type { Problem } from './problem.js'

/**
 * Units in the notation of the Digital System of Units (D-SI, PTB): `\kilo\watt\hour`, `\metre\per\second\tothe{2}`. A unit is a list
 * of [prefix] unit [exponent]; `\per` stands once at most, and all that comes after it is in the denominator. An exponent is
 * an integer, a decimal fraction (`0.5`) or a fraction with an underscore (`1_2`).
 */

/** Characters of a unit at most. */
export const UNIT_LENGTH_MAX = 256
/** Units with their exponents that stand in one at most. */
export const UNIT_FACTORS_MAX = 16
/** Exponents are multiples of a twelfth, so that they stay integers: roots up to the fourth, and the sixth. */
export const EXPONENT_PARTS = 12
/** Largest exponent, either way. */
export const EXPONENT_MAX = 12

/** Exponents of the seven base units in twelfths. Units of the dimension one (`\one`, `\radian`, `\bit`) have none. */
export interface Dimension {
  readonly second: number
  readonly metre: number
  readonly kilogram: number
  readonly ampere: number
  readonly kelvin: number
  readonly mole: number
  readonly candela: number
}

export interface Unit {
  /**
   * The notation in one form: exponents as integers or fractions in lowest terms, none of 1; equal parts joined; what is negative
   * after `\per` where anything is positive; else in the order that was given.
   */
  readonly canonical: string
  /** For people: `kW h`, `m/s²`. */
  readonly symbol: string
  readonly dimension: Dimension
  /** Exact factor to the coherent SI unit of the dimension; absent for units that have none, such as `\degreecelsius`. */
  readonly factor?: Factor
}

interface Part {
  readonly prefix: string
  readonly name: string
  /** In twelfths; negative in the denominator. */
  readonly exponent: number
}

const TOKEN = /\\([A-Za-z]+)(?:\{([^{}\\]{1,16})\})?/y

/** Reads a unit; never throws. What the D-SI marks as no unit of its own with `|` is refused. */
export function parseUnit(text: string): Unit | Problem {
  if (text.length > UNIT_LENGTH_MAX) return { problem: `a unit has at most ${UNIT_LENGTH_MAX} characters` }
  if (text === '') return { problem: 'the unit is empty; a number without one has the unit \\one' }
  const tokens = tokensOf(text)
  if ('problem' in tokens) return tokens
  const parts = partsOf(tokens)
  if ('problem' in parts) return parts
  const together = joined(parts)
  if (together.some(({ exponent }) => Math.abs(exponent) > EXPONENT_MAX * EXPONENT_PARTS)) {
    return { problem: `exponents of one unit add up to more than ${EXPONENT_MAX}` }
  }
  const unit = describe(together)
  if (unit.canonical.length > UNIT_LENGTH_MAX) {
    return { problem: `the canonical form has more than ${UNIT_LENGTH_MAX} characters` }
  }
  return unit
}

interface Token {
  readonly word: string
  readonly argument: string | undefined
}

function tokensOf(text: string): readonly Token[] | Problem {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) return { problem: `character ${at + 1} of the unit is not the beginning of \\word` }
    tokens.push({ word: match[1] ?? '', argument: match[2] })
  }
  return tokens
}

function partsOf(tokens: readonly Token[]): readonly Part[] | Problem {
  const parts: Part[] = []
  let sign = 1
  let partsBeforePer = -1
  for (let at = 0; at < tokens.length; ) {
    if (tokens[at]?.word === 'per') {
      if (sign < 0) return { problem: '\\per may stand once; all that comes after it is in the denominator' }
      if (tokens[at]?.argument !== undefined) return { problem: '\\per takes no braces' }
      sign = -1
      partsBeforePer = parts.length
      at += 1
      continue
    }
    const read = partAt(tokens, at, sign)
    if ('problem' in read) return read
    parts.push(read.part)
    if (parts.length > UNIT_FACTORS_MAX) return { problem: `a unit has at most ${UNIT_FACTORS_MAX} parts` }
    at = read.next
  }
  if (partsBeforePer === 0) return { problem: 'nothing stands before \\per; write \\one\\per…, or a negative exponent' }
  if (partsBeforePer === parts.length) return { problem: 'nothing stands after \\per' }
  return parts
}

/** Reads [prefix] unit [\tothe{…}]. */
function partAt(
  tokens: readonly Token[],
  start: number,
  sign: number,
): { readonly part: Part; readonly next: number } | Problem {
  let at = start
  const prefix = PREFIXES.has(tokens[at]?.word ?? '') ? (tokens[at]?.word ?? '') : ''
  if (prefix !== '') {
    if (tokens[at]?.argument !== undefined) return { problem: `\\${prefix} takes no braces` }
    at += 1
  }
  const token = tokens[at]
  if (token === undefined) return { problem: `\\${prefix} is a prefix without a unit` }
  const wrong = wrongUnit(prefix, token)
  if (wrong !== undefined) return { problem: wrong }
  at += 1
  const power = tokens[at]
  if (power?.word !== 'tothe') return { part: { prefix, name: token.word, exponent: sign * EXPONENT_PARTS }, next: at }
  if (isAlone(token.word)) return { problem: `\\${token.word} has no exponent` }
  const exponent = exponentOf(power.argument ?? '')
  if (typeof exponent !== 'number') return exponent
  return { part: { prefix, name: token.word, exponent: sign * exponent }, next: at + 1 }
}

function wrongUnit(prefix: string, { word, argument }: Token): string | undefined {
  const definition = UNITS.get(word)
  if (definition === undefined) {
    if (word === 'tothe') return '\\tothe stands after a unit'
    return `\\${word} is no ${prefix === '' ? 'unit or prefix' : 'unit'} of the D-SI`
  }
  if (argument !== undefined) return `\\${word} takes no braces`
  if (prefix === '') return undefined
  const { kind, factor } = PREFIXES.get(prefix) ?? { kind: 'metric', factor: { tens: 0 } }
  const rule = definition.prefixes
  if (rule === 'none' || rule === 'alone') return `\\${word} has no prefix`
  if (definition.notWith === prefix) return `\\${prefix}\\${word} is written \\${prefix}${word}`
  if (kind === 'binary' && rule !== 'binary') return `\\${prefix} stands with \\bit and \\byte only`
  if (rule === 'binary' && factor.tens < 0) return `\\${word} has no prefix below one`
  return undefined
}

/** @returns twelfths */
function exponentOf(text: string): number | Problem {
  const problem = {
    problem: `an exponent is a number up to ${EXPONENT_MAX} such as 2, -1 or 1_2, and a multiple of a twelfth`,
  }
  const match = /^(-?\d{1,2}(?:\.\d{1,3})?)(?:_(\d{1,2}))?$/.exec(text)
  const value = parseDecimal(match?.[1] ?? '')
  if (match === null || value === undefined || (match[2] !== undefined && value.places > 0)) return problem
  const denominator = BigInt(match[2] ?? '1') * tenTo(value.places)
  const parts = value.unscaled * BigInt(EXPONENT_PARTS)
  if (denominator === 0n || parts % denominator !== 0n) return problem
  const exponent = Number(parts / denominator)
  if (exponent === 0 || Math.abs(exponent) > EXPONENT_MAX * EXPONENT_PARTS) return problem
  return exponent
}

/** Equal parts become one, where the first of them stood; those that cancel, and `\one`, go. */
function joined(parts: readonly Part[]): readonly Part[] {
  const exponents = new Map<string, Part>()
  for (const part of parts) {
    if (part.name === 'one') continue
    const key = `${part.prefix}\\${part.name}`
    const exponent = (exponents.get(key)?.exponent ?? 0) + part.exponent
    exponents.set(key, { ...part, exponent })
  }
  return [...exponents.values()].filter(({ exponent }) => exponent !== 0)
}

function describe(parts: readonly Part[]): Unit {
  const above = parts.filter(({ exponent }) => exponent > 0)
  const below = parts.filter(({ exponent }) => exponent < 0)
  const factor = factorOf(parts)
  return {
    canonical: canonicalOf(above, below),
    symbol: symbolOf(above, below),
    dimension: dimensionOf(parts),
    ...(factor === undefined ? {} : { factor }),
  }
}

function canonicalOf(above: readonly Part[], below: readonly Part[]): string {
  const write = ({ prefix, name, exponent }: Part, turned: number): string => {
    const power = exponent * turned
    const word = prefix === '' ? `\\${name}` : `\\${prefix}\\${name}`
    // a unit that takes no exponent is repeated instead
    if (isAlone(name)) return word.repeat(power / EXPONENT_PARTS)
    return power === EXPONENT_PARTS ? word : `${word}\\tothe{${fraction(power, '_')}}`
  }
  if (above.length === 0 && below.length === 0) return '\\one'
  if (isPower(above, below)) return below.map((part) => write(part, 1)).join('')
  const numerator = above.length === 0 ? '\\one' : above.map((part) => write(part, 1)).join('')
  return below.length === 0 ? numerator : `${numerator}\\per${below.map((part) => write(part, -1)).join('')}`
}

const isAlone = (name: string): boolean => UNITS.get(name)?.prefixes === 'alone'

/** Negative exponents alone, as in s⁻¹; of a unit without exponents they need \\per. */
function isPower(above: readonly Part[], below: readonly Part[]): boolean {
  return above.length === 0 && below.length > 0 && !below.some(({ name }) => isAlone(name))
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
  '-': '⁻',
  '/': 'ᐟ',
}

function symbolOf(above: readonly Part[], below: readonly Part[]): string {
  const write = ({ prefix, name, exponent }: Part, turned: number): string => {
    const power = exponent * turned
    const symbol = `${PREFIXES.get(prefix)?.symbol ?? ''}${UNITS.get(name)?.symbol ?? name}`
    if (power === EXPONENT_PARTS) return symbol
    return symbol + [...fraction(power, '/')].map((character) => SUPERSCRIPTS[character] ?? character).join('')
  }
  if (isPower(above, below)) return below.map((part) => write(part, 1)).join(' ')
  const numerator = above.length === 0 ? '1' : above.map((part) => write(part, 1)).join(' ')
  const denominator = below.map((part) => write(part, -1)).join(' ')
  if (below.length === 0) return numerator
  return `${numerator}/${below.length === 1 ? denominator : `(${denominator})`}`
}

/** Twelfths in lowest terms: `2`, `-1`, `1_2`. */
function fraction(parts: number, bar: string): string {
  let divisor = EXPONENT_PARTS
  while (parts % divisor !== 0 || EXPONENT_PARTS % divisor !== 0) divisor -= 1
  const denominator = EXPONENT_PARTS / divisor
  return denominator === 1 ? `${parts / divisor}` : `${parts / divisor}${bar}${denominator}`
}

function dimensionOf(parts: readonly Part[]): Dimension {
  const sums = [0, 0, 0, 0, 0, 0, 0]
  for (const { name, exponent } of parts) {
    const dimension = UNITS.get(name)?.dimension ?? []
    for (const [i, power] of dimension.entries()) sums[i] = (sums[i] ?? 0) + power * exponent
  }
  const [second = 0, metre = 0, kilogram = 0, ampere = 0, kelvin = 0, mole = 0, candela = 0] = sums
  return { second, metre, kilogram, ampere, kelvin, mole, candela }
}

function factorOf(parts: readonly Part[]): Factor | undefined {
  let numerator = 1n
  let denominator = 1n
  let tens = 0
  for (const { prefix, name, exponent } of parts) {
    const own = UNITS.get(name)?.factor
    if (own === undefined) return undefined
    const before = PREFIXES.get(prefix)?.factor
    const [n, d, t] = [
      own.numerator * (before?.numerator ?? 1n),
      own.denominator * (before?.denominator ?? 1n),
      own.tens + (before?.tens ?? 0),
    ]
    if (n === 1n && d === 1n && t === 0) continue
    // the root of a factor is exact only by chance; a root of a prefixed unit is not converted
    if (exponent % EXPONENT_PARTS !== 0) return undefined
    const power = exponent / EXPONENT_PARTS
    const times = BigInt(Math.abs(power))
    numerator *= (power > 0 ? n : d) ** times
    denominator *= (power > 0 ? d : n) ** times
    tens += t * power
  }
  return { numerator, denominator, tens }
}

/** Whether two units are of one dimension. Says nothing of the kind of quantity: torque and energy share theirs. */
export function sameDimension(a: Unit, b: Unit): boolean {
  const [x, y] = [Object.values(a.dimension), Object.values(b.dimension)]
  return x.every((exponent, i) => exponent === y[i])
}

/**
 * A value in another unit of the same dimension.
 * @param value decimal number
 * @param places digits after the point of the result
 * @returns `undefined` where the value is no number, the dimensions differ or a factor is not exact
 */
export function convertUnit(
  value: string,
  from: Unit,
  to: Unit,
  places: number,
  rounding: Rounding,
): { readonly unscaled: bigint; readonly places: number } | undefined {
  const number = parseDecimal(value)
  const [a, b] = [from.factor, to.factor]
  if (number === undefined || a === undefined || b === undefined || !sameDimension(from, to)) return undefined
  const tens = a.tens - b.tens + places - number.places
  const numerator = number.unscaled * a.numerator * b.denominator * (tens > 0 ? tenTo(tens) : 1n)
  const denominator = a.denominator * b.numerator * (tens < 0 ? tenTo(-tens) : 1n)
  return { unscaled: divideRounded(numerator, denominator, rounding), places }
}
