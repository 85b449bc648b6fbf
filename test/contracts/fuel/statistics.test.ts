import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.js'
import {
  cusumMilli,
  eBenjaminiHochberg,
  eValueMilli,
  logRatioMilli,
  type Score,
  SHORTAGES_PPM,
  scoreOf,
  soundMilli,
} from '../../../src/contracts/fuel/statistics/evidence.js'
import {
  divide,
  expNegativePpm,
  lnRatioPpm,
  mulDiv,
  squareRoot,
} from '../../../src/contracts/fuel/statistics/integers.js'
import {
  Contrasts,
  factor,
  SOLUTION_ONE,
  solve,
  UNIT,
  VARIANCE_ONE,
  WEIGHT_ONE,
} from '../../../src/contracts/fuel/statistics/linear.js'
import { byVehicle } from '../../../src/contracts/fuel/statistics/readings.js'
import { groupsOf, likelyFraud } from '../../../src/contracts/fuel/statistics/shares.js'
import { readingWeights } from '../../../src/contracts/fuel/statistics/weights.js'

const volume = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe('integers', () => {
  it('lnRatioPpm is off by less than 1 ppm: half by rounding, next to nothing by the series', () => {
    fc.assert(
      fc.property(volume, volume, (a, b) => {
        expect(Math.abs(lnRatioPpm(a, b) - 1e6 * (Math.log(a) - Math.log(b)))).toBeLessThan(0.5 + 1e-6)
      }),
      { numRuns: 3_000 },
    )
  })

  it('lnRatioPpm is as exact near 1, where errors of fuel are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000_000, max: 100_000_000 }),
        fc.integer({ min: -300_000, max: 300_000 }),
        (b, ppm) => {
          const a = b + Math.round((b * ppm) / 1e6)
          expect(Math.abs(lnRatioPpm(a, b) - 1e6 * Math.log1p((a - b) / b))).toBeLessThan(0.5 + 1e-6)
          expect(lnRatioPpm(b, a) + lnRatioPpm(a, b)).toBe(0)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it.each([
    [1, 1, 0],
    [2, 1, 693_147],
    [1, 2, -693_147],
    [95, 100, -51_293],
    [Number.MAX_SAFE_INTEGER, 1, 36_736_801],
    [1, Number.MAX_SAFE_INTEGER, -36_736_801],
  ])('ln(%d / %d) = %d ppm', (a, b, ppm) => {
    expect(lnRatioPpm(a, b)).toBe(ppm)
  })

  it('expNegativePpm is off by less than 20 ppm', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000_000 }), (micro) => {
        expect(Math.abs(expNegativePpm(micro) - 1e6 * Math.exp(-micro / 1e6))).toBeLessThan(20)
      }),
      { numRuns: 3_000 },
    )
  })

  it('squareRoot and mulDiv agree with BigInt', () => {
    const any = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(volume, any, fc.integer({ min: 1, max: 1e9 }), (n, a, b) => {
        const root = BigInt(squareRoot(n))
        expect(root * root <= BigInt(n) && (root + 1n) * (root + 1n) > BigInt(n)).toBe(true)
        expect(mulDiv(a, b, n)).toBe(Number((BigInt(a) * BigInt(b)) / BigInt(n)))
      }),
    )
  })

  it('division gives no minus zero, which canonical JSON refuses', () => {
    expect(Object.is(divide(-1, 2), 0)).toBe(true)
    expect(Object.is(mulDiv(-1, 1, 3), 0)).toBe(true)
  })
})

/** Floating-point oracle: the inverse by Gauss and Jordan. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, k) => (k === i ? 1 : 0))])
  for (let i = 0; i < n; i++) {
    const pivot = rows[i]?.[i] as number
    rows[i] = (rows[i] as number[]).map((x) => x / pivot)
    for (let k = 0; k < n; k++) {
      if (k === i) continue
      const share = rows[k]?.[i] as number
      rows[k] = (rows[k] as number[]).map((x, j) => x - share * (rows[i]?.[j] as number))
    }
  }
  return rows.map((row) => row.slice(n))
}

/** A matrix as vehicles seen at several dispensers give it, in readings. */
function randomSystem(seed: number): number[][] {
  const random = new Random(seed)
  const n = 3 + random.below(20)
  const matrix = Array.from({ length: n }, () => new Array<number>(n).fill(0))
  for (let v = 0; v < 20 * n; v++) {
    const seen = Array.from({ length: 1 + random.below(8) }, () => random.below(n))
    const penalty = 0.3 + random.below(30) / 10
    for (const i of seen) {
      const row = matrix[i] as number[]
      row[i] = (row[i] as number) + 1
      for (const k of seen) row[k] = (row[k] as number) - 1 / (seen.length + penalty)
    }
  }
  return matrix
}

