import type { BrakeInputs, BrakeParameters } from '../schemas.js'
import type { Algorithm } from './algorithm.js'
import {
  atLeast,
  brakeInputsProblem,
  imbalances,
  isHeavy,
  massOf,
  percent,
  ratioQuantity,
  sumsOf,
} from './brake-rules.js'

/**
 * FAULTY, and kept for that. The published prototype of a roller brake tester on a ledger computed the total efficiency as weight over
 * force, the wrong way round, and added the force of the parking brake to that of the service brake: a vehicle with worse brakes passes more
 * easily. What was computed with it stays reproducible; new tests run under brake-2, by which approved versions supersede it.
 */
export const brake1: Algorithm<BrakeInputs, BrakeParameters> = {
  summary: 'Roller brake tester as first published: the efficiency is inverted. Superseded by brake-2.',
  parametersProblem: () => undefined,
  inputsProblem: (inputs) => brakeInputsProblem(inputs) ?? forceProblem(inputs),

  compute(inputs, parameters) {
    const sums = sumsOf(inputs)
    const { weight, force, parking } = sums
    const relative = [parameters.forceUncertaintyPpm, parameters.weightUncertaintyPpm]
    const { values, checks } = imbalances(inputs, parameters)
    const needed = isHeavy(sums, parameters) ? parameters.heavyPercentMin : parameters.lightPercentMin
    return {
      values: [
        massOf(sums, parameters),
        ...values,
        ratioQuantity('parking-efficiency', percent(parking, weight), relative),
        ratioQuantity('total-efficiency', percent(weight, force + parking), relative),
      ],
      checks: [
        ...checks,
        atLeast('parking-efficiency', parking, weight, parameters.parkingPercentMin),
        atLeast('total-efficiency', weight, force + parking, needed),
      ],
      amounts: [],
    }
  },
}

function forceProblem(inputs: BrakeInputs): string | undefined {
  const { force, parking } = sumsOf(inputs)
  return force + parking === 0n ? 'there is no braking force at all' : undefined
}
