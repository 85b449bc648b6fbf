import type { Contract } from './contract.js'
import { fuel } from './fuel/index.js'
import { governance } from './governance/index.js'
import { identity } from './identity/index.js'
import { logbook } from './logbook/index.js'
import { pki } from './pki/index.js'

export { StateUnreadable } from './block-state.js'
export type { RefusalInfo } from './callers.js'
export type {
  Caller,
  Contract,
  Json,
  Method,
  MethodContext,
  MutableStateView,
  Query,
  QueryContext,
  StateView,
} from './contract.js'
export { defineMethod, defineQuery } from './contract.js'
export type { ContractDescription, Meaning, MethodDescription, QueryDescription } from './describe.js'
export {
  type CandidatesRecord,
  governanceKeys,
  type RegisterRecord,
  scheduledView,
  type ViewRecord,
} from './governance/records.js'
export type { QueryReader } from './query-context.js'
export type {
  Answer,
  Block,
  Description,
  Execution,
  Fault,
  Runtime,
  RuntimeOptions,
} from './runtime.js'
export { createRuntime } from './runtime.js'
export { fuel, governance, identity, logbook, pki }

/** The contracts that every node carries, by name: clients have their types of arguments and results from here. */
export interface BuiltIn {
  readonly fuel: typeof fuel
  readonly governance: typeof governance
  readonly identity: typeof identity
  readonly logbook: typeof logbook
  readonly pki: typeof pki
}

/** The contracts that every node carries, in the order of their names. */
export const BUILT_IN_CONTRACTS: readonly Contract[] = [fuel, governance, identity, logbook, pki]
