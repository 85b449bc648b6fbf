import type { QuantityText } from '../../../formats/quantity.js'

/** A value with its unit in the D-SI and its expanded uncertainty. */
export type NamedQuantity = { readonly name: string } & { readonly [K in keyof QuantityText]: string }

/** A rule that was checked, and whether it holds. */
export type Check = {
  /** Stable name, such as `axle-1-imbalance`. */
  readonly rule: string
  /** For people: what is demanded. */
  readonly demand: string
  readonly holds: boolean
}

/** Money is no quantity of the SI. */
export type Amount = { readonly name: string; readonly amount: string; readonly currency: string }

/** What an algorithm gives; a function of inputs and parameters and of nothing else. */
export type Computed = {
  readonly values: readonly NamedQuantity[]
  readonly checks: readonly Check[]
  readonly amounts: readonly Amount[]
}

/**
 * One revision of one algorithm. Its source file and what that imports never change once a version that uses it is approved: the
 * hash of the text is what is approved. A correction is a new revision in a file of its own.
 */
export interface Algorithm<I, P> {
  readonly summary: string
  /** What is wrong with parameters that fit the schema; `undefined` where nothing is. */
  parametersProblem(parameters: P): string | undefined
  /** As above, of inputs. */
  inputsProblem(inputs: I, parameters: P): string | undefined
  compute(inputs: I, parameters: P): Computed
}
