/** Functions of real numbers in integers, with their errors stated: what all replicas must compute alike. */

const SCALE = 1_000_000_000_000_000n
/** ln 2 in units of 1e-15, error below half a unit. */
const LN_2 = 693_147_180_559_945n
/** 2 artanh(z) for |z| <= 1/3 is cut after z^29: the rest is below 2 z^31 / 31 / (1 - z^2) < 1.2e-16. */
const LAST_POWER = 29n

/**
 * ln(a / b) in ppm, rounded to the nearest integer. The ratio is brought into [1/2, 2] by k <= 53 halvings, where
 * ln(x) = 2 artanh((x - 1) / (x + 1)). Every division drops less than 1e-15 and there are 31 of them, each weighted by at most
 * 2, and the constant adds at most 53 / 2 e-15: below 1e-13 in all, so the result is off by at most 0.5 + 1e-7 ppm.
 * @param a safe integer above 0
 * @param b safe integer above 0
 */
export function lnRatioPpm(a: number, b: number): number {
  let numerator = BigInt(a)
  let denominator = BigInt(b)
  let halvings = 0n
  while (numerator > 2n * denominator) {
    denominator *= 2n
    halvings += 1n
  }
  while (denominator > 2n * numerator) {
    numerator *= 2n
    halvings -= 1n
  }
  const z = ((numerator - denominator) * SCALE) / (numerator + denominator)
  const square = (z * z) / SCALE
  let power = z
  let sum = 0n
  for (let odd = 1n; odd <= LAST_POWER && power !== 0n; odd += 2n) {
    sum += power / odd
    power = (power * square) / SCALE
  }
  return Number(roundedDivision(2n * sum + halvings * LN_2, SCALE / 1_000_000n))
}

/** Nearest integer; halves go away from zero. */
function roundedDivision(a: bigint, b: bigint): bigint {
  const half = b / 2n
  return a < 0n ? -((-a + half) / b) : (a + half) / b
}

/** a / b toward zero, and never minus zero, which canonical JSON refuses. */
export const divide = (a: number, b: number): number => Math.trunc(a / b) + 0

/** a * b / c toward zero, whatever the size of the product. */
export function mulDiv(a: number, b: number, c: number): number {
  const product = a * b
  if (Number.isSafeInteger(product)) return divide(product, c)
  return Number((BigInt(a) * BigInt(b)) / BigInt(c))
}

/** Largest integer whose square is at most n. @param n safe integer, 0 or more */
export function squareRoot(n: number): number {
  if (n < 2) return n
  let guess = 2
  while (guess * guess < n) guess *= 2
  for (;;) {
    const next = Math.trunc((guess + Math.trunc(n / guess)) / 2)
    if (next >= guess) return guess
    guess = next
  }
}

const LN_2_MICRO = 693_147
/** Above this e^-x is below one part in a million. */
const EXP_MICRO_MAX = 14_000_000

/**
 * e^-x in ppm, error below 20 ppm.
 * @param micro x in millionths, 0 or more
 */
export function expNegativePpm(micro: number): number {
  if (micro > EXP_MICRO_MAX) return 0
  const halvings = Math.trunc(micro / LN_2_MICRO)
  const rest = micro - halvings * LN_2_MICRO
  let term = 1_000_000
  let sum = term
  for (let n = 1; n <= 12; n++) {
    term = -Math.trunc((term * rest) / (1_000_000 * n))
    sum += term
  }
  let result = sum
  for (let i = 0; i < halvings; i++) result = Math.trunc(result / 2)
  return result
}
