import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, type Computed } from '../../src/contracts/measuring/algorithms/index.js'
import { rootUp } from '../../src/contracts/measuring/algorithms/uncertain.js'
import type { BrakeInputs, EnergyParameters, InputsOf, ParametersOf } from '../../src/contracts/measuring/schemas.js'
import { parseQuantity } from '../../src/formats/quantity.js'
import { BRAKE_PARAMETERS, CAR, ENERGY_PARAMETERS, SPEED_PARAMETERS } from './measuring-support.js'

/** docs/contracts/measuring.md, "Algorithms"; the oracles compute in floating point. */

function run(algorithm: string, inputs: InputsOf, parameters: ParametersOf): Computed {
  const computed = ALGORITHMS.get(algorithm)?.run(inputs, parameters) ?? { problem: 'no such algorithm' }
  if ('problem' in computed) throw new Error(computed.problem)
  for (const { name, ...text } of computed.values) {
    expect(parseQuantity(text), `${name} is a quantity of the D-SI`).toHaveProperty('expanded')
  }
  return computed
}

const quantity = ({ values }: Computed, name: string) => values.find((it) => it.name === name)
const number = (computed: Computed, name: string): number => Number(quantity(computed, name)?.value)
const uncertainty = (computed: Computed, name: string): number => Number(quantity(computed, name)?.uncertainty)
const holds = ({ checks }: Computed, rule: string) => checks.find((it) => it.rule === rule)?.holds

describe('speed-1', () => {
  const speed = { ...SPEED_PARAMETERS }
  const passage = (milliseconds: number) => ({ firstNanosecond: 1_000, secondNanosecond: 1_000 + milliseconds * 1e6 })

  it('is base length over time', () => {
    const computed = run('speed-1', { speed: { passages: [passage(36)] } }, { speed })
    expect(quantity(computed, 'speed')).toMatchObject({
      value: '100.00',
      unit: '\\kilo\\metre\\per\\hour',
      coverageFactor: '2',
    })
  })

  it('agrees with floating point, and the uncertainty with the law of propagation (GUM, 5.1.2)', () => {
    const times = fc.array(fc.integer({ min: 10_000_000, max: 2_000_000_000 }), { minLength: 1, maxLength: 16 })
    fc.assert(
      fc.property(times, fc.integer({ min: 100_000, max: 10_000_000 }), (ns, length) => {
        const parameters = { speed: { ...speed, baseLengthMicrometre: length } }
        const passages = ns.map((time) => ({ firstNanosecond: 7, secondNanosecond: 7 + time }))
        const computed = run('speed-1', { speed: { passages } }, parameters)
        const mean = ns.reduce((sum, time) => sum + time, 0) / ns.length
        const v = (length / mean) * 3_600
        expect(Math.abs(number(computed, 'speed') - v)).toBeLessThan(0.00501)
        const relative = Math.hypot(
          speed.baseLengthUncertaintyMicrometre / length,
          speed.timeUncertaintyNanosecond / mean / Math.sqrt(ns.length),
        )
        const U = 2 * v * relative
        expect(uncertainty(computed, 'speed')).toBeGreaterThanOrEqual(U * (1 - 1e-9))
        expect(uncertainty(computed, 'speed') - U).toBeLessThan(0.0101)
      }),
    )
  })

  it.each([
    ['3 km/h at 100 km/h', 36, 10_300, true],
    ['3.01 km/h at 100 km/h', 36, 10_301, false],
    ['3 % at 200 km/h', 18, 19_400, true],
    ['more than 3 % at 200 km/h', 18, 19_399, false],
  ])('holds the MPE: %s', (_, milliseconds, centiKilometrePerHour, within) => {
    const inputs = { passages: [passage(milliseconds)], reference: { centiKilometrePerHour } }
    expect(holds(run('speed-1', { speed: inputs }, { speed }), 'reference')).toBe(within)
  })

  it('finds axles that do not agree', () => {
    expect(holds(run('speed-1', { speed: { passages: [passage(36), passage(36.5)] } }, { speed }), 'axles-agree')).toBe(
      true,
    )
    expect(holds(run('speed-1', { speed: { passages: [passage(36), passage(40)] } }, { speed }), 'axles-agree')).toBe(
      false,
    )
  })
})

