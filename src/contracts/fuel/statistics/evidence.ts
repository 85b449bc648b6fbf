import { lnRatioPpm, mulDiv } from './integers.js'
import type { Estimate } from './level.js'

/**
 * What the readings say of "this dispenser is within its maximum permissible error". All logarithms are in thousandths of a
 * natural unit. Shortages are positive: a shortage of 30,000 ppm is an error of -30,000 ppm.
 */

/** Shortages of fraud that the tests look for, ppm as logarithms: from 1.2 to 25 %. */
export const SHORTAGES_PPM = [12_000, 20_000, 30_000, 50_000, 80_000, 125_000, 225_000] as const

/** ln(a / b) in thousandths. */
const lnMilli = (a: number, b: number): number => Math.trunc(lnRatioPpm(a, b) / 1_000)

/** Score and information of an estimate, as a test of independent increments has them (Jennison and Turnbull 1997). */
export interface Score {
  /** (shortage beyond the MPE) / variance, in 1e-9 per ppm. */
  readonly score: number
  /** 1 / variance, in 1e-15 per ppm^2. */
  readonly information: number
}

const SCORE_ONE = 1_000_000_000
const INFORMATION_ONE = 1_000_000_000_000_000

/** Least variance that is believed, ppm^2: 100 ppm squared. */
const VARIANCE_PPM2_MIN = 10_000

export function scoreOf({ errorPpm, deviationPpm }: Estimate, shortMpePpm: number): Score {
  const variance = Math.max(VARIANCE_PPM2_MIN, deviationPpm * deviationPpm)
  return {
    score: mulDiv(-errorPpm - shortMpePpm, SCORE_ONE, variance),
    information: Math.trunc(INFORMATION_ONE / variance),
  }
}

/** Log likelihood ratio of a shortage `beyond` the MPE against one at the MPE: beyond * U - beyond^2 I / 2. */
export function logRatioMilli({ score, information }: Score, beyondPpm: number): number {
  const linear = mulDiv(beyondPpm * 1_000, score, SCORE_ONE)
  const square = mulDiv(mulDiv(beyondPpm * beyondPpm, 1_000, 2), information, INFORMATION_ONE)
  return linear - square
}

/**
 * Log of an e-process against "error within the MPE": the mixture of the likelihood ratios over `SHORTAGES_PPM`, each with
 * the same weight (Robbins 1970), from below by its largest term. Its expectation is at most 1 at any time under the
 * hypothesis, so looking at it after every refuel is safe (Ville 1939).
 */
export function eValueMilli(score: Score, shortMpePpm: number): number {
  const terms = SHORTAGES_PPM.map((shortage) => logRatioMilli(score, shortage - shortMpePpm))
  return Math.max(...terms) - lnMilli(SHORTAGES_PPM.length, 1)
}

/**
 * Log of the e-value against "short by `shortagePpm` or more", for the verdict `conforming`: the likelihood ratio of no error
 * at all against that shortage, which is smaller still under any larger one.
 */
export function soundMilli({ errorPpm, deviationPpm }: Estimate, shortagePpm: number): number {
  const variance = Math.max(VARIANCE_PPM2_MIN, deviationPpm * deviationPpm)
  return mulDiv(shortagePpm * 1_000, errorPpm + Math.trunc(shortagePpm / 2), variance)
}

/** The CUSUM looks for fraud of this shortage that begins late or comes and goes. */
const CUSUM_SHORTAGE_PPM = 50_000

/**
 * One step of a CUSUM (Page 1954): the log likelihood ratio of what is new since the last analysis, reset at 0.
 * Its expected time to a false alarm is at least e^threshold analyses (Shin, Ramdas and Rinaldo 2024).
 */
export function cusumMilli(cusum: number, before: Score, now: Score, shortMpePpm: number): number {
  const information = now.information - before.information
  if (information <= 0) return cusum
  const step = logRatioMilli({ score: now.score - before.score, information }, CUSUM_SHORTAGE_PPM - shortMpePpm)
  return Math.max(0, cusum + step)
}

/**
 * Dispensers that e-BH (Wang and Ramdas 2022) rejects at a false discovery rate, whatever the dependence between them: the
 * k largest e-values with e >= m / (rate k).
 */
export function eBenjaminiHochberg(logs: readonly number[], ratePpm: number): Set<number> {
  const order = logs.map((log, i) => ({ log, i })).sort((a, b) => b.log - a.log || a.i - b.i)
  let count = 0
  order.forEach(({ log }, k) => {
    if (log >= lnMilli(logs.length * 1_000_000, ratePpm * (k + 1))) count = k + 1
  })
  return new Set(order.slice(0, count).map(({ i }) => i))
}
