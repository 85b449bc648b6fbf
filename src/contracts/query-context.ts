import type { CryptoSuite } from '../crypto/suite.js'
import type { Ledger, StateReader } from '../ports.js'
import type { Digest, Genesis } from '../types/index.js'
import { parseValue, readText, StateUnreadable, textOf, viewOf } from './block-state.js'
import { assertReads, Refusal } from './call.js'
import type { Json, ListedEntry, Query, QueryContext } from './contract.js'
import type { Entry } from './registry.js'
import { type Settings, settingsOf } from './settings.js'

/** What queries read from: a ledger, or a snapshot of one. */
export type QueryReader = StateReader & Pick<Ledger, 'list'>

/** What is the same for all queries of a node. */
export interface QueryEnvironment {
  readonly suite: CryptoSuite
  readonly genesis: Genesis
  readonly settings: Settings
  readonly network: Digest
}

/** What the handler of a query sees. */
export function queryContext(
  entry: Entry<Query>,
  reader: GuardedReader,
  { suite, genesis, settings, network }: QueryEnvironment,
): QueryContext {
  const { contract, refusals } = entry
  const prefix = `${contract.name}/`
  const inForce = () => settings.inForce(entry, (key) => readText(reader, key))
  return {
    crypto: suite,
    network,
    parameters: genesis.parameters,
    state: viewOf(reader, contract.name),
    settings: <T extends Json>() => settingsOf<T>(contract, inForce()),
    producer: () => inForce().producer,
    other(name) {
      assertReads(contract, name)
      return viewOf(reader, name)
    },
    refuse(code, detail) {
      if (!refusals.has(code)) throw new RangeError(`undeclared refusal ${code}`)
      throw new Refusal(code, detail)
    },
    async list<T extends Json>(start: string, limit: number, after?: string) {
      const entries = await reader.list(prefix + start, limit, after === undefined ? undefined : prefix + after)
      return entries.map(({ key, value }): ListedEntry<T> => {
        return { key: key.slice(prefix.length), value: parseValue<T>(textOf(key, value)) as T }
      })
    },
  }
}

/** Tells a failing reader from a failing contract. */
export class GuardedReader implements QueryReader {
  readonly #reader: QueryReader
  failed = false
  failure: unknown

  constructor(reader: QueryReader) {
    this.#reader = reader
  }

  get(key: string): Uint8Array | undefined {
    try {
      return this.#reader.get(key)
    } catch (error) {
      throw this.#note(error)
    }
  }

  async list(...args: Parameters<QueryReader['list']>) {
    try {
      return await this.#reader.list(...args)
    } catch (error) {
      throw this.#note(error)
    }
  }

  #note(error: unknown): unknown {
    this.failed = true
    this.failure = new StateUnreadable('the state could not be read', { cause: error })
    return this.failure
  }
}