describe('brake-2', () => {
  const parameters = { brake: BRAKE_PARAMETERS }
  const brake = (inputs: BrakeInputs) => run('brake-2', { brake: inputs }, parameters)

  it('gives mass, imbalances and efficiencies', () => {
    const computed = brake(CAR)
    expect(computed.values.map(({ name, value }) => [name, value])).toEqual([
      ['mass', '1325.121'],
      ['axle-1-imbalance', '6.52'],
      ['axle-2-imbalance', '6.67'],
      ['parking-efficiency', '19.62'],
      ['total-efficiency', '56.56'],
    ])
    expect(computed.checks.every((check) => check.holds)).toBe(true)
  })

  const axle = (left: number, right: number, weight: number) => ({
    leftForceNewton: left,
    rightForceNewton: right,
    weightNewton: weight,
  })
  const parking = { leftForceNewton: 1_000, rightForceNewton: 1_000 }

  it.each([
    ['an imbalance of 20 %', axle(1_000, 800, 3_000), 'axle-1-imbalance', true],
    ['an imbalance above 20 %', axle(10_000, 7_999, 30_000), 'axle-1-imbalance', false],
    ['an axle without force', axle(0, 0, 3_000), 'axle-1-imbalance', false],
    ['a parking brake of 18 %', axle(5_000, 5_000, 11_111), 'parking-efficiency', true],
    ['a parking brake below 18 %', axle(5_000, 5_000, 11_112), 'parking-efficiency', false],
    ['55 % of a light vehicle', axle(2_750, 2_750, 10_000), 'total-efficiency', true],
    ['less than 55 % of a light vehicle', axle(2_750, 2_749, 10_000), 'total-efficiency', false],
    // 34,323.275 N are 3500 kg
    ['50 % of a heavy vehicle', axle(8_581, 8_581, 34_324), 'total-efficiency', true],
    ['50 % of one that is just not heavy', axle(8_581, 8_581, 34_323), 'total-efficiency', false],
  ])('%s', (_, first, rule, expected) => {
    expect(holds(brake({ axles: [first], parking }), rule)).toBe(expected)
  })

  it('agrees with floating point', () => {
    const newton = fc.integer({ min: 1, max: 100_000 })
    const axles = fc.array(fc.tuple(newton, newton, newton), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(axles, newton, (them, held) => {
        const computed = brake({
          axles: them.map(([left, right, weight]) => axle(left, right, weight)),
          parking: { leftForceNewton: held, rightForceNewton: 0 },
        })
        const weight = them.reduce((sum, [, , w]) => sum + w, 0)
        const force = them.reduce((sum, [left, right]) => sum + left + right, 0)
        expect(number(computed, 'mass')).toBeCloseTo(weight / 9.80665, 2)
        expect(Math.abs(number(computed, 'total-efficiency') - (100 * force) / weight)).toBeLessThan(0.00501)
        expect(Math.abs(number(computed, 'parking-efficiency') - (100 * held) / weight)).toBeLessThan(0.00501)
        const U = 2 * number(computed, 'total-efficiency') * Math.hypot(0.01, 0.005)
        expect(uncertainty(computed, 'total-efficiency') - U).toBeGreaterThanOrEqual(-1e-9)
        expect(uncertainty(computed, 'total-efficiency') - U).toBeLessThan(0.0101)
      }),
    )
  })

  it('brake-1 inverts the ratio and adds the parking brake, as it was published', () => {
    const computed = run('brake-1', { brake: CAR }, parameters)
    expect(number(computed, 'total-efficiency')).toBeCloseTo((100 * 12_995) / (7_350 + 2_550), 2)
  })
})

