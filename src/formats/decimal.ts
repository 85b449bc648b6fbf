/**
 * Exact decimal numbers: an integer and a power of ten. Measured values travel as texts, since `0.50` states a resolution that
 * `0.5` does not; a text is kept as it was given, and arithmetic never goes through floating point.
 */
export interface Decimal {
  readonly unscaled: bigint
  /** The value is unscaled × 10^-places; never negative. */
  readonly places: number
}

/** Characters of a decimal number at most. */
export const DECIMAL_LENGTH_MAX = 64
/** Power of ten that may follow `e`, either way. */
export const DECIMAL_EXPONENT_MAX = 60

/**
 * `half-even` (ISO 80000-1, annex B, rule A) for measured values; `half-up` (a half away from zero) for money; `up` (away from
 * zero) for uncertainties, which are never made smaller; `down` cuts.
 */
export type Rounding = 'half-even' | 'half-up' | 'up' | 'down'

const FORM = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?$/

/** Reads `-12.50`, `3e-4`, `+7`; `undefined` for anything else, `.5`, `5.` and a decimal comma included. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > DECIMAL_LENGTH_MAX) return undefined
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  const exponent = Number(power)
  if (Math.abs(exponent) > DECIMAL_EXPONENT_MAX) return undefined
  const digits = BigInt(whole + fraction)
  const unscaled = sign === '-' ? -digits : digits
  const places = fraction.length - exponent
  return places >= 0 ? { unscaled, places } : { unscaled: unscaled * tenTo(-places), places: 0 }
}

/** A whole number as a decimal; with `places`, that many of its last digits stand after the point. */
export function decimalOf(unscaled: bigint | number, places = 0): Decimal {
  return { unscaled: BigInt(unscaled), places }
}

/** The digits with as many after the point as the number has places: trailing zeros stay. */
export function formatDecimal({ unscaled, places }: Decimal): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(places + 1, '0')
  if (places === 0) return sign + digits
  const point = digits.length - places
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** Negative, zero or positive, as a is less than, equal to or greater than b; `0.50` equals `0.5`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [x, y] = aligned(a, b)
  if (x === y) return 0
  return x < y ? -1 : 1
}

/** The sum, with the places of the longer of the two. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const [x, y] = aligned(a, b)
  return { unscaled: x + y, places: Math.max(a.places, b.places) }
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, { unscaled: -b.unscaled, places: b.places })
}

/** The exact product, with the places of both. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { unscaled: a.unscaled * b.unscaled, places: a.places + b.places }
}

/**
 * The quotient, rounded once, to a number of places.
 * @param b not zero
 */
export function divideDecimals(a: Decimal, b: Decimal, places: number, rounding: Rounding): Decimal {
  const numerator = a.unscaled * tenTo(b.places + places)
  return { unscaled: divideRounded(numerator, b.unscaled * tenTo(a.places), rounding), places }
}

/** The number with a fixed count of places: rounded, or with zeros added. */
export function roundDecimal(a: Decimal, places: number, rounding: Rounding): Decimal {
  return divideDecimals(a, { unscaled: 1n, places: 0 }, places, rounding)
}

/**
 * Integer quotient with the rounding that is named.
 * @param denominator not zero
 */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const negative = numerator < 0n !== denominator < 0n
  const n = numerator < 0n ? -numerator : numerator
  const d = denominator < 0n ? -denominator : denominator
  const quotient = n / d
  const rest = n % d
  const rounded = rest !== 0n && goesUp(rounding, quotient, rest * 2n - d) ? quotient + 1n : quotient
  return negative ? -rounded : rounded
}

/** @param overHalf sign of what the rest has more than a half */
function goesUp(rounding: Rounding, quotient: bigint, overHalf: bigint): boolean {
  switch (rounding) {
    case 'up':
      return true
    case 'down':
      return false
    case 'half-up':
      return overHalf >= 0n
    case 'half-even':
      return overHalf > 0n || (overHalf === 0n && quotient % 2n === 1n)
  }
}

/** Largest integer whose square is at most n (Newton's method from above). @param n not negative */
export function integerRoot(n: bigint): bigint {
  if (n < 2n) return n
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

export const tenTo = (power: number): bigint => 10n ** BigInt(power)

function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint] {
  const places = Math.max(a.places, b.places)
  return [a.unscaled * tenTo(places - a.places), b.unscaled * tenTo(places - b.places)]
}
