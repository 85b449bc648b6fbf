import { decimalOf, divideRounded, formatDecimal } from '../../../formats/decimal.js'
import type { SpeedInputs, SpeedParameters } from '../schemas.js'
import type { Algorithm, Check } from './algorithm.js'
import { COVERAGE_K, rootUp, withUncertainty } from './uncertain.js'

/** km/h with two digits: µm/ns × this. */
const CENTI_KILOMETRE_PER_HOUR = 360_000n
const PPM = 1_000_000n

/**
 * Speed of a vehicle whose axles pass two sensors a base length apart: v = L × n / Σ(t2 - t1), rounded half to even to 0.01 km/h.
 * Its uncertainty is that of the base length and, for each axle on its own, of the time between the sensors. The maximum permissible
 * error is a fixed one up to a limit and a relative one above (in Germany 3 km/h up to 100 km/h, and 3 %).
 */
export const speed1: Algorithm<SpeedInputs, SpeedParameters> = {
  summary: 'Vehicle speed from the times at which axles pass two sensors, with a check against the MPE.',
  parametersProblem: () => undefined,

  inputsProblem({ passages }) {
    const wrong = passages.findIndex(({ firstNanosecond, secondNanosecond }) => secondNanosecond <= firstNanosecond)
    return wrong === -1 ? undefined : `passage ${wrong + 1} reaches the second sensor no later than the first`
  },

  compute({ passages, reference }, parameters) {
    const { baseLengthMicrometre, baseLengthUncertaintyMicrometre, timeUncertaintyNanosecond } = parameters
    const times = passages.map(({ firstNanosecond, secondNanosecond }) => BigInt(secondNanosecond - firstNanosecond))
    const length = BigInt(baseLengthMicrometre)
    const count = BigInt(times.length)
    const sum = times.reduce((total, time) => total + time, 0n)
    const speed = divideRounded(length * count * CENTI_KILOMETRE_PER_HOUR, sum, 'half-even')
    const permitted = permissibleError(speed, parameters)
    // U² = (k n c / Σ²)² × ((u_L Σ)² + n (u_t L)²)
    const squares =
      (BigInt(baseLengthUncertaintyMicrometre) * sum) ** 2n + count * (BigInt(timeUncertaintyNanosecond) * length) ** 2n
    const uncertainty = rootUp((COVERAGE_K * count * CENTI_KILOMETRE_PER_HOUR) ** 2n * squares, sum ** 4n)
    const spread = times.map((time) => divideRounded(length * CENTI_KILOMETRE_PER_HOUR, time, 'half-even') - speed)
    return {
      values: [withUncertainty('speed', '\\kilo\\metre\\per\\hour', decimalOf(speed, 2), decimalOf(uncertainty, 2))],
      checks: [
        within('axles-agree', spread, permitted, 'the speed of each axle differs from their mean'),
        ...(reference === undefined
          ? []
          : [
              within(
                'reference',
                [speed - BigInt(reference.centiKilometrePerHour)],
                permitted,
                'the speed differs from the reference',
              ),
            ]),
      ],
      amounts: [],
    }
  },
}

/** In 0.01 km/h; a relative one is cut, which is the stricter way. */
function permissibleError(speed: bigint, { mpe }: SpeedParameters): bigint {
  if (speed <= BigInt(mpe.fixedUpToCentiKilometrePerHour)) return BigInt(mpe.fixedCentiKilometrePerHour)
  return (speed * BigInt(mpe.abovePpm)) / PPM
}

function within(rule: string, differences: readonly bigint[], permitted: bigint, what: string): Check {
  return {
    rule,
    demand: `${what} by at most ${formatDecimal(decimalOf(permitted, 2))} km/h`,
    holds: differences.every((difference) => difference <= permitted && -difference <= permitted),
  }
}
