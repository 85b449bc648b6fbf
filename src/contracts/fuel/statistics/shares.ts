import { SHORTAGES_PPM } from './evidence.js'
import { expNegativePpm, lnRatioPpm, mulDiv } from './integers.js'
import type { Estimate } from './level.js'

/**
 * The two-groups model (Efron 2008) over all dispensers of a region: conforming ones around zero error, fraudulent ones at the
 * shortages of a grid, with shares that are learnt. It gives each dispenser its local false discovery rate, the
 * probability that it conforms; being a posterior probability it means the same at whatever time one looks.
 */
export interface Groups {
  /** Probability that the dispenser conforms, ppm. */
  readonly conformingPpm: readonly number[]
  /** Share of fraudulent dispensers, ppm. */
  readonly fraudPpm: number
}

export interface GroupRules {
  /** Standard deviation of the errors of conforming dispensers, ppm. */
  readonly conformingSpreadPpm: number
  /** Share of fraud assumed before there is data, ppm. */
  readonly fraudPpm: number
  /** Dispensers that this assumption is worth. */
  readonly priorDispensers: number
}

/** Steps of expectation and maximization. */
const STEPS = 20
/** Fraud of a shortage of the grid spreads by this part of it. */
const SPREAD_PART = 6
const ONE = 1_000_000
/** The center is learnt again after so many steps. */
const CENTER_EVERY = 4
const INFORMATION_ONE = 1_000_000_000_000

export function groupsOf(estimates: readonly Estimate[], rules: GroupRules): Groups {
  const kinds = SHORTAGES_PPM.length
  const assumed = SHORTAGES_PPM.map(() => Math.trunc(rules.fraudPpm / kinds))
  const prior = [ONE - assumed.reduce((sum, share) => sum + share, 0), ...assumed]
  let shares = prior
  let centers: Centers = new Map()
  let likelihoods = estimates.map((estimate) => likelihoodsOf(estimate, centers, rules))
  for (let step = 1; step <= STEPS; step++) {
    const posteriors = likelihoods.map((likelihood) => posterior(likelihood, shares))
    const sums = prior.map((share) => share * rules.priorDispensers)
    for (const probabilities of posteriors) {
      probabilities.forEach((probability, kind) => {
        sums[kind] = (sums[kind] as number) + probability
      })
    }
    shares = sums.map((sum) => Math.trunc(sum / (rules.priorDispensers + estimates.length)))
    if (step % CENTER_EVERY === 0) {
      const conforming = posteriors.map(([probability]) => probability as number)
      centers = centersOf(estimates, conforming, rules)
      likelihoods = estimates.map((estimate) => likelihoodsOf(estimate, centers, rules))
    }
  }
  return {
    conformingPpm: likelihoods.map((likelihood) => posterior(likelihood, shares)[0] as number),
    fraudPpm: ONE - (shares[0] as number),
  }
}

/** Of each component: where its conforming dispensers lie, and the variance of that. */
type Centers = ReadonlyMap<number, { readonly centerPpm: number; readonly variance: number }>

/** Variance of an estimate when the level is known. */
function ownVariance({ deviationPpm, levelDeviationPpm }: Estimate): number {
  const all = deviationPpm * deviationPpm
  return Math.max(Math.trunc(all / 4), all - levelDeviationPpm * levelDeviationPpm, 1)
}

/**
 * The level that anchors set is off by some amount that all dispensers of a component share. Those that conform tell what it
 * is, within one standard deviation of what the anchors say: a shift of all of them by more than that stays visible.
 */
function centersOf(estimates: readonly Estimate[], conformingPpm: readonly number[], rules: GroupRules): Centers {
  const spread = rules.conformingSpreadPpm * rules.conformingSpreadPpm
  const sums = new Map<number, { bound: number; weight: number; value: number }>()
  estimates.forEach((estimate, i) => {
    const { component, errorPpm, levelDeviationPpm: bound } = estimate
    const prior = Math.trunc(INFORMATION_ONE / Math.max(1, bound * bound))
    const sum = sums.get(component) ?? { bound, weight: prior, value: 0 }
    if (!estimate.isAnchor) {
      const full = Math.trunc(INFORMATION_ONE / (ownVariance(estimate) + spread))
      const weight = mulDiv(full, conformingPpm[i] as number, ONE)
      sum.weight += weight
      sum.value += weight * errorPpm
    }
    sums.set(component, sum)
  })
  const centers = [...sums].map(([component, { bound, weight, value }]) => {
    const centerPpm = Math.max(-bound, Math.min(bound, Math.trunc(value / Math.max(1, weight))))
    return [component, { centerPpm, variance: Math.trunc(INFORMATION_ONE / Math.max(1, weight)) }] as const
  })
  return new Map(centers)
}

/** Likelihood of an estimate under each kind, the largest being one million. */
function likelihoodsOf(estimate: Estimate, centers: Centers, { conformingSpreadPpm }: GroupRules): number[] {
  const { deviationPpm } = estimate
  const center = centers.get(estimate.component)
  const own = center === undefined ? deviationPpm * deviationPpm : ownVariance(estimate) + center.variance
  const error = estimate.errorPpm - (center?.centerPpm ?? 0)
  const logs = [
    logDensityMicro(error, own + conformingSpreadPpm * conformingSpreadPpm, own),
    ...SHORTAGES_PPM.map((shortage) => {
      const spread = Math.trunc(shortage / SPREAD_PART)
      return logDensityMicro(error + shortage, own + spread * spread, own)
    }),
  ]
  const most = Math.max(...logs)
  return logs.map((log) => expNegativePpm(most - log))
}

/** Log density of a normal variable at a distance from its mean, up to a constant, in millionths. */
function logDensityMicro(distance: number, variance: number, unit: number): number {
  const square = mulDiv(mulDiv(distance, distance, 2), ONE, variance)
  return -square - Math.trunc(lnRatioPpm(variance, unit) / 2)
}

/** Probabilities of the kinds, ppm. */
function posterior(likelihood: readonly number[], shares: readonly number[]): number[] {
  const joint = likelihood.map((value, kind) => value * (shares[kind] as number))
  const unit = Math.max(1, Math.trunc(joint.reduce((sum, value) => sum + value, 0) / ONE))
  return joint.map((value) => Math.trunc(value / unit))
}

/** The largest set whose mean probability of conforming is at most the rate: the Bayesian false discovery rate. */
export function likelyFraud(conformingPpm: readonly number[], ratePpm: number): Set<number> {
  const order = conformingPpm.map((value, i) => ({ value, i })).sort((a, b) => a.value - b.value || a.i - b.i)
  const found = new Set<number>()
  let sum = 0
  for (const { value, i } of order) {
    sum += value
    if (sum > ratePpm * (found.size + 1)) break
    found.add(i)
  }
  return found
}
