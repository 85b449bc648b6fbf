import type { CryptoSuite } from '../crypto/suite.js'
import type { Digest, Height, NetworkParameters, TimeMs } from '../types/index.js'
import { type BlockState, parseValue, TransactionState } from './block-state.js'
import { encodeCanonical } from './canonical.js'
import type {
  Caller,
  Contract,
  Json,
  Method,
  MethodContext,
  MutableStateView,
  Producer,
  StateView,
} from './contract.js'
import type { Entry } from './registry.js'
import { type InForce, type Settings, settingsOf } from './settings.js'

/** Events that one transaction may emit. */
export const EVENTS_MAX = 64
/** Characters of the canonical JSON of one result or event. */
export const OUTPUT_LENGTH_MAX = 65_536
/** Characters of a refusal's text; the rest is cut off. */
export const DETAIL_LENGTH_MAX = 512

/** Thrown by `refuse`; becomes a receipt. Not an Error: refusals are everyday business, and a stack costs microseconds. */
export class Refusal {
  readonly code: string
  readonly detail: string

  constructor(code: string, detail: string) {
    this.code = code
    this.detail = cut(detail)
  }
}

/** Cuts a text without leaving half of a surrogate pair. */
function cut(detail: string): string {
  return (detail.length > DETAIL_LENGTH_MAX ? detail.slice(0, DETAIL_LENGTH_MAX) : detail).toWellFormed()
}

/** What is the same for all transactions of a block. */
export interface BlockContext {
  readonly height: Height
  readonly timeMs: TimeMs
  readonly suite: CryptoSuite
  readonly parameters: NetworkParameters
  readonly state: BlockState
  readonly settings: Settings
  readonly network: Digest
  readonly parameterProblem: (contract: string, values: Json) => string | undefined
}

/** Canonical JSON of an event, with its name. */
export interface EmittedEvent {
  readonly name: string
  readonly data: string
}

const NO_EVENTS: readonly EmittedEvent[] = []

/** One call of one method: the context that the handler sees, and what the call gave. */
export class Call implements MethodContext {
  readonly #block: BlockContext
  readonly #entry: Entry<Method>
  #changes: TransactionState | undefined
  #state: Namespace | undefined
  #events: EmittedEvent[] | undefined
  readonly transaction: Digest
  readonly caller: Caller
  /** The first refusal. A handler that catches it does not undo it. */
  refused: Refusal | undefined

  constructor(block: BlockContext, entry: Entry<Method>, transaction: Digest, caller: Caller) {
    this.#block = block
    this.#entry = entry
    this.transaction = transaction
    this.caller = caller
  }

  get state(): MutableStateView {
    this.#state ??= new Namespace(this.#entry.contract.name, this.#overlay())
    return this.#state
  }

  /** Made when it is first needed: many transactions touch no state. */
  #overlay(): TransactionState {
    this.#changes ??= new TransactionState(this.#block.state)
    return this.#changes
  }

  get height(): Height {
    return this.#block.height
  }

  get timeMs(): TimeMs {
    return this.#block.timeMs
  }

  get crypto(): CryptoSuite {
    return this.#block.suite
  }

  get parameters(): NetworkParameters {
    return this.#block.parameters
  }

  get network(): Digest {
    return this.#block.network
  }

  settings<T extends Json = Json>(): T {
    return settingsOf<T>(this.#entry.contract, this.#inForce())
  }

  producer(): Producer {
    return this.#inForce().producer
  }

  #inForce(): InForce {
    return this.#block.settings.inForce(this.#entry, (key) => this.#block.state.text(key))
  }

  other(contract: string): StateView {
    assertReads(this.#entry.contract, contract)
    return new Namespace(contract, this.#overlay(), true)
  }

  writable(contract: string): MutableStateView {
    const { name, writes } = this.#entry.contract
    if (writes?.includes(contract) !== true) throw new RangeError(`${name} does not declare that it writes ${contract}`)
    return new Namespace(contract, this.#overlay())
  }

  parameterProblem(contract: string, values: Json): string | undefined {
    return this.#block.parameterProblem(contract, values)
  }

  emit(name: string, data: Json): void {
    if (!this.#entry.definition.events.includes(name)) throw new RangeError(`undeclared event ${name}`)
    this.#events ??= []
    if (this.#events.length >= EVENTS_MAX) throw new RangeError('too many events in one transaction')
    this.#events.push({ name, data: encodeOutput(data) })
  }

  refuse(code: string, detail: string): never {
    if (!this.#entry.refusals.has(code)) throw new RangeError(`undeclared refusal ${code}`)
    this.refused ??= new Refusal(code, detail)
    throw this.refused
  }

  get events(): readonly EmittedEvent[] {
    return this.#events ?? NO_EVENTS
  }

  get changes(): ReadonlyMap<string, string | undefined> | undefined {
    return this.#changes?.changes
  }
}

export function encodeOutput(value: Json): string {
  const text = encodeCanonical(value)
  if (text.length > OUTPUT_LENGTH_MAX) throw new RangeError('a result or event that is too long')
  return text
}

export function assertReads(contract: Contract, other: string): void {
  if (!contract.reads.includes(other)) throw new RangeError(`${contract.name} does not declare that it reads ${other}`)
}

class Namespace implements MutableStateView {
  readonly #prefix: string
  readonly #state: TransactionState
  readonly #readOnly: boolean

  constructor(contract: string, state: TransactionState, readOnly = false) {
    this.#prefix = `${contract}/`
    this.#state = state
    this.#readOnly = readOnly
  }

  get<T extends Json = Json>(key: string): T | undefined {
    return parseValue<T>(this.#state.text(this.#prefix + key))
  }

  set(key: string, value: Json): void {
    if (this.#readOnly) throw new RangeError('a write to the state of another contract')
    this.#state.set(this.#prefix + key, value)
  }

  delete(key: string): void {
    if (this.#readOnly) throw new RangeError('a write to the state of another contract')
    this.#state.delete(this.#prefix + key)
  }
}
