import type { Answer } from '../../src/contracts/index.js'
import { ALGORITHMS } from '../../src/contracts/measuring/algorithms/index.js'
import type {
  BrakeInputs,
  BrakeParameters,
  EnergyParameters,
  SpeedParameters,
} from '../../src/contracts/measuring/schemas.js'
import type { Chain, Result } from './support.js'

export const BRAKE_PARAMETERS: BrakeParameters = {
  heavyAboveKilogram: 3_500,
  imbalancePercentMax: 20,
  parkingPercentMin: 18,
  heavyPercentMin: 50,
  lightPercentMin: 55,
  forceUncertaintyPpm: 10_000,
  weightUncertaintyPpm: 5_000,
}

/** PTB-A 18.11: 3 km/h up to 100 km/h, 3 % above. */
export const SPEED_PARAMETERS: SpeedParameters = {
  baseLengthMicrometre: 1_000_000,
  baseLengthUncertaintyMicrometre: 500,
  timeUncertaintyNanosecond: 20_000,
  mpe: { fixedCentiKilometrePerHour: 300, fixedUpToCentiKilometrePerHour: 10_000, abovePpm: 30_000 },
}

/** Central European Time, with the summer time of 2026. */
export const ENERGY_PARAMETERS: EnergyParameters = {
  currency: 'EUR',
  tariffs: [
    { name: 'low', priceMicro: 221_500 },
    { name: 'high', priceMicro: 347_900 },
  ],
  bands: [
    { days: 'workday', fromMinute: 0, tariff: 'low' },
    { days: 'workday', fromMinute: 6 * 60, tariff: 'high' },
    { days: 'workday', fromMinute: 22 * 60, tariff: 'low' },
    { days: 'weekend', fromMinute: 0, tariff: 'low' },
  ],
  offsets: [
    { fromMs: Date.UTC(2025, 9, 26, 1), minutes: 60 },
    { fromMs: Date.UTC(2026, 2, 29, 1), minutes: 120 },
    { fromMs: Date.UTC(2026, 9, 25, 1), minutes: 60 },
  ],
  energyUncertaintyPpm: 10_000,
}

/** A car of 1,325.1 kg that brakes well. */
export const CAR: BrakeInputs = {
  axles: [
    { leftForceNewton: 2_300, rightForceNewton: 2_150, weightNewton: 7_600 },
    { leftForceNewton: 1_500, rightForceNewton: 1_400, weightNewton: 5_395 },
  ],
  parking: { leftForceNewton: 1_300, rightForceNewton: 1_250 },
}

export const codeHash = (algorithm: string): string => ALGORITHMS.get(algorithm)?.codeHash ?? ''

const PARAMETERS: Readonly<Record<string, object>> = {
  brake: { brake: BRAKE_PARAMETERS },
  speed: { speed: SPEED_PARAMETERS },
  energy: { energy: ENERGY_PARAMETERS },
}

/** Calls of the contract measuring; software carries the name of its kind. */
export class Measuring {
  readonly chain: Chain

  constructor(chain: Chain) {
    this.chain = chain
  }

  propose(algorithm: string, version: string, changes: object = {}, from = 'maker'): Result {
    const [software = ''] = algorithm.split('-')
    const args = {
      software,
      version,
      algorithm,
      codeHash: codeHash(algorithm),
      parameters: PARAMETERS[software],
      certificate: 'DE-26-M-0042',
      ...changes,
    }
    return this.chain.send('measuring.propose', { from, args })
  }

  approve(proposed: Result, from: string, changes: object = {}): Result {
    const { software, version, parametersHash } = proposed.value
    const { codeHash: hash } = proposed.events[0]?.data ?? {}
    const args = { software, version, parametersHash, codeHash: hash, ...changes }
    return this.chain.send('measuring.approve', { from, args })
  }

  /** Proposed and approved by two. */
  approved(algorithm: string, version: string, changes: object = {}): void {
    const proposed = this.propose(algorithm, version, changes)
    for (const { code } of [proposed, this.approve(proposed, 'inmetro'), this.approve(proposed, 'body')]) {
      if (code !== '') throw new Error(code)
    }
  }

  withdraw(software: string, version: string): Result {
    return this.chain.send('measuring.withdraw', { from: 'body', args: { software, version, reason: 'a fault' } })
  }

  register(system: string, software: string, changes: object = {}): Result {
    return this.chain.send('measuring.register', { from: 'grid', args: { system, software, ...changes } })
  }

  retire(system: string, from = 'grid'): Result {
    return this.chain.send('measuring.retire', { from, args: { system, reason: 'worn out' } })
  }

  measure(system: string, version: string, inputs: object, from = 'grid'): Result {
    return this.chain.send('measuring.measure', { from, client: 'collector', args: { system, version, inputs } })
  }

  reevaluate(of: Result, inputs: object, changes: object = {}): Promise<Answer> {
    const { finding, findingHash } = of.value as {
      finding: { software: string; version: string; inputHash: string }
      findingHash: string
    }
    const { software, version, inputHash } = finding
    return this.chain.ask('measuring.reevaluate', { software, version, inputs, inputHash, findingHash, ...changes })
  }
}
