import { compareDecimals, type Decimal, decimalOf, parseDecimal } from './decimal.js'
import { type Problem, parseUnit, type Unit } from './units.js'

/**
 * A real quantity of the D-SI with its expanded measurement uncertainty: the value lies within ± uncertainty with the coverage
 * probability that is stated, and uncertainty = coverage factor × standard uncertainty (GUM, JCGM 100, clause 6).
 */
export interface QuantityText {
  /** Decimal number; trailing zeros are kept. */
  readonly value: string
  /** D-SI notation. */
  readonly unit: string
  /** Expanded uncertainty in the same unit. */
  readonly uncertainty?: string | undefined
  /** k. */
  readonly coverageFactor?: string | undefined
  /** Between 0 and 1, such as `0.95`. */
  readonly coverageProbability?: string | undefined
  /** Such as `normal` or `uniform`. */
  readonly distribution?: string | undefined
}

export interface Quantity {
  /** As it was given, but the unit in its canonical form. */
  readonly text: QuantityText
  readonly value: Decimal
  readonly unit: Unit
  readonly expanded?: {
    readonly uncertainty: Decimal
    readonly coverageFactor: Decimal
    readonly coverageProbability: Decimal
  }
}

/** Characters of the name of a distribution. */
export const DISTRIBUTION_LENGTH_MAX = 32

const ZERO = decimalOf(0)
const ONE = decimalOf(1)
const DISTRIBUTION = /^[A-Za-z][A-Za-z0-9 -]*$/

/** Reads a quantity; never throws. Uncertainty, coverage factor and coverage probability stand together or not at all. */
export function parseQuantity(text: QuantityText): Quantity | Problem {
  const value = parseDecimal(text.value)
  if (value === undefined) return { problem: 'the value is not a decimal number' }
  const unit = parseUnit(text.unit)
  if ('problem' in unit) return unit
  const { uncertainty, coverageFactor, coverageProbability, distribution } = text
  const given = [uncertainty, coverageFactor, coverageProbability].filter((it) => it !== undefined).length
  if (given !== 0 && given !== 3) {
    return { problem: 'uncertainty, coverageFactor and coverageProbability stand together' }
  }
  const own = { value: text.value, unit: unit.canonical }
  if (uncertainty === undefined || coverageFactor === undefined || coverageProbability === undefined) {
    if (distribution !== undefined) return { problem: 'a distribution belongs to an uncertainty' }
    return { text: own, value, unit }
  }
  const expanded = readExpanded(uncertainty, coverageFactor, coverageProbability)
  if ('problem' in expanded) return expanded
  if (distribution !== undefined && !isDistribution(distribution)) {
    return { problem: `a distribution is named with at most ${DISTRIBUTION_LENGTH_MAX} letters` }
  }
  const named = distribution === undefined ? {} : { distribution }
  return { text: { ...own, uncertainty, coverageFactor, coverageProbability, ...named }, value, unit, expanded }
}

function isDistribution(name: string): boolean {
  return name.length <= DISTRIBUTION_LENGTH_MAX && DISTRIBUTION.test(name)
}

function readExpanded(u: string, k: string, p: string): NonNullable<Quantity['expanded']> | Problem {
  const uncertainty = parseDecimal(u)
  if (uncertainty === undefined || compareDecimals(uncertainty, ZERO) < 0) {
    return { problem: 'the uncertainty is not a decimal number of at least 0' }
  }
  const coverageFactor = parseDecimal(k)
  if (coverageFactor === undefined || compareDecimals(coverageFactor, ONE) < 0) {
    return { problem: 'the coverage factor is not a decimal number of at least 1' }
  }
  const coverageProbability = parseDecimal(p)
  const within =
    coverageProbability !== undefined &&
    compareDecimals(coverageProbability, ZERO) >= 0 &&
    compareDecimals(coverageProbability, ONE) <= 0
  if (!within) return { problem: 'the coverage probability is not a decimal number from 0 to 1' }
  return { uncertainty, coverageFactor, coverageProbability }
}
