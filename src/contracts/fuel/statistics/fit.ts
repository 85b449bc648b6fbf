import { divide, mulDiv, squareRoot } from './integers.js'
import { type Factors, factor, SOLUTION_ONE, solve, UNIT } from './linear.js'
import { at, type ByVehicle, byVehicle, type Readings } from './readings.js'
import { readingWeights, type WeightRules } from './weights.js'

/**
 * y = dispenser + vehicle + noise. Dispensers are fixed effects, vehicles random ones around a common level: the mixed
 * model equations of Henderson (1975) with the vehicles eliminated, solved again with Huber's weights (1964) a fixed number
 * of times. The level of all dispensers together is not determined here but by anchors (level.ts).
 */
export interface Fit {
  /** Of each dispenser, ppm; up to the common level. */
  readonly effectsPpm: readonly number[]
  /** Of each vehicle, ppm, shrunk. */
  readonly vehiclesPpm: readonly number[]
  /** Weight of each reading, in UNIT. */
  readonly weights: readonly number[]
  readonly factors: Factors
  readonly noise: Noise
}

/** Standard deviations, ppm. */
export interface Noise {
  /** Of one reading. */
  readonly readingPpm: number
  /** Of the vehicles' own effects. */
  readonly vehiclePpm: number
}

export interface FitRules extends WeightRules {
  /** What is assumed before there is data, worth `PRIOR_READINGS` readings. */
  readonly nominal: Noise
}

/** Solutions with new weights. */
const ROUNDS = 5
const PRIOR_READINGS = 100
/** Standard deviations are kept within these, ppm. */
const NOISE_PPM_MIN = 3_000
const NOISE_PPM_MAX = 200_000
/** Fixed point of the ratio of variances. */
const RATIO_ONE = 1_024

export function fitEffects(readings: Readings, rules: FitRules): Fit {
  const groups = byVehicle(readings)
  let noise = rules.nominal
  let weights = readingWeights(readings, groups, rules, noise)
  for (let round = 1; ; round++) {
    const penalty = penaltyOf(noise)
    const factors = factor(matrix(readings, groups, weights, penalty))
    const effectsPpm = solve(factors, rightSide(readings, groups, weights, penalty)).map((x) => divide(x, SOLUTION_ONE))
    const vehiclesPpm = vehicleEffects(readings, groups, weights, penalty, effectsPpm)
    if (round === ROUNDS) return { effectsPpm, vehiclesPpm, weights, factors, noise }
    noise = noiseOf(readings, groups, effectsPpm, rules.nominal, noise)
    weights = readingWeights(readings, groups, rules, noise, { effectsPpm, vehiclesPpm })
  }
}

/** Readings, in UNIT, that the assumption of alike vehicles is worth for each: variance of a reading / of the vehicles. */
function penaltyOf({ readingPpm, vehiclePpm }: Noise): number {
  const ratio = mulDiv(readingPpm * readingPpm, RATIO_ONE, vehiclePpm * vehiclePpm)
  return Math.max(UNIT / RATIO_ONE, Math.trunc((ratio * UNIT) / RATIO_ONE))
}

/**
 * Lower triangle of the equations of the dispensers. A vehicle's readings at one dispenser are taken together, so that the
 * work is bounded by the pairs of dispensers that vehicles were seen at.
 */
function matrix(readings: Readings, groups: ByVehicle, weights: readonly number[], penalty: number): number[][] {
  const { dispenser, dispensers, vehicles } = readings
  const { start, order } = groups
  const rows = Array.from({ length: dispensers }, (_, i) => new Array<number>(i + 1).fill(0))
  const held = new Array<number>(dispensers).fill(0)
  for (let v = 0; v < vehicles; v++) {
    const seen: number[] = []
    let sum = penalty
    for (let place = at(start, v); place < at(start, v + 1); place++) {
      const reading = at(order, place)
      const i = at(dispenser, reading)
      if (at(held, i) === 0) seen.push(i)
      held[i] = at(held, i) + at(weights, reading)
      sum += at(weights, reading)
    }
    for (const i of seen) {
      const weight = at(held, i)
      const row = rows[i] as number[]
      row[i] = at(row, i) + weight
      for (const k of seen) {
        if (k <= i) row[k] = at(row, k) - Math.trunc((weight * at(held, k)) / sum)
      }
    }
    for (const i of seen) held[i] = 0
  }
  return rows
}