describe('energy-1', () => {
  const energy = ENERGY_PARAMETERS

  /** Local time by the tables of the machine. */
  const local = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    weekday: 'short',
    hour: '2-digit',
    hourCycle: 'h23',
  })
  const isHigh = (timeMs: number): boolean => {
    const parts = Object.fromEntries(local.formatToParts(timeMs).map(({ type, value }) => [type, value]))
    return !['Sat', 'Sun'].includes(parts.weekday ?? '') && Number(parts.hour) >= 6 && Number(parts.hour) < 22
  }

  it('assigns every interval as the calendar and clocks of Berlin do, over both changes of summer time', () => {
    const start = fc
      .integer({ min: 0, max: 300 * 24 * 4 })
      .map((quarters) => Date.UTC(2025, 11, 1) + quarters * 900_000)
    const metered = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 700 })
    fc.assert(
      fc.property(start, metered, (startMs, energyWattHour) => {
        const computed = run('energy-1', { energy: { startMs, intervalMinutes: 15, energyWattHour } }, { energy })
        const sums = { low: 0, high: 0 }
        for (const [i, wh] of energyWattHour.entries())
          if (isHigh(startMs + i * 900_000)) sums.high += wh
          else sums.low += wh
        expect(number(computed, 'energy-low')).toBe(sums.low / 1_000)
        expect(number(computed, 'energy-high')).toBe(sums.high / 1_000)
      }),
      { numRuns: 60 },
    )
  })

  it('rounds each line once, half up, and the total is the sum of the lines', () => {
    const monday = Date.UTC(2026, 10, 23, 4)
    // 05:00 to 07:00 local: 1 hour low, 1 hour high
    const computed = run(
      'energy-1',
      { energy: { startMs: monday, intervalMinutes: 60, energyWattHour: [1_287, 2_344] } },
      { energy },
    )
    expect(computed.amounts).toEqual([
      { name: 'low', amount: '0.29', currency: 'EUR' },
      { name: 'high', amount: '0.82', currency: 'EUR' },
      { name: 'total', amount: '1.11', currency: 'EUR' },
    ])
    expect(quantity(computed, 'energy')).toMatchObject({
      value: '3.631',
      unit: '\\kilo\\watt\\hour',
      uncertainty: '0.037',
    })
  })

  it('takes a month of quarters of an hour', () => {
    const energyWattHour = Array.from({ length: 2_976 }, () => 1_000_000_000)
    const computed = run(
      'energy-1',
      { energy: { startMs: Date.UTC(2026, 0, 1), intervalMinutes: 15, energyWattHour } },
      { energy },
    )
    expect(quantity(computed, 'energy')?.value).toBe('2976000000.000')
  })

  it.each<[string, Partial<EnergyParameters>, string]>([
    [
      'a tariff that stands twice',
      {
        tariffs: [
          { name: 'low', priceMicro: 1 },
          { name: 'low', priceMicro: 2 },
        ],
      },
      'a tariff stands twice',
    ],
    [
      'a band of no tariff',
      { bands: [{ days: 'workday', fromMinute: 0, tariff: 'x' }] },
      'a band names the tariff x, which is not there',
    ],
    [
      'a day that begins late',
      { bands: [{ days: 'workday', fromMinute: 5, tariff: 'low' }] },
      'the first band of a workday does not begin at minute 0',
    ],
    [
      'no bands for weekends',
      { bands: [{ days: 'workday', fromMinute: 0, tariff: 'low' }] },
      'the first band of a weekend does not begin at minute 0',
    ],
    [
      'bands out of order',
      { bands: [0, 60, 30].map((fromMinute) => ({ days: 'workday' as const, fromMinute, tariff: 'low' })) },
      'the bands of a workday are not in the order of their beginning',
    ],
    [
      'offsets out of order',
      {
        offsets: [
          { fromMs: 5, minutes: 0 },
          { fromMs: 5, minutes: 60 },
        ],
      },
      'the offsets are not in the order of their beginning',
    ],
  ])('refuses parameters with %s', (_, change, problem) => {
    expect(ALGORITHMS.get('energy-1')?.parametersProblem({ energy: { ...energy, ...change } })).toBe(problem)
  })
})

describe('rootUp', () => {
  it('is the smallest integer whose square is not less', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.bigInt({ min: 1n, max: 10n ** 20n }), (a, b) => {
        const root = rootUp(a, b)
        return root * root * b >= a && (root === 0n || (root - 1n) * (root - 1n) * b < a)
      }),
    )
  })
})
