import type { Noise } from './fit.js'
import { mulDiv, squareRoot } from './integers.js'
import { UNIT } from './linear.js'
import { at, type ByVehicle, type Readings } from './readings.js'

export interface WeightRules {
  /** Readings of one vehicle at one dispenser that count in full. */
  readonly votesPerVehicle: number
  /** Largest share of one enrolling organization in what is known of a dispenser, ppm. */
  readonly organizationSharePpm: number
}

/** Huber's constant for readings, in thousandths of their standard deviation. */
const READING_CUT_MILLI = 2_000
/** The same for the mean of an organization's vehicles at a dispenser. */
const ORGANIZATION_CUT_MILLI = 2_000

interface Estimate {
  readonly effectsPpm: readonly number[]
  readonly vehiclesPpm: readonly number[]
}

/** Weight of each reading, at most UNIT, as the product of the caps and of Huber's weights under the estimate. */
export function readingWeights(
  readings: Readings,
  groups: ByVehicle,
  rules: WeightRules,
  noise: Noise,
  estimate?: Estimate,
): number[] {
  const weights = voteCaps(readings, groups, rules.votesPerVehicle)
  if (estimate !== undefined) cutReadings(readings, weights, noise, estimate)
  weighOrganizations(readings, weights, rules, noise, estimate)
  return weights
}

/** Many readings of one vehicle at one dispenser share the votes of a few. */
function voteCaps({ vehicles, dispenser }: Readings, { start, order }: ByVehicle, votes: number): number[] {
  const weights = new Array<number>(dispenser.length).fill(UNIT)
  for (let v = 0; v < vehicles; v++) {
    if (at(start, v + 1) - at(start, v) <= votes) continue
    const own = order.slice(at(start, v), at(start, v + 1))
    const counts = new Map<number, number>()
    for (const reading of own) counts.set(at(dispenser, reading), (counts.get(at(dispenser, reading)) ?? 0) + 1)
    for (const reading of own) {
      const count = counts.get(at(dispenser, reading)) ?? 1
      if (count > votes) weights[reading] = Math.trunc((UNIT * votes) / count)
    }
  }
  return weights
}

function residual(readings: Readings, { effectsPpm, vehiclesPpm }: Estimate, reading: number): number {
  const effect = at(effectsPpm, at(readings.dispenser, reading))
  return at(readings.logRatioPpm, reading) - effect - at(vehiclesPpm, at(readings.vehicle, reading))
}

function cutReadings(readings: Readings, weights: number[], { readingPpm }: Noise, estimate: Estimate): void {
  const cut = Math.trunc((readingPpm * READING_CUT_MILLI) / 1_000)
  for (let reading = 0; reading < weights.length; reading++) {
    const size = Math.abs(residual(readings, estimate, reading))
    if (size > cut) weights[reading] = Math.max(1, Math.trunc((at(weights, reading) * cut) / size))
  }
}

/**
 * Organizations whose vehicles agree with each other and not with the rest are cut as single readings are, and none has
 * more than its share: the vehicles that one organization invents can neither clear a dispenser nor accuse it.
 */
function weighOrganizations(
  readings: Readings,
  weights: number[],
  rules: WeightRules,
  noise: Noise,
  estimate: Estimate | undefined,
): void {
  const sums = organizationSums(readings, weights, estimate)
  const factors = sums.map((rows) => organizationFactors(rows, rules, noise))
  for (let reading = 0; reading < weights.length; reading++) {
    const share = at(factors[at(readings.dispenser, reading)] as readonly number[], at(readings.organization, reading))
    if (share < UNIT) weights[reading] = Math.max(1, Math.trunc((at(weights, reading) * share) / UNIT))
  }
}

interface OrganizationSum {
  weight: number
  /** Weighted sum of the residuals, UNIT ppm. */
  rest: number
}

function organizationSums(
  readings: Readings,
  weights: readonly number[],
  estimate: Estimate | undefined,
): OrganizationSum[][] {
  const sums = Array.from({ length: readings.dispensers }, () =>
    Array.from({ length: readings.organizations }, () => ({ weight: 0, rest: 0 })),
  )
  for (let reading = 0; reading < weights.length; reading++) {
    const sum = sums[at(readings.dispenser, reading)]?.[at(readings.organization, reading)] as OrganizationSum
    const weight = at(weights, reading)
    sum.weight += weight
    if (estimate !== undefined) sum.rest += weight * residual(readings, estimate, reading)
  }
  return sums
}

/** Factor of each organization at one dispenser, UNIT for full weight. */
function organizationFactors(sums: readonly OrganizationSum[], rules: WeightRules, { readingPpm }: Noise): number[] {
  const cut = sums.map(({ weight, rest }) => {
    if (weight === 0) return UNIT
    const mean = Math.abs(Math.trunc(rest / weight))
    const deviation = squareRoot(mulDiv(readingPpm * readingPpm, UNIT, Math.max(UNIT, weight)))
    const most = Math.trunc((deviation * ORGANIZATION_CUT_MILLI) / 1_000)
    return mean > most ? Math.trunc((UNIT * most) / mean) : UNIT
  })
  const held = sums.map(({ weight }, o) => Math.trunc((weight * at(cut, o)) / UNIT))
  const all = held.reduce((sum, weight) => sum + weight, 0)
  return cut.map((factor, o) => {
    const own = at(held, o)
    const most = Math.trunc(((all - own) * rules.organizationSharePpm) / (1_000_000 - rules.organizationSharePpm))
    return own > most && own > 0 ? Math.trunc((factor * most) / own) : factor
  })
}
