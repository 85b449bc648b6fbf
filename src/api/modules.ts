import type { Runtime } from '../contracts/index.js'
import type { Ledger, Logger } from '../ports.js'
import type { FinalBlock, Replica, ReplicaContext } from '../replica/index.js'
import type { Height } from '../types/index.js'
import { ProblemError } from './problems.js'

/** What the API shows of a node. */
export interface ApiModules {
  readonly replica: Pick<Replica, 'submit' | 'status' | 'onFinal' | 'evidence'>
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

/** How long a read waits for its block to become final, ms. */
const FINAL_WAIT_MS = 5_000

/** Waits until a height is final. @throws ProblemError `state/not-final` */
export function whenFinal({ replica, ledger }: ApiModules, height: Height): Promise<void> {
  if (ledger.finalized().height >= height) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const end = replica.onFinal((block: FinalBlock) => {
      if (block.sealed.header.height < height) return
      clearTimeout(timer)
      end()
      resolve()
    })
    const timer = setTimeout(() => {
      end()
      reject(new ProblemError('state/not-final', `height ${height} is not final yet`, 1_000))
    }, FINAL_WAIT_MS)
  })
}

/** The client that a request comes from, by its bearer token. A wrong token is an error, none is not. */
export function clientOf(modules: ApiModules, authorization: string | undefined): { readonly client?: string } {
  if (authorization === undefined) return {}
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/.exec(authorization)?.[1]
  const client = token === undefined ? undefined : modules.authenticate(token)
  if (client === undefined) throw new ProblemError('api/unauthorized', 'the bearer token is not known here')
  return { client }
}
