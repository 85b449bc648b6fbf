import type { Static, TObject } from 'typebox'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Digest, Genesis, Height, Member, NetworkParameters, Role, TimeMs } from '../types/index.js'

/**
 * The interface that a contract's author writes against. A contract is a deterministic state machine: what a method does
 * depends on its arguments, its context and the state, and on nothing else. Numbers are integers in named units.
 */

/** What state, results and events are made of. Numbers are safe integers; canonical.ts holds the rules. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Who sent the transaction. */
export interface Caller {
  readonly organization: string
  readonly roles: readonly Role[]
  /** Name within the organization. Of a vouched caller it is what the organization's replica says it is. */
  readonly member: string
  readonly kind: Member['kind']
  /** `signed` by the member's own key, or `vouched` for by the replica of the organization. */
  readonly mode: 'signed' | 'vouched'
}

export interface StateView {
  /** The value of a key of one contract's name space. Every call gives a value of its own. */
  get<T extends Json = Json>(key: string): T | undefined
}

export interface MutableStateView extends StateView {
  /** @param key 1 to 512 bytes of UTF-8, `<contract>/` included */
  set(key: string, value: Json): void
  delete(key: string): void
}

/** What produced a finding: SHA-256 of the contract's code and of its parameters in force, hexadecimal. */
export type Producer = {
  readonly code: Digest
  readonly parameters: Digest
}

interface BaseContext<R extends string> {
  readonly crypto: CryptoSuite
  /** Id of the network, hexadecimal: the hash of its genesis document. */
  readonly network: Digest
  readonly parameters: NetworkParameters
  /**
   * Parameters of the contract in force: as governance set them, else the defaults of its `parameters`.
   * @throws RangeError in a contract that declares none
   */
  settings<T extends Json = Json>(): T
  producer(): Producer
  /** State of another contract, read only; its name must stand in `reads`. */
  other(contract: string): StateView
  /**
   * Ends the call with a refusal: it throws, and all changes and events of the transaction are dropped. The code must
   * be one that the method lists. `return ctx.refuse(…)` lets the compiler see that nothing comes after.
   * @param detail for people, with the values that matter
   */
  refuse(code: R, detail: string): never
}

export interface MethodContext<R extends string = string, E extends string = string> extends BaseContext<R> {
  readonly height: Height
  /** Time of the block, UTC: the only clock there is. */
  readonly timeMs: TimeMs
  /** Id of the transaction: the reference under which its receipt is found and proved. */
  readonly transaction: Digest
  readonly caller: Caller
  /** The contract's own name space. */
  readonly state: MutableStateView
  emit(name: E, data: Json): void
  /** State of another contract, to be written; its name must stand in `writes`. */
  writable(contract: string): MutableStateView
  /** What is wrong with a document as the parameters of a contract, for people; `undefined` when it fits. */
  parameterProblem(contract: string, values: Json): string | undefined
}

export interface ListedEntry<T extends Json> {
  readonly key: string
  readonly value: T
}

export interface QueryContext<R extends string = string> extends BaseContext<R> {
  readonly state: StateView
  /**
   * Entries of the contract's own name space whose keys begin with the prefix, in ascending order.
   * @param limit entries at most
   * @param after the key after which to go on
   */
  list<T extends Json>(prefix: string, limit: number, after?: string): Promise<readonly ListedEntry<T>[]>
}

/** Parameters that organizations set by votes, as one document. */
export interface ParameterSet {
  /** Closed and bounded, as for arguments. */
  readonly schema: TObject
  /** Must fit the schema. */
  readonly defaults: Json
}

/** A method as the runtime sees it; authors write it with `defineMethod`. */
export interface Method {
  /** One sentence. */
  readonly summary: string
  /** Closed (`additionalProperties: false`) and with a bound on every text, number and list. */
  readonly args: TObject
  /** Roles of which the caller's organization must hold one. */
  readonly roles: readonly Role[] | 'any'
  /** Kinds of member that may call; all when absent. Vouched callers are of the kind `client`. */
  readonly kinds?: readonly Member['kind'][]
  /** The member's own signature is demanded: a replica's word does not do. */
  readonly signed?: boolean
  /** Cost units, 1 when absent: about what a plain method takes. A block holds so many at most (rule N1). */
  readonly cost?: number
  /** Events that it may emit, from the contract's list. */
  readonly events: readonly string[]
  /** Codes with which it may refuse, from the contract's list. */
  readonly refusals: readonly string[]
  handler(ctx: MethodContext, args: never): Json
}

/** A read of the finalized state; it never goes through consensus. */
export interface Query {
  readonly summary: string
  readonly args: TObject
  readonly refusals: readonly string[]
  handler(ctx: QueryContext, args: never): Promise<Json> | Json
}

/** A method or query that remembers the types of its arguments and its result, from which clients have theirs. */
export type Typed<D extends Method | Query, A extends TObject, J> = Omit<D, 'args' | 'handler'> & {
  readonly args: A
  handler(ctx: Parameters<D['handler']>[0], args: never): J
}

/** Keeps the types of args, codes, events and result together while a method is written. */
export function defineMethod<
  const A extends TObject,
  const R extends string,
  const E extends string,
  const J extends Json,
>(
  method: Omit<Method, 'args' | 'refusals' | 'events' | 'handler'> & {
    readonly args: A
    readonly refusals: readonly R[]
    readonly events: readonly E[]
    handler(ctx: MethodContext<R, E>, args: Static<A>): J
  },
): Typed<Method, A, J> {
  return method
}

/** As `defineMethod`, for a query. */
export function defineQuery<const A extends TObject, const R extends string, const J extends Json>(
  query: Omit<Query, 'args' | 'refusals' | 'handler'> & {
    readonly args: A
    readonly refusals: readonly R[]
    handler(ctx: QueryContext<R>, args: Static<A>): Promise<J> | J
  },
): Typed<Query, A, Promise<J> | J> {
  return query
}

export interface Contract {
  /** Lower-case letters, digits and hyphens; also its name space in the state. */
  readonly name: string
  /** Changes with every change of behaviour. */
  readonly version: string
  readonly summary: string
  /** It came with a later release: in force from the height that votes approve, and nowhere before. */
  readonly byVotes?: true
  /** Contracts whose state it may read. */
  readonly reads: readonly string[]
  /** Contracts whose state it may write as well: of governance alone, which founds and ends organizations. */
  readonly writes?: readonly string[]
  /** Name, `<contract>/<what happened>`, and meaning of every event. */
  readonly events: Readonly<Record<string, string>>
  /** Code, `<contract>/<what is wrong>`, and meaning of every refusal. */
  readonly refusals: Readonly<Record<string, string>>
  readonly methods: Readonly<Record<string, Method>>
  readonly queries: Readonly<Record<string, Query>>
  readonly parameters?: ParameterSet
  /** Entries that the founding document gives it. */
  genesis?(genesis: Genesis): readonly { readonly key: string; readonly value: Json }[]
}