describe('linear systems in fixed point', () => {
  const fixed = (matrix: readonly (readonly number[])[]) =>
    factor(matrix.map((row, i) => row.slice(0, i + 1).map((x) => Math.round(x * UNIT))))

  it('solves and gives variances as floating point does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
        const matrix = randomSystem(seed)
        const exact = inverse(matrix)
        const random = new Random(seed + 1)
        const truth = matrix.map(() => random.below(200_000) - 100_000)
        const right = matrix.map((row) =>
          Math.round(UNIT * row.reduce((sum, x, k) => sum + x * (truth[k] as number), 0)),
        )
        const factors = fixed(matrix)
        solve(factors, right).forEach((x, i) => {
          expect(Math.abs(x / SOLUTION_ONE - (truth[i] as number))).toBeLessThan(30)
        })
        const contrasts = new Contrasts(factors)
        const weights = matrix.map((_, i) => (i < 2 ? WEIGHT_ONE / 2 : 0))
        const reference = contrasts.reference(weights)
        const variance = (c: readonly number[]) =>
          c.reduce((sum, x, i) => sum + x * c.reduce((s, y, k) => s + y * (exact[i]?.[k] as number), 0), 0)
        matrix.forEach((_, i) => {
          const expected = variance(matrix.map((__, k) => (k === i ? 1 : 0) - (k < 2 ? 0.5 : 0)))
          expect(Math.abs(contrasts.variance(i, reference) / VARIANCE_ONE - expected)).toBeLessThan(
            expected * 0.002 + 1e-5,
          )
        })
      }),
      { numRuns: 60 },
    )
  })

  it('survives a dispenser of which nothing is known', () => {
    const factors = factor([[0], [0, UNIT]])
    expect(solve(factors, [0, 5 * UNIT])).toEqual([0, 5 * SOLUTION_ONE])
  })
})

const estimate = (errorPpm: number, deviationPpm: number) => ({
  errorPpm,
  deviationPpm,
  levelDeviationPpm: 0,
  component: 0,
  isAnchor: false,
})

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log((random.uint32() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * random.uint32()) / 2 ** 32)
}

/** Estimates after each of n refuels of a dispenser with an error, noise 5 %. */
function* course(seed: number, errorPpm: number, refuels: number) {
  const random = new Random(seed)
  let sum = 0
  for (let n = 1; n <= refuels; n++) {
    sum += errorPpm + 50_000 * normal(random)
    yield estimate(Math.round(sum / n), Math.round(50_000 / Math.sqrt(n)))
  }
}

const MPE = 3_005

describe('the sequential test', () => {
  it('may be looked at after every refuel: at 5 % it raises few false alarms, a naive test a third (Ville 1939)', () => {
    let alarms = 0
    let naive = 0
    for (let seed = 0; seed < 400; seed++) {
      let [hit, naiveHit] = [false, false]
      for (const at of course(seed, -MPE, 300)) {
        if (eValueMilli(scoreOf(at, MPE), MPE) >= 2_996) hit = true
        if (-at.errorPpm - MPE > 1.645 * at.deviationPpm) naiveHit = true
      }
      if (hit) alarms += 1
      if (naiveHit) naive += 1
    }
    expect(alarms / 400).toBeLessThan(0.05)
    expect(naive / 400).toBeGreaterThan(0.3)
  })

  it('is the largest likelihood ratio of the grid, less the logarithm of its size', () => {
    const score = scoreOf(estimate(-53_005, 8_000), MPE)
    const exact = Math.max(
      ...SHORTAGES_PPM.map(
        (s) => ((s - MPE) * 50_000 - (s - MPE) ** 2 / 2) / 8_000 ** 2 - Math.log(SHORTAGES_PPM.length),
      ),
    )
    expect(Math.abs(eValueMilli(score, MPE) - 1_000 * exact)).toBeLessThan(15)
  })

  it('finds a dispenser sound by the likelihood ratio of no error against the shortage', () => {
    expect(soundMilli(estimate(0, 4_000), 20_000)).toBe(12_500)
    expect(soundMilli(estimate(-20_000, 4_000), 20_000)).toBe(-12_500)
  })

  it('the CUSUM finds fraud that begins after a long honest time sooner than all readings together (Page 1954)', () => {
    const random = new Random(5)
    let [sum, cusum] = [0, 0]
    let before: Score = { score: 0, information: 0 }
    const found = { cusum: 0, all: 0 }
    for (let n = 1; n <= 1_000 && (found.cusum === 0 || found.all === 0); n++) {
      sum += (n > 400 ? -50_000 : 0) + 50_000 * normal(random)
      const now = scoreOf(estimate(Math.round(sum / n), Math.round(50_000 / Math.sqrt(n))), MPE)
      cusum = cusumMilli(cusum, before, now, MPE)
      before = now
      if (cusum >= 12_000 && found.cusum === 0) found.cusum = n
      if (eValueMilli(now, MPE) >= 12_000 && found.all === 0) found.all = n
    }
    expect(found.cusum).toBeGreaterThan(400)
    expect(found.cusum).toBeLessThan(450)
    expect(found.all).toBeGreaterThan(found.cusum + 20)
  })

  it('the CUSUM is reset at zero and ignores an analysis without new information', () => {
    const score: Score = { score: -1_000_000, information: 1_000_000 }
    expect(cusumMilli(0, { score: 0, information: 0 }, score, MPE)).toBe(0)
    expect(cusumMilli(700, score, { ...score, score: 5_000_000 }, MPE)).toBe(700)
  })

  it('ratios of a shortage add up over independent readings', () => {
    const one = scoreOf(estimate(-40_000, 50_000), MPE)
    const two = { score: 2 * one.score, information: 2 * one.information }
    expect(Math.abs(logRatioMilli(two, 47_000) - 2 * logRatioMilli(one, 47_000))).toBeLessThan(5)
  })
})

