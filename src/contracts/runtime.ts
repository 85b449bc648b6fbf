import { toHex } from '../base/bytes.js'
import { networkIdOf } from '../codec/genesis.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { StateChange, StateReader } from '../ports.js'
import type { Digest, Genesis, Height, Receipt, TimeMs, Transaction } from '../types/index.js'
import { checkArguments, parseArguments } from './arguments.js'
import { BlockState, readText, StateUnreadable } from './block-state.js'
import { type BlockContext, Call, encodeOutput, Refusal } from './call.js'
import { Callers, type RefusalInfo } from './callers.js'
import { canonicalBytes, compareUtf8 } from './canonical.js'
import type { Caller, Contract, Json, Method, Query } from './contract.js'
import { type ContractDescription, type Meaning, RUNTIME_REFUSALS } from './describe.js'
import { IDENTITY } from './identity/records.js'
import { GuardedReader, type QueryReader, queryContext } from './query-context.js'
import { type Entry, type Registered, Registry } from './registry.js'
import { explain, shown } from './schema.js'
import { Settings } from './settings.js'
import { TextSink } from './text.js'
import { Versions } from './versions.js'

export interface Block {
  readonly height: Height
  readonly timeMs: TimeMs
}

export interface Execution {
  /** One for each transaction, in order. */
  readonly receipts: Receipt[]
  /** Ascending by the UTF-8 bytes of the key, each key once. */
  readonly changes: StateChange[]
  /** Hash of the contract set that executed the block, as its header carries it. */
  readonly contractSet: Digest
}

export type Answer =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: string; readonly detail: string }

export interface Fault {
  readonly contract: string
  readonly method: string
  readonly error: unknown
}

export interface RuntimeOptions {
  readonly contracts: readonly Contract[]
  readonly suite: CryptoSuite
  readonly genesis: Genesis
  /** Told of every `runtime/contract-fault`: for a log and a counter; must not throw. */
  readonly onFault?: (fault: Fault) => void
}

export interface Description {
  readonly contracts: readonly ContractDescription[]
  /** Refusals of the runtime, possible for any method. */
  readonly refusals: readonly Meaning[]
}

/** Executes the contracts. Deterministic: equal transactions over an equal state give equal receipts and changes. */
export interface Runtime {
  /** Hash of the contract set that a network is founded with. */
  readonly contractSetHash: Digest
  /**
   * Executes the transactions of a block in order; each sees the changes of those before it.
   * @throws StateUnreadable when the reader fails, EtalonError `runtime/contract-missing` when this release is too old: the replica's own trouble, it must stop
   */
  execute(block: Block, transactions: readonly Transaction[], state: StateReader): Execution
  /** The same, transaction by transaction: the caller may let others run in between, but execute nothing else. */
  execution(block: Block, transactions: readonly Transaction[], state: StateReader): Generator<void, Execution>
  /** Cost units of a transaction, whatever becomes of it: those of its method in the newest contract that this release has. */
  costOf(transaction: Transaction): number
  /**
   * The refusal that execution would give without running the handler; `undefined` lets it pass. Advisory: state moves on.
   * @param height of the block that may hold it
   */
  admit(transaction: Transaction, state: StateReader, height: Height): RefusalInfo | undefined
  /**
   * Answers a query. Rejects only when the reader fails, or the contract is missing in this release.
   * @param args parsed JSON
   * @param height of the state that the reader gives
   */
  query(contract: string, query: string, args: unknown, reader: QueryReader, height: Height): Promise<Answer>
  /** The state at height 0, ascending by key. */
  genesisState(): StateChange[]
  describe(): Description
}

/** @throws AssertionFailed when a contract's definition breaks the rules of contract.ts */
export function createRuntime(options: RuntimeOptions): Runtime {
  return new ContractRuntime(options)
}

/** The contracts of one height. */
interface ContractSet {
  /** In the order in which they are registered. */
  readonly contracts: readonly Registered[]
  readonly byName: ReadonlyMap<string, Registered>
  readonly hash: Digest
}

/** What lives on from one executed block to the next. */
interface Executing {
  readonly reader: StateReader
  readonly callers: Callers
  height: number
  state: BlockState
}

/** A transaction as far as one version of its contract can judge it without the state. */
interface Judged {
  readonly by: Registered | undefined
  readonly prepared: Prepared
}

type Prepared = RefusalInfo | { readonly entry: Entry<Method>; readonly args: unknown }

const EMPTY = new Uint8Array(0)
const NO_EVENTS: readonly never[] = []
const FAULT_DETAIL = 'the contract failed; nothing was changed'

class ContractRuntime implements Runtime {
  readonly #options: RuntimeOptions
  readonly #registry: Registry
  readonly #settings: Settings
  /** Filled by admission, so that what was admitted is parsed once; what comes from other replicas is executed straight. */
  readonly #judged = new WeakMap<Transaction, Judged>()
  #remembered: { readonly reader: StateReader; readonly callers: Callers } | undefined
  /** Callers as of the block that was executed last. */
  #executing: Executing | undefined
  readonly #versions: Versions
  readonly #network: Digest
  /** The newest contract set. */
  #set: ContractSet
  readonly contractSetHash: Digest

