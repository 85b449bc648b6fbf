import { type Decimal, divideRounded, formatDecimal, integerRoot } from '../../../formats/decimal.js'
import type { NamedQuantity } from './algorithm.js'

/** Expanded uncertainties of the shipped algorithms: coverage factor 2, which is 95 % of a normal distribution (GUM, JCGM 100, annex G). */
export const COVERAGE_K = 2n
const COVERAGE = { coverageFactor: '2', coverageProbability: '0.95', distribution: 'normal' } as const

export function withUncertainty(name: string, unit: string, value: Decimal, uncertainty: Decimal): NamedQuantity {
  return { name, value: formatDecimal(value), unit, uncertainty: formatDecimal(uncertainty), ...COVERAGE }
}

/** Square root of a quotient, rounded up: an uncertainty is never made smaller. */
export function rootUp(numerator: bigint, denominator: bigint): bigint {
  const square = divideRounded(numerator, denominator, 'up')
  const root = integerRoot(square)
  return root * root === square ? root : root + 1n
}

/**
 * Expanded uncertainty of a product or quotient from relative standard uncertainties in ppm, independent of each other.
 * @param value the unscaled value; the uncertainty has its places
 */
export function relativeUncertainty(value: bigint, ppm: readonly number[]): bigint {
  const squares = ppm.reduce((sum, part) => sum + BigInt(part) ** 2n, 0n)
  return rootUp((COVERAGE_K * value) ** 2n * squares, 10n ** 12n)
}
