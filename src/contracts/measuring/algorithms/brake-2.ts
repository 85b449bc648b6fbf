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
 * Roller brake tester: mass = sum of the axle weights / 9.80665 m/s²; imbalance of each axle; efficiency of the parking brake and
 * of the service brake as braking force over weight. Limits are compared exactly with the measured figures; uncertainty is stated and not
 * taken off.
 */
export const brake2: Algorithm<BrakeInputs, BrakeParameters> = {
  summary: 'Roller brake tester: mass, axle imbalance, parking brake, total efficiency as braking force over weight.',
  parametersProblem: () => undefined,
  inputsProblem: brakeInputsProblem,

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
        ratioQuantity('total-efficiency', percent(force, weight), relative),
      ],
      checks: [
        ...checks,
        atLeast('parking-efficiency', parking, weight, parameters.parkingPercentMin),
        atLeast('total-efficiency', force, weight, needed),
      ],
      amounts: [],
    }
  },
}
