import { ALGORITHM_HASHES } from '../../generated/algorithm-hashes.js'
import type { InputsOf, ParametersOf } from '../schemas.js'
import type { Algorithm, Computed } from './algorithm.js'
import { brake1 } from './brake-1.js'
import { brake2 } from './brake-2.js'
import { energy1 } from './energy-1.js'
import { speed1 } from './speed-1.js'

export type { Computed } from './algorithm.js'

type Kind = keyof InputsOf & keyof ParametersOf

interface Wrong {
  readonly problem: string
}

/** A shipped algorithm, with its own part of inputs and parameters picked from the arguments. */
export interface Shipped {
  readonly kind: Kind
  readonly summary: string
  /** SHA-256 of its source and of what that imports (scripts/code-hashes.mjs). */
  readonly codeHash: string
  parametersProblem(parameters: ParametersOf): string | undefined
  run(inputs: InputsOf, parameters: ParametersOf): Computed | Wrong
}

function ship<K extends Kind>(
  name: string,
  kind: K,
  algorithm: Algorithm<NonNullable<InputsOf[K]>, NonNullable<ParametersOf[K]>>,
): readonly [string, Shipped] {
  const only = <T extends { readonly [P in Kind]?: unknown }>(what: string, given: T): NonNullable<T[K]> | Wrong => {
    const own = given[kind]
    if (own === undefined || own === null || Object.keys(given).length !== 1) {
      return { problem: `${name} takes ${what} under the name ${kind}, and no others` }
    }
    return own
  }
  const isWrong = (it: object): it is Wrong => 'problem' in it
  const shipped: Shipped = {
    kind,
    summary: algorithm.summary,
    codeHash: ALGORITHM_HASHES[name] ?? '',
    parametersProblem(given) {
      const parameters = only('parameters', given)
      return isWrong(parameters) ? parameters.problem : algorithm.parametersProblem(parameters)
    },
    run(givenInputs, givenParameters) {
      const parameters = only('parameters', givenParameters)
      if (isWrong(parameters)) return parameters
      const inputs = only('inputs', givenInputs)
      if (isWrong(inputs)) return inputs
      const problem = algorithm.inputsProblem(inputs, parameters)
      return problem === undefined ? algorithm.compute(inputs, parameters) : { problem }
    },
  }
  return [name, shipped]
}

/** Every revision that was ever shipped: old ones stay, so that what was computed with them can be computed again. */
export const ALGORITHMS: ReadonlyMap<string, Shipped> = new Map([
  ship('brake-1', 'brake', brake1),
  ship('brake-2', 'brake', brake2),
  ship('energy-1', 'energy', energy1),
  ship('speed-1', 'speed', speed1),
])
