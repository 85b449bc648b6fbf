import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { assert } from '../base/assert.js'
import { toHex, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Digest } from '../types/index.js'
import { encodeCanonical } from './canonical.js'
import type { Contract, Json, Method, Query } from './contract.js'
import { type ContractDescription, describeContracts } from './describe.js'
import { CODE_HASHES } from './generated/code-hashes.js'
import { assertBounded, explain, rulesOf } from './schema.js'

/** A method or query with its compiled check. */
export interface Entry<D extends Method | Query> {
  readonly contract: Contract
  readonly code: Digest
  readonly name: string
  readonly definition: D
  readonly refusals: ReadonlySet<string>
  fits(value: unknown): boolean
}

export interface Registered {
  readonly contract: Contract
  /** SHA-256 of what the contract is made of; of its declaration where it is not built in. */
  readonly code: Digest
  readonly methods: ReadonlyMap<string, Entry<Method>>
  readonly queries: ReadonlyMap<string, Entry<Query>>
}

/**
 * The contracts of a node by name and version; the first version given is the one that a network is founded with. A definition that
 * breaks the rules of contract.ts is a bug and asserted.
 */
export class Registry {
  readonly #contracts: ReadonlyMap<string, readonly Registered[]>
  readonly names: readonly string[]
  /** Of the newest version of each. */
  readonly description: readonly ContractDescription[]

  constructor(contracts: readonly Contract[], suite: CryptoSuite) {
    const byName = new Map<string, Registered[]>()
    for (const contract of contracts) {
      assertContract(contract)
      const versions = byName.get(contract.name) ?? []
      const known = versions.some(({ contract: { version } }) => version === contract.version)
      assert(!known, `two contracts ${contract.name} ${contract.version}`)
      const code = codeHash(contract, suite)
      const methods = entries(contract, code, contract.methods, 'method')
      const queries = entries(contract, code, contract.queries, 'query')
      byName.set(contract.name, [...versions, { contract, code, methods, queries }])
    }
    for (const { name, reads, writes = [] } of contracts) {
      for (const other of [...reads, ...writes]) assert(byName.has(other), `${name} reads ${other}, which is not there`)
    }
    this.#contracts = byName
    this.names = [...byName.keys()]
    this.description = describeContracts([...byName.values()].flatMap((versions) => versions.at(-1)?.contract ?? []))
  }

  /** @param version the founding one when absent */
  get(contract: string, version?: string): Registered | undefined {
    const versions = this.#contracts.get(contract)
    return version === undefined ? versions?.[0] : versions?.find((known) => known.contract.version === version)
  }

  /** Cost units of a call: those of the founding version, which every release has, so that all replicas count alike. */
  costOf(contract: string, method: string): number {
    return this.get(contract)?.methods.get(method)?.definition.cost ?? 1
  }

  /** SHA-256 of names, versions and what the methods of a set declare. Texts for people are left out. */
  hash(suite: CryptoSuite, contracts: readonly Registered[]): Digest {
    const set = contracts.map(({ contract }) => declarationOf(contract))
    return toHex(suite.sha256(utf8(`etalon contract set 1\n${encodeCanonical(set)}`)))
  }
}

function declarationOf({ name, version, reads, writes, methods, parameters }: Contract): Json {
  return {
    name,
    version,
    reads,
    ...(writes === undefined ? {} : { writes }),
    methods: Object.fromEntries(Object.entries(methods).map(([method, it]) => [method, declaration(it)])),
    ...(parameters === undefined
      ? {}
      : { parameters: { schema: rulesOf(parameters.schema), defaults: parameters.defaults } }),
  }
}

/** Of a contract that is built in, made from its sources (scripts/codegen.mjs). Others state what they are by their version. */
function codeHash(contract: Contract, suite: CryptoSuite): Digest {
  const { name, version } = contract
  const builtIn = CODE_HASHES[`${name}@${version}`]
  return builtIn ?? toHex(suite.sha256(utf8(`etalon contract 1\n${encodeCanonical(declarationOf(contract))}`)))
}

function declaration({ args, roles, kinds, signed, events, refusals, cost = 1 }: Method): Json {
  return { args: rulesOf(args), roles, kinds: kinds ?? 'any', signed: signed === true, events, refusals, cost }
}

function entries<D extends Method | Query>(
  contract: Contract,
  code: Digest,
  definitions: Readonly<Record<string, D>>,
  kind: string,
): ReadonlyMap<string, Entry<D>> {
  const byName = new Map<string, Entry<D>>()
  for (const [name, definition] of Object.entries(definitions)) {
    const where = `${contract.name} ${kind} ${name}`
    assertBounded(definition.args, where)
    for (const code of definition.refusals) assert(code in contract.refusals, `${where}: undocumented refusal ${code}`)
    byName.set(name, {
      contract,
      code,
      name,
      definition,
      refusals: new Set(definition.refusals),
      fits: checkOf(definition.args),
    })
  }
  return byName
}

/** Compiled checks by schema: every node of a process has the same contracts, and compiling them takes most of its start. */
const CHECKS = new WeakMap<TSchema, (value: unknown) => boolean>()

function checkOf(schema: TSchema): (value: unknown) => boolean {
  const known = CHECKS.get(schema)
  if (known !== undefined) return known
  const compiled = Compile(schema)
  const check = (value: unknown): boolean => compiled.Check(value)
  CHECKS.set(schema, check)
  return check
}

/** What stands in the state beside the contracts: the heads of the lanes. */
const RESERVED: readonly string[] = ['lanes']

function assertContract({ name, version, events, refusals, methods, queries, parameters }: Contract): void {
  assert(/^[a-z][a-z0-9-]{0,31}$/.test(name), `a contract cannot have the name ${name}`)
  assert(!RESERVED.includes(name), `the name ${name} is taken in the state`)
  assert(/^\d+\.\d+\.\d+$/.test(version), `${name}: a version has the form 1.0.0`)
  for (const id of [...Object.keys(events), ...Object.keys(refusals)]) {
    assert(id.startsWith(`${name}/`) && /^[a-z0-9/-]{1,64}$/.test(id), `${name}: ${id} is not of the form ${name}/…`)
  }
  for (const method of Object.values(methods)) {
    for (const event of method.events) assert(event in events, `${name}: undocumented event ${event}`)
  }
  if (parameters !== undefined) {
    assertBounded(parameters.schema, `${name} parameters`)
    const problem = explain(parameters.schema, parameters.defaults)
    assert(problem === undefined, `${name}: the defaults of the parameters: ${problem}`)
  }
  const used = new Set([...Object.values(methods), ...Object.values(queries)].flatMap(({ refusals: codes }) => codes))
  for (const code of Object.keys(refusals)) assert(used.has(code), `${name}: no method or query refuses with ${code}`)
}
