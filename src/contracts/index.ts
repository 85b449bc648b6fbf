import type { Contract } from './contract.js'
import { fuel } from './fuel/index.js'
import { governance } from './governance/index.js'
import { identity } from './identity/index.js'
import { logbook } from './logbook/index.js'
import { measuring } from './measuring/index.js'
import { pki } from './pki/index.js'
import { privacy } from './privacy/index.js'

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
export { type DccRecord, type DccStatus, dccStatus, logbookKeys } from './logbook/records.js'
export { ALGORITHMS as MEASURING_ALGORITHMS } from './measuring/algorithms/index.js'
export { evaluate, type Finding, findingHash, inputHash, isShipped } from './measuring/engine.js'
export { measuringKeys, type SoftwareRecord } from './measuring/records.js'
export {
  type CohortRecord,
  type DocumentRecord,
  type PaillierKeyRecord,
  privacyKeys,
  type RecipientRecord,
} from './privacy/records.js'
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
export { fuel, governance, identity, logbook, measuring, pki, privacy }

/** The contracts that every node carries, by name: clients have their types of arguments and results from here. */
export interface BuiltIn {
  readonly fuel: typeof fuel
  readonly governance: typeof governance
  readonly identity: typeof identity
  readonly logbook: typeof logbook
  readonly measuring: typeof measuring
  readonly pki: typeof pki
  readonly privacy: typeof privacy
}

/** The contracts that every node carries, in the order of their names. */
export const BUILT_IN_CONTRACTS: readonly Contract[] = [fuel, governance, identity, logbook, measuring, pki, privacy]