describe('weights of readings', () => {
  it('give one vehicle no more than three votes at a dispenser', () => {
    const columns = {
      dispensers: 2,
      vehicles: 2,
      organizations: 2,
      dispenser: [...new Array<number>(20).fill(0), 1, 0],
      vehicle: [...new Array<number>(21).fill(0), 1],
      organization: [...new Array<number>(21).fill(0), 1],
      logRatioPpm: new Array<number>(22).fill(0),
    }
    const rules = { votesPerVehicle: 3, organizationSharePpm: 900_000 }
    const noise = { readingPpm: 50_000, vehiclePpm: 30_000 }
    const weights = readingWeights(columns, byVehicle(columns), rules, noise)
    const sum = weights.slice(0, 20).reduce((total, weight) => total + weight, 0)
    expect(sum).toBeGreaterThan(2.9 * UNIT)
    expect(sum).toBeLessThanOrEqual(3 * UNIT)
    expect(weights[21]).toBe(UNIT)
  })
})

describe('choices among many dispensers', () => {
  it('e-BH takes the k largest with e >= m / (rate k) (Wang and Ramdas 2022)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 15_000 }), { maxLength: 60 }), (logs) => {
        const sorted = [...logs].sort((a, b) => b - a)
        let k = 0
        sorted.forEach((log, i) => {
          if (log >= Math.trunc(1_000 * Math.log(logs.length / (0.05 * (i + 1))))) k = i + 1
        })
        expect(Math.abs(eBenjaminiHochberg(logs, 50_000).size - k)).toBeLessThanOrEqual(1)
        for (const i of eBenjaminiHochberg(logs, 50_000)) expect(sorted.slice(0, k + 1)).toContain(logs[i])
      }),
    )
  })

  it('the posterior rule takes the largest set whose mean probability of conforming is within the rate', () => {
    expect([...likelyFraud([900_000, 1_000, 120_000, 0, 60_000], 45_000)]).toEqual([3, 1, 4])
    expect(likelyFraud([], 45_000).size).toBe(0)
    expect(likelyFraud([46_000], 45_000).size).toBe(0)
  })

  const rules = { conformingSpreadPpm: 1_500, fraudPpm: 50_000, priorDispensers: 20 }

  it('learns the share of fraud, and tells the two groups apart (Efron 2008)', () => {
    const random = new Random(9)
    const estimates = Array.from({ length: 150 }, (_, i) =>
      estimate(Math.round((i < 30 ? -50_000 : 0) + 8_000 * normal(random)), 8_000),
    )
    const { conformingPpm, fraudPpm } = groupsOf(estimates, rules)
    expect(fraudPpm).toBeGreaterThan(130_000)
    expect(fraudPpm).toBeLessThan(260_000)
    const found = likelyFraud(conformingPpm, 45_000)
    expect([...found].filter((i) => i < 30).length).toBe(30)
    expect([...found].filter((i) => i >= 30).length).toBeLessThanOrEqual(3)
  })

  it('corrects the level by no more than its own uncertainty: a shift of all dispensers stays visible', () => {
    const shifted = Array.from({ length: 60 }, () => ({ ...estimate(-9_000, 4_000), levelDeviationPpm: 1_000 }))
    const { fraudPpm } = groupsOf(shifted, rules)
    expect(fraudPpm).toBeGreaterThan(500_000)
  })

  it('probabilities are of one million at most, and of none there is none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -400_000, max: 400_000 }), fc.integer({ min: 100, max: 90_000 }))),
        (list) => {
          const { conformingPpm, fraudPpm } = groupsOf(
            list.map(([error, deviation]) => estimate(error, deviation)),
            rules,
          )
          for (const probability of conformingPpm) {
            expect(Number.isSafeInteger(probability) && probability >= 0 && probability <= 1_000_000).toBe(true)
          }
          expect(fraudPpm >= 0 && fraudPpm <= 1_000_000).toBe(true)
        },
      ),
    )
  })
})
