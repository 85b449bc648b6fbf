import type { Member, Role } from '../types/index.js'
import type { Contract, Method, Query } from './contract.js'
import { plainSchema } from './schema.js'

/** What a contract set offers, as data: OpenAPI, the CLI's help, the dashboard's forms and the pages of docs/ are made from it. */

type JsonSchema = Readonly<Record<string, unknown>>

/** A stable code or name and what it means. */
export interface Meaning {
  readonly code: string
  readonly text: string
}

export interface QueryDescription {
  readonly name: string
  readonly summary: string
  readonly args: JsonSchema
  readonly refusals: readonly Meaning[]
}

export interface MethodDescription extends QueryDescription {
  /** Empty: any organization. */
  readonly roles: readonly Role[]
  /** Empty: any member. */
  readonly kinds: readonly Member['kind'][]
  readonly signed: boolean
  readonly events: readonly Meaning[]
}

export interface ContractDescription {
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly reads: readonly string[]
  readonly methods: readonly MethodDescription[]
  readonly queries: readonly QueryDescription[]
}

export function describeContracts(contracts: readonly Contract[]): readonly ContractDescription[] {
  return contracts.map((contract) => ({
    name: contract.name,
    version: contract.version,
    summary: contract.summary,
    reads: contract.reads,
    methods: Object.entries(contract.methods).map(([name, method]) => describeMethod(contract, name, method)),
    queries: Object.entries(contract.queries).map(([name, query]) => describeQuery(contract, name, query)),
  }))
}

function describeMethod(contract: Contract, name: string, method: Method): MethodDescription {
  return {
    ...describeQuery(contract, name, method),
    roles: method.roles === 'any' ? [] : method.roles,
    kinds: method.kinds ?? [],
    signed: method.signed === true,
    events: meanings(method.events, contract.events),
  }
}

function describeQuery(contract: Contract, name: string, query: Query | Method): QueryDescription {
  return {
    name,
    summary: query.summary,
    args: plainSchema(query.args),
    refusals: meanings(query.refusals, contract.refusals),
  }
}

function meanings(codes: readonly string[], texts: Readonly<Record<string, string>>): readonly Meaning[] {
  return codes.map((code) => ({ code, text: texts[code] ?? '' }))
}

/** Refusals that the runtime gives for any contract. */
export const RUNTIME_REFUSALS: Readonly<Record<string, string>> = {
  'runtime/unknown-contract': 'The contract set of this network has no contract of this name.',
  'runtime/unknown-method': 'The contract has no method of this name.',
  'runtime/unknown-query': 'The contract has no query of this name.',
  'runtime/invalid-arguments': 'The arguments do not fit the schema; the detail names the place and what was expected.',
  'runtime/signature-required': "The method demands the member's own signature; a replica's word is not enough.",
  'runtime/contract-fault':
    'The contract failed, alike on every replica. Nothing was changed. This is a bug to report.',
  'identity/unknown-organization': 'No organization of this id is enrolled.',
  'identity/organization-expelled': 'The organization was expelled by votes: nobody acts for it any more.',
  'identity/unknown-key': 'No organization has enrolled the key, or it is retired.',
  'identity/wrong-organization': 'The key belongs to another organization than the transaction names.',
  'identity/invalid-client': 'The name of a vouched client is empty or too long.',
  'identity/not-authorized': 'The method asks for a role or a kind of member that the caller does not have.',
}
