import Type from 'typebox'
import type { Runtime } from '../contracts/index.js'
import type { Ledger, Logger } from '../ports.js'
import type { Replica, ReplicaContext } from '../replica/index.js'
import { REPLICA_CLIENT } from '../types/index.js'
import type { HeightGate } from './height-gate.js'
import { ProblemError } from './problems.js'

/** What the API shows of a node. */
export interface ApiModules {
  readonly replica: Pick<Replica, 'submit' | 'status' | 'network' | 'onFinal' | 'evidence'>
  readonly context: ReplicaContext
  readonly ledger: Ledger
  readonly runtime: Runtime
  readonly logger: Logger
  /** All counters by name. */
  readonly counters: () => Iterable<readonly [string, number]>
  /** Name of the organization's client that a bearer token belongs to. */
  readonly authenticate: (token: string) => string | undefined
}

export interface ApiOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** What routes have: the node, and where reads wait. */
export interface RouteModules extends ApiModules {
  readonly gate: HeightGate
}

/** `minHeight` of a read: it waits until that height is final here. */
export const MinHeight = Type.Object({
  minHeight: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,15}$',
      description: 'wait until this height is final here, a few seconds at most',
    }),
  ),
})

export interface MinHeightQuery {
  readonly minHeight?: string
}

/** Lets a client read what it has seen written, at this replica or another. @throws ProblemError `read/behind` */
export async function atLeast({ gate }: RouteModules, { minHeight }: MinHeightQuery): Promise<void> {
  await gate.written()
  if (minHeight !== undefined) await gate.reached(Number(minHeight), 'read/behind')
}

/** The client that a request comes from, by its bearer token. A wrong token is an error, none is not. */
export function clientOf(modules: ApiModules, authorization: string | undefined): { readonly client?: string } {
  if (authorization === undefined) return {}
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/.exec(authorization)?.[1]
  const client = token === undefined ? undefined : modules.authenticate(token)
  // Whoever serves this API may name clients as they like; nobody but the replica speaks as the replica.
  if (client === undefined || client === REPLICA_CLIENT)
    throw new ProblemError('api/unauthorized', 'the bearer token is not known here')
  return { client }
}
