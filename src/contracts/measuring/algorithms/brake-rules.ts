import { type Decimal, decimalOf, divideRounded } from '../../../formats/decimal.js'
import type { BrakeInputs, BrakeParameters } from '../schemas.js'
import type { Check, NamedQuantity } from './algorithm.js'
import { relativeUncertainty, withUncertainty } from './uncertain.js'

/** Standard acceleration of free fall, 9.80665 m/s², in 10^-5 m/s² (3rd CGPM, 1901). */
const FREE_FALL = 980_665n
const FREE_FALL_PLACES = 100_000n

export interface BrakeSums {
  readonly weight: bigint
  readonly force: bigint
  readonly parking: bigint
}

/** In newtons. */
export function sumsOf({ axles, parking }: BrakeInputs): BrakeSums {
  const sum = (of: (axle: BrakeInputs['axles'][number]) => number): bigint =>
    axles.reduce((total, axle) => total + BigInt(of(axle)), 0n)
  return {
    weight: sum(({ weightNewton }) => weightNewton),
    force: sum(({ leftForceNewton, rightForceNewton }) => leftForceNewton + rightForceNewton),
    parking: BigInt(parking.leftForceNewton + parking.rightForceNewton),
  }
}

/** Mass from the weight, rounded half to even to 0.001 kg. */
export function massOf({ weight }: BrakeSums, { weightUncertaintyPpm }: BrakeParameters): NamedQuantity {
  const mass = divideRounded(weight * FREE_FALL_PLACES * 1_000n, FREE_FALL, 'half-even')
  const uncertainty = relativeUncertainty(mass, [weightUncertaintyPpm])
  return withUncertainty('mass', '\\kilogram', decimalOf(mass, 3), decimalOf(uncertainty, 3))
}

/** Compared exactly, before any rounding. */
export function isHeavy({ weight }: BrakeSums, { heavyAboveKilogram }: BrakeParameters): boolean {
  return weight * FREE_FALL_PLACES > BigInt(heavyAboveKilogram) * FREE_FALL
}

/** A ratio in percent, rounded half to even to 0.01 %. @param b not zero */
export function percent(a: bigint, b: bigint): Decimal {
  return decimalOf(divideRounded(a * 10_000n, b, 'half-even'), 2)
}

/** @param ppm relative standard uncertainties of what the ratio is made of */
export function ratioQuantity(name: string, ratio: Decimal, ppm: readonly number[]): NamedQuantity {
  const uncertainty = decimalOf(relativeUncertainty(ratio.unscaled, ppm), 2)
  return withUncertainty(name, '\\percent', ratio, uncertainty)
}

/**
 * Imbalance of each axle: |left - right| as a part of the larger. An axle without any force has an imbalance of 100 %: that it is
 * balanced was not shown. The rule is checked exactly, not on the rounded figure.
 */
export function imbalances(
  { axles }: BrakeInputs,
  { imbalancePercentMax, forceUncertaintyPpm }: BrakeParameters,
): { readonly values: readonly NamedQuantity[]; readonly checks: readonly Check[] } {
  const parts = axles.map(({ leftForceNewton, rightForceNewton }) => {
    const larger = Math.max(leftForceNewton, rightForceNewton)
    return larger === 0
      ? { difference: 1n, larger: 1n }
      : { difference: BigInt(Math.abs(leftForceNewton - rightForceNewton)), larger: BigInt(larger) }
  })
  return {
    values: parts.map(({ difference, larger }, i) =>
      ratioQuantity(`axle-${i + 1}-imbalance`, percent(difference, larger), [forceUncertaintyPpm, forceUncertaintyPpm]),
    ),
    checks: parts.map(({ difference, larger }, i) => ({
      rule: `axle-${i + 1}-imbalance`,
      demand: `at most ${imbalancePercentMax} %`,
      holds: difference * 100n <= BigInt(imbalancePercentMax) * larger,
    })),
  }
}

/** a / b of at least so many percent, exactly. */
export function atLeast(rule: string, a: bigint, b: bigint, percentMin: number): Check {
  return { rule, demand: `at least ${percentMin} %`, holds: a * 100n >= BigInt(percentMin) * b }
}

export function brakeInputsProblem({ axles }: BrakeInputs): string | undefined {
  return axles.every(({ weightNewton }) => weightNewton === 0) ? 'the vehicle has no weight' : undefined
}
