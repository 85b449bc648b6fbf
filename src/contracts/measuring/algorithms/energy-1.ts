import { decimalOf, divideRounded, formatDecimal } from '../../../formats/decimal.js'
import type { EnergyInputs, EnergyParameters } from '../schemas.js'
import type { Algorithm } from './algorithm.js'
import { withUncertainty } from './uncertain.js'

const MILLISECONDS_A_MINUTE = 60_000
const MINUTES_A_DAY = 1_440
/** 1970-01-01 was a Thursday; days count from Monday. */
const FIRST_WEEKDAY = 3
const PPM = 1_000_000n
/** Wh × price per kWh in millionths of the currency, to its hundredths. */
const PRICE_TO_CENT = 10_000_000n

/**
 * Energy of equal intervals, billed by time of use. An interval belongs to the tariff at its beginning, in local time by the offsets
 * that the parameters list (so daylight saving needs no table of time zones); no interval lies across the beginning of a band. Amounts are
 * rounded once for each tariff, half up to the hundredth, and the total is their sum, so that the lines of a bill add up.
 */
export const energy1: Algorithm<EnergyInputs, EnergyParameters> = {
  summary: 'Billing of metered intervals by time-of-use tariffs, by local time and day of the week.',

  parametersProblem({ tariffs, bands, offsets }) {
    const names = tariffs.map(({ name }) => name)
    if (new Set(names).size !== names.length) return 'a tariff stands twice'
    for (const { tariff } of bands)
      if (!names.includes(tariff)) return `a band names the tariff ${tariff}, which is not there`
    for (const days of ['workday', 'weekend'] as const) {
      const of = bands.filter((band) => band.days === days)
      if (of[0]?.fromMinute !== 0) return `the first band of a ${days} does not begin at minute 0`
      const inOrder = of.every((band, i) => i === 0 || band.fromMinute > (of[i - 1]?.fromMinute ?? 0))
      if (!inOrder) return `the bands of a ${days} are not in the order of their beginning`
    }
    const later = offsets.every((offset, i) => i === 0 || offset.fromMs > (offsets[i - 1]?.fromMs ?? 0))
    return later ? undefined : 'the offsets are not in the order of their beginning'
  },

  inputsProblem({ startMs, intervalMinutes }, { bands, offsets }) {
    if (startMs % (intervalMinutes * MILLISECONDS_A_MINUTE) !== 0)
      return 'the start does not lie on the grid of the intervals'
    const first = Math.max(offsets[0]?.fromMs ?? 0, MINUTES_A_DAY * MILLISECONDS_A_MINUTE)
    if (startMs < first) return `the offset from UTC is not known before ${first}`
    const onGrid = (minute: number): boolean => minute % intervalMinutes === 0
    if (!bands.every(({ fromMinute }) => onGrid(fromMinute))) return 'an interval lies across the beginning of a band'
    const offsetsFit = offsets.every(
      ({ fromMs, minutes }) => onGrid(minutes) && fromMs % (intervalMinutes * MILLISECONDS_A_MINUTE) === 0,
    )
    return offsetsFit ? undefined : 'an offset from UTC does not lie on the grid of the intervals'
  },

  compute({ startMs, intervalMinutes, energyWattHour }, parameters) {
    const { tariffs, currency, energyUncertaintyPpm } = parameters
    const sums = new Map(tariffs.map(({ name }) => [name, 0n]))
    for (const [i, energy] of energyWattHour.entries()) {
      const name = tariffAt(startMs + i * intervalMinutes * MILLISECONDS_A_MINUTE, parameters)
      sums.set(name, (sums.get(name) ?? 0n) + BigInt(energy))
    }
    const quantity = (name: string, wattHours: bigint) =>
      withUncertainty(
        name,
        '\\kilo\\watt\\hour',
        decimalOf(wattHours, 3),
        decimalOf(divideRounded(wattHours * BigInt(energyUncertaintyPpm), PPM, 'up'), 3),
      )
    const lines = tariffs.map(({ name, priceMicro }) => {
      const energy = sums.get(name) ?? 0n
      return { name, energy, cents: divideRounded(energy * BigInt(priceMicro), PRICE_TO_CENT, 'half-up') }
    })
    const money = (name: string, cents: bigint) => ({ name, amount: formatDecimal(decimalOf(cents, 2)), currency })
    return {
      values: [
        ...lines.map(({ name, energy }) => quantity(`energy-${name}`, energy)),
        quantity(
          'energy',
          lines.reduce((sum, { energy }) => sum + energy, 0n),
        ),
      ],
      checks: [],
      amounts: [
        ...lines.map(({ name, cents }) => money(name, cents)),
        money(
          'total',
          lines.reduce((sum, { cents }) => sum + cents, 0n),
        ),
      ],
    }
  },
}

function tariffAt(timeMs: number, { bands, offsets }: EnergyParameters): string {
  const offset = offsets.findLast(({ fromMs }) => fromMs <= timeMs)?.minutes ?? 0
  const minutes = Math.trunc(timeMs / MILLISECONDS_A_MINUTE) + offset
  const minute = minutes % MINUTES_A_DAY
  const weekday = (Math.trunc(minutes / MINUTES_A_DAY) + FIRST_WEEKDAY) % 7
  const days = weekday < 5 ? 'workday' : 'weekend'
  return bands.findLast((band) => band.days === days && band.fromMinute <= minute)?.tariff ?? ''
}
