import { mulDiv } from './integers.js'

/**
 * Symmetric systems in fixed point. The matrices are diagonally dominant with nothing positive beside the diagonal, as
 * vehicles seen at several dispensers give them: the factors then lie in [-1, 0] and pivots only shrink, so that no number grows.
 */

/** One reading of full weight. */
export const UNIT = 65_536
/** Fixed point of the factors. */
const ONE = 16_777_216
/** Fixed point of the squares in `variance`. */
const COARSE = 16
const SQUARE_ONE = (ONE / COARSE) * (ONE / COARSE)
/** Pivots below this, 1/64 of a reading, carry no information. */
const PIVOT_FLOOR = 1_024
/** Solutions carry 6 bits below the integer. */
const FRACTION = 64

/** M = L D L^T, L with ones on its diagonal; only what is below it is kept, row by row. */
export interface Factors {
  readonly size: number
  readonly lower: readonly (readonly number[])[]
  readonly pivots: readonly number[]
}

/**
 * Factors a matrix in place. Each step rounds toward zero by less than one unit of 1/65536 reading.
 * @param rows lower triangle; |entries| at most 2^27, so that products with a factor of at most 2^24 are safe integers
 */
export function factor(rows: number[][]): Factors {
  const size = rows.length
  const pivots: number[] = []
  for (let j = 0; j < size; j++) {
    const pivot = Math.max(PIVOT_FLOOR, rows[j]?.[j] ?? 0)
    pivots.push(pivot)
    const column: number[] = []
    for (let i = j + 1; i < size; i++) column.push(rows[i]?.[j] ?? 0)
    for (let i = j + 1; i < size; i++) {
      const row = rows[i] as number[]
      const entry = column[i - j - 1] as number
      if (entry === 0) continue
      const share = Math.max(-ONE, Math.min(ONE, Math.trunc((entry * ONE) / pivot)))
      row[j] = share
      for (let k = j + 1; k <= i; k++) {
        row[k] = (row[k] as number) - Math.trunc((share * (column[k - j - 1] as number)) / ONE)
      }
    }
  }
  return { size, lower: rows, pivots }
}

/** share * value / ONE for values up to 2^52. */
function scaled(share: number, value: number): number {
  const high = Math.trunc(value / ONE)
  return share * high + Math.trunc((share * (value - high * ONE)) / ONE)
}

/** Solves M x = right. @returns x in 1/64; the right side in UNIT times the unit of x */
export function solve({ size, lower, pivots }: Factors, right: readonly number[]): number[] {
  const x = [...right]
  for (let i = 0; i < size; i++) {
    const row = lower[i] as readonly number[]
    let value = x[i] as number
    for (let k = 0; k < i; k++) value -= scaled(row[k] as number, x[k] as number)
    x[i] = value
  }
  for (let i = 0; i < size; i++) x[i] = mulDiv(x[i] as number, FRACTION, pivots[i] as number)
  for (let i = size - 1; i >= 0; i--) {
    const row = lower[i] as readonly number[]
    const value = x[i] as number
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - Math.trunc(((row[k] as number) * value) / ONE)
  }
  return x
}

/** L^-1 c for a vector c in fixed point ONE. */
function forward({ size, lower }: Factors, vector: readonly number[], from: number): number[] {
  const t = [...vector]
  for (let i = from + 1; i < size; i++) {
    const row = lower[i] as readonly number[]
    let sum = 0
    for (let k = from; k < i; k++) {
      const share = row[k] as number
      if (share !== 0) sum += Math.trunc((share * (t[k] as number)) / ONE)
    }
    t[i] = (t[i] as number) - sum
  }
  return t
}

/**
 * Variances of x_i - sum_k a_k x_k for the solutions x of noise with variance 1 a reading: c^T M^-1 c = sum t_j^2 / D_j with
 * t = L^-1 c. The entries of L^-1 are chances of hitting, at most 1, so that |t_j| <= 2.
 */
export class Contrasts {
  readonly #factors: Factors

  constructor(factors: Factors) {
    this.#factors = factors
  }

  /** @param weights a, fixed point 2^20, summing to one */
  reference(weights: readonly number[]): readonly number[] {
    return forward(
      this.#factors,
      weights.map((weight) => weight * COARSE),
      0,
    )
  }

  /** @returns variance in 2^-24 of the variance of one reading */
  variance(index: number, reference: readonly number[]): number {
    const { size, pivots } = this.#factors
    const unit = new Array<number>(size).fill(0)
    unit[index] = ONE
    const column = forward(this.#factors, unit, index)
    let sum = 0
    for (let j = 0; j < size; j++) {
      const t = Math.trunc(((column[j] as number) - (reference[j] as number)) / COARSE)
      sum += Math.trunc((t * t) / (pivots[j] as number))
    }
    return sum
  }
}

/** What a variance of 1 is in the unit of `Contrasts.variance`. */
export const VARIANCE_ONE = SQUARE_ONE / UNIT
/** Fixed point of the weights of a reference. */
export const WEIGHT_ONE = ONE / COARSE
export const SOLUTION_ONE = FRACTION