  constructor(options: RuntimeOptions) {
    this.#options = options
    this.#registry = new Registry(options.contracts, options.suite)
    this.#settings = new Settings(options.suite)
    this.#versions = new Versions(this.#registry)
    this.#network = toHex(networkIdOf(options.suite.sha256, options.genesis))
    this.#set = this.#setOf(this.#versions.all(0, () => undefined))
    this.contractSetHash = this.#set.hash
  }

  execute(block: Block, transactions: readonly Transaction[], reader: StateReader): Execution {
    const steps = this.execution(block, transactions, reader)
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  }

  *execution(block: Block, transactions: readonly Transaction[], reader: StateReader): Generator<void, Execution> {
    this.#remembered = undefined
    const state = new BlockState(reader)
    const set = this.#setAt(block.height, state)
    const context = this.#contextOf(block, state, set)
    const callers = this.#callersFor(block, reader, state)
    const receipts: Receipt[] = []
    const sink = new TextSink()
    for (const transaction of transactions) {
      receipts.push(this.#run(transaction, context, set, callers, sink))
      yield
    }
    return { receipts, changes: state.changes(), contractSet: set.hash }
  }

  costOf({ contract, method }: Transaction): number {
    return this.#registry.costOf(contract, method)
  }

  #contextOf({ height, timeMs }: Block, state: BlockState, { byName }: ContractSet): BlockContext {
    const { suite, genesis } = this.#options
    const parameterProblem = (contract: string, values: Json): string | undefined => {
      const schema = byName.get(contract)?.contract.parameters?.schema
      return schema === undefined ? `${shown(contract)} has no parameters` : explain(schema, values)
    }
    const { parameters } = genesis
    const network = this.#network
    return { height, timeMs, suite, parameters, state, settings: this.#settings, network, parameterProblem }
  }

  /** The contracts that execute a height. Versions are approved ahead, so no block changes its own. */
  #setAt(height: Height, state: BlockState): ContractSet {
    const contracts = this.#versions.all(height, (key) => state.text(key))
    if (contracts.some((contract, i) => contract !== this.#set.contracts[i])) this.#set = this.#setOf(contracts)
    return this.#set
  }

  #setOf(contracts: readonly Registered[]): ContractSet {
    const byName = new Map(contracts.map((registered) => [registered.contract.name, registered]))
    return { contracts, byName, hash: this.#registry.hash(this.#options.suite, contracts) }
  }

  /** Callers live on from block to block, as long as the blocks follow one another over the same state. */
  #callersFor({ height }: Block, reader: StateReader, state: BlockState): Callers {
    const known = this.#executing
    if (known?.reader === reader && known.height === height - 1) {
      known.height = height
      known.state = state
      return known.callers
    }
    const callers = new Callers((key) => executing.state.text(key))
    const executing: Executing = { reader, height, state, callers }
    this.#executing = executing
    return callers
  }

  admit(transaction: Transaction, reader: StateReader, height: Height): RefusalInfo | undefined {
    const by = this.#versions.inForce(transaction.contract, height, (key) => readText(reader, key))
    const prepared = this.#prepare(transaction, by)
    this.#judged.set(transaction, { by, prepared })
    if ('code' in prepared) return prepared
    const { definition } = prepared.entry
    let caller = authorized(definition, this.#admission(reader).of(transaction))
    if ('code' in caller) {
      // what is remembered may be stale: a refusal is always judged afresh
      this.#remembered = undefined
      caller = authorized(definition, this.#admission(reader).of(transaction))
    }
    return 'code' in caller ? caller : undefined
  }

  /** Callers as of the last executed block. */
  #admission(reader: StateReader): Callers {
    if (this.#remembered?.reader !== reader) {
      const state = new BlockState(reader)
      this.#remembered = { reader, callers: new Callers((key) => state.text(key)) }
    }
    return this.#remembered.callers
  }

  /** As admission judged it, if that was by the same version. */
  #prepare(transaction: Transaction, by: Registered | undefined): Prepared {
    const judged = this.#judged.get(transaction)
    return judged !== undefined && judged.by === by ? judged.prepared : examine(transaction, by)
  }

  #run(
    transaction: Transaction,
    block: BlockContext,
    { byName }: ContractSet,
    callers: Callers,
    sink: TextSink,
  ): Receipt {
    const prepared = this.#prepare(transaction, byName.get(transaction.contract))
    if ('code' in prepared) return refusedReceipt(transaction, prepared)
    const { entry, args } = prepared
    const caller = authorized(entry.definition, callers.of(transaction))
    if ('code' in caller) return refusedReceipt(transaction, caller)
    const call = new Call(block, entry, transaction.id, caller)
    let result: string
    try {
      result = encodeOutput(entry.definition.handler(call, args as never))
    } catch (error) {
      if (block.state.failure !== undefined) throw block.state.failure
      if (error instanceof StateUnreadable) throw error
      if (call.refused !== undefined) return refusedReceipt(transaction, call.refused)
      return this.#faultReceipt(transaction, error)
    }
    if (block.state.failure !== undefined) throw block.state.failure
    if (call.refused !== undefined) return refusedReceipt(transaction, call.refused)
    if (call.changes !== undefined) {
      block.state.commit(call.changes)
      if (transaction.contract === IDENTITY || entry.contract.writes?.includes(IDENTITY) === true) callers.forget()
    }
    return doneReceipt(transaction, result, call, sink)
  }

