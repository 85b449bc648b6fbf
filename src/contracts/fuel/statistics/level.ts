import { type Fit, median } from './fit.js'
import { divide, mulDiv, squareRoot } from './integers.js'
import { Contrasts, UNIT, VARIANCE_ONE, WEIGHT_ONE } from './linear.js'
import { at, type Readings } from './readings.js'

/** What an inspection found, as far as it is still fresh. */
export interface Anchor {
  readonly dispenser: number
  /** ln(true volume / declared), ppm. */
  readonly errorPpm: number
  /** Standard uncertainty of it, ppm. */
  readonly uncertaintyPpm: number
}

/** ln(true volume / declared) of a dispenser as estimated: below zero is short measure. */
export interface Estimate {
  readonly errorPpm: number
  /** Standard deviation of the estimate. */
  readonly deviationPpm: number
  /** The part of it that all dispensers of the component share: of the level that the anchors set. */
  readonly levelDeviationPpm: number
  /** Number of the component. */
  readonly component: number
  /** One of those that set the level, so that it cannot tell how far the level is off. */
  readonly isAnchor: boolean
}

/** Reweightings of the anchors. */
const ROUNDS = 4
/** An anchor further off than two standard deviations, such as one that was switched to honest for its test, is cut. */
const CUT = 2

/**
 * Sets the level of every component by its anchors and gives the estimates with their standard deviations; `undefined`
 * where a component has no anchor: then only differences between its dispensers are known.
 */
export function estimates(
  readings: Readings,
  component: readonly number[],
  { effectsPpm, weights, factors, noise }: Fit,
  anchors: readonly Anchor[],
): (Estimate | undefined)[] {
  const information = new Array<number>(readings.dispensers).fill(0)
  weights.forEach((weight, reading) => {
    const i = at(readings.dispenser, reading)
    information[i] = at(information, i) + weight
  })
  const contrasts = new Contrasts(factors)
  const variance = noise.readingPpm * noise.readingPpm
  const levels = new Map<number, Level & { readonly reference: readonly number[] }>()
  for (const part of new Set(component)) {
    const own = anchors.filter(({ dispenser: i }) => component[i] === part && at(information, i) > 0)
    if (own.length === 0) continue
    const level = levelOf(own, effectsPpm, information, variance)
    levels.set(part, { ...level, reference: contrasts.reference(level.weights) })
  }
  return effectsPpm.map((effect, i) => {
    const level = levels.get(at(component, i))
    if (level === undefined || at(information, i) === 0) return undefined
    const own = mulDiv(contrasts.variance(i, level.reference), variance, VARIANCE_ONE)
    return {
      errorPpm: effect - level.levelPpm,
      deviationPpm: Math.max(1, squareRoot(own + level.inspected)),
      levelDeviationPpm: squareRoot(level.variance),
      component: at(component, i),
      isAnchor: at(level.weights, i) > 0,
    }
  })
}

interface Level {
  readonly levelPpm: number
  /** Of each dispenser in the level, fixed point; they sum to WEIGHT_ONE. */
  readonly weights: readonly number[]
  /** Variance from the inspections, and with that of the anchors' own readings; ppm^2. */
  readonly inspected: number
  readonly variance: number
}

/** Huber's location of (effect - error found) over the anchors, each weighed by its information. */
function levelOf(
  anchors: readonly Anchor[],
  effectsPpm: readonly number[],
  information: readonly number[],
  variance: number,
): Level {
  const points = anchors.map(({ dispenser, errorPpm, uncertaintyPpm }) => ({
    dispenser,
    uncertaintyPpm,
    value: at(effectsPpm, dispenser) - errorPpm,
    variance: Math.max(1, mulDiv(variance, UNIT, at(information, dispenser)) + uncertaintyPpm * uncertaintyPpm),
  }))
  const largest = Math.max(...points.map((point) => point.variance))
  let level = median(points.map(({ value }) => value))
  let shares: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const raw = points.map((point) => {
      const off = Math.abs(point.value - level)
      const cut = CUT * squareRoot(point.variance)
      const full = mulDiv(1_000, largest, point.variance)
      return off > cut ? Math.trunc((full * cut) / off) + 1 : full
    })
    const sum = raw.reduce((total, weight) => total + weight, 0)
    shares = raw.map((weight) => mulDiv(weight, WEIGHT_ONE, sum))
    shares[0] = at(shares, 0) + WEIGHT_ONE - shares.reduce((total, share) => total + share, 0)
    level = divide(
      points.reduce((total, point, k) => total + at(shares, k) * point.value, 0),
      WEIGHT_ONE,
    )
  }
  const weights = new Array<number>(effectsPpm.length).fill(0)
  let inspected = 0
  let all = 0
  points.forEach(({ dispenser, uncertaintyPpm, variance: own }, k) => {
    const share = at(shares, k)
    weights[dispenser] = share
    inspected += mulDiv(share * share, uncertaintyPpm * uncertaintyPpm, WEIGHT_ONE * WEIGHT_ONE)
    all += mulDiv(share * share, own, WEIGHT_ONE * WEIGHT_ONE)
  })
  return { levelPpm: level, weights, inspected, variance: all }
}