function rightSide(readings: Readings, groups: ByVehicle, weights: readonly number[], penalty: number): number[] {
  const { dispenser, dispensers, logRatioPpm } = readings
  const none = new Array<number>(dispensers).fill(0)
  const means = vehicleEffects(readings, groups, weights, penalty, none)
  const right = none
  for (let v = 0; v < readings.vehicles; v++) {
    for (let place = at(groups.start, v); place < at(groups.start, v + 1); place++) {
      const reading = at(groups.order, place)
      const i = at(dispenser, reading)
      right[i] = at(right, i) + at(weights, reading) * (at(logRatioPpm, reading) - at(means, v))
    }
  }
  return right
}

/** What a vehicle shows beyond the dispensers, shrunk toward 0; in ppm. */
function vehicleEffects(
  readings: Readings,
  { start, order }: ByVehicle,
  weights: readonly number[],
  penalty: number,
  effectsPpm: readonly number[],
): number[] {
  const effects: number[] = []
  for (let v = 0; v < readings.vehicles; v++) {
    let weight = penalty
    let sum = 0
    for (let place = at(start, v); place < at(start, v + 1); place++) {
      const reading = at(order, place)
      weight += at(weights, reading)
      sum +=
        at(weights, reading) * (at(readings.logRatioPpm, reading) - at(effectsPpm, at(readings.dispenser, reading)))
    }
    effects.push(Math.trunc(sum / weight))
  }
  return effects
}

/**
 * Noise from the spread within vehicles and between them, both cut at three standard deviations so that few readings do
 * not decide; blended with what was assumed.
 */
function noiseOf(
  readings: Readings,
  { start, order }: ByVehicle,
  effectsPpm: readonly number[],
  nominal: Noise,
  before: Noise,
): Noise {
  const within = new Spread(nominal.readingPpm, before.readingPpm)
  const between = new Spread(nominal.vehiclePpm, before.vehiclePpm)
  const means: number[] = []
  const counts: number[] = []
  for (let v = 0; v < readings.vehicles; v++) {
    const count = at(start, v + 1) - at(start, v)
    if (count === 0) continue
    const rests = order
      .slice(at(start, v), at(start, v + 1))
      .map((reading) => at(readings.logRatioPpm, reading) - at(effectsPpm, at(readings.dispenser, reading)))
    const mean = Math.trunc(rests.reduce((sum, rest) => sum + rest, 0) / count)
    means.push(mean)
    counts.push(count)
    if (count > 1) within.addGroup(rests.map((rest) => rest - mean))
  }
  within.spend(readings.dispensers)
  const reading = within.deviationPpm
  const center = median(means)
  means.forEach((mean, i) => {
    const own = Math.trunc((reading * reading) / at(counts, i))
    between.addBeyond(mean - center, own)
  })
  return { readingPpm: reading, vehiclePpm: between.deviationPpm }
}

/** Mean of squares, each cut at nine times what was assumed, with the assumption as its first readings. */
class Spread {
  readonly #known: number
  #sum: number
  #freedom: number

  /**
   * @param assumedPpm standard deviation before there is data
   * @param knownPpm as far as it is known, for the cut
   */
  constructor(assumedPpm: number, knownPpm: number) {
    this.#known = knownPpm * knownPpm
    this.#sum = assumedPpm * assumedPpm * PRIOR_READINGS
    this.#freedom = PRIOR_READINGS
  }

  /** Deviations of two or more values from their mean. */
  addGroup(rests: readonly number[]): void {
    for (const rest of rests) this.#sum += Math.min(rest * rest, 9 * this.#known)
    this.#freedom += rests.length - 1
  }

  /** Degrees of freedom that estimates have used up. */
  spend(freedom: number): void {
    this.#freedom = Math.max(PRIOR_READINGS, this.#freedom - freedom)
  }

  /** A deviation whose own noise has a known variance. */
  addBeyond(rest: number, known: number): void {
    this.#sum += Math.min(rest * rest, 9 * (this.#known + known)) - known
    this.#freedom += 1
  }

  get deviationPpm(): number {
    const variance = Math.max(0, Math.trunc(this.#sum / this.#freedom))
    return Math.min(NOISE_PPM_MAX, Math.max(NOISE_PPM_MIN, squareRoot(variance)))
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.trunc(sorted.length / 2)] ?? 0
}