  #faultReceipt(transaction: Transaction, error: unknown): Receipt {
    this.#options.onFault?.({ contract: transaction.contract, method: transaction.method, error })
    // neither message nor kind of the error: they differ between versions of V8
    return refusedReceipt(transaction, { code: 'runtime/contract-fault', detail: FAULT_DETAIL })
  }

  async query(contract: string, name: string, args: unknown, reader: QueryReader, height: Height): Promise<Answer> {
    const registered = this.#versions.inForce(contract, height, (key) => readText(reader, key))
    if (registered === undefined) return { ok: false, ...unknown('contract', contract) }
    const entry = registered.queries.get(name)
    if (entry === undefined) return { ok: false, ...unknown('query', `${contract}/${name}`) }
    const checked = checkArguments(args)
    if ('problem' in checked) return { ok: false, code: 'runtime/invalid-arguments', detail: checked.problem }
    if (!entry.fits(args)) return { ok: false, ...unfit(entry, args) }
    const guarded = new GuardedReader(reader)
    try {
      const value = await entry.definition.handler(
        queryContext(entry, guarded, { ...this.#options, settings: this.#settings, network: this.#network }),
        args as never,
      )
      encodeOutput(value)
      return { ok: true, value }
    } catch (error) {
      if (guarded.failed) throw guarded.failure
      if (error instanceof StateUnreadable) throw error
      if (error instanceof Refusal) return { ok: false, code: error.code, detail: error.detail }
      this.#options.onFault?.({ contract, method: name, error })
      return { ok: false, code: 'runtime/contract-fault', detail: FAULT_DETAIL }
    }
  }

  genesisState(): StateChange[] {
    const { genesis } = this.#options
    return this.#versions
      .all(0, () => undefined)
      .flatMap(({ contract }) =>
        (contract.genesis?.(genesis) ?? []).map(({ key, value }) => ({
          key: `${contract.name}/${key}`,
          value: canonicalBytes(value),
        })),
      )
      .sort((a, b) => compareUtf8(a.key, b.key))
  }

  describe(): Description {
    return {
      contracts: this.#registry.description,
      refusals: Object.entries(RUNTIME_REFUSALS).map(([code, text]) => ({ code, text })),
    }
  }
}

/** The caller when the method lets it in, else the refusal. */
function authorized({ roles, kinds }: Method, caller: Caller | RefusalInfo): Caller | RefusalInfo {
  if ('code' in caller) return caller
  if (roles !== 'any' && !roles.some((role) => caller.roles.includes(role))) {
    return {
      code: 'identity/not-authorized',
      detail: `${caller.organization} has none of the roles: ${roles.join(', ')}`,
    }
  }
  if (kinds !== undefined && !kinds.includes(caller.kind)) {
    return { code: 'identity/not-authorized', detail: `a member of the kind ${kinds.join(' or ')} must call this` }
  }
  return caller
}

function unknown(what: 'contract' | 'method' | 'query', name: string): RefusalInfo {
  return { code: `runtime/unknown-${what}`, detail: `there is no ${what} ${shown(name)}` }
}

function unfit({ definition }: Entry<Method | Query>, value: unknown): RefusalInfo {
  const detail = explain(definition.args, value) ?? 'the arguments do not fit the schema'
  return { code: 'runtime/invalid-arguments', detail }
}

function refusedReceipt({ id }: Transaction, { code, detail }: RefusalInfo): Receipt {
  return { transaction: id, status: 'refused', code, detail, result: EMPTY, events: NO_EVENTS }
}

function doneReceipt({ id }: Transaction, result: string, { events }: Call, sink: TextSink): Receipt {
  return {
    transaction: id,
    status: 'done',
    code: '',
    detail: '',
    result: sink.bytes(result),
    events: events.length === 0 ? NO_EVENTS : events.map(({ name, data }) => ({ name, data: sink.bytes(data) })),
  }
}

/** Everything that can be judged without the state. */
function examine(
  { contract, method, args, authentication }: Transaction,
  registered: Registered | undefined,
): Prepared {
  if (registered === undefined) return unknown('contract', contract)
  const entry = registered.methods.get(method)
  if (entry === undefined) return unknown('method', `${contract}/${method}`)
  if (entry.definition.signed === true && authentication.mode !== 'signed') {
    return {
      code: 'runtime/signature-required',
      detail: `${contract}/${method} must be signed by a member's own key`,
    }
  }
  const parsed = parseArguments(args)
  if ('problem' in parsed) return { code: 'runtime/invalid-arguments', detail: parsed.problem }
  if (!entry.fits(parsed.value)) return unfit(entry, parsed.value)
  return { entry, args: parsed.value }
}
