import { EtalonError } from '../base/errors.js'
import type { Height } from '../types/index.js'
import { parseValue } from './block-state.js'
import { GOVERNANCE, type VersionsRecord, versionsKey } from './governance/records.js'
import type { Registered, Registry } from './registry.js'

/** Gives the canonical JSON of a key of the whole state. */
type Read = (key: string) => string | undefined

/**
 * The organizations approved a version of a contract that this program does not have. The replica must stop: whatever it
 * executed instead would be another history.
 */
function contractMissing(contract: string, version: string, from: Height): EtalonError {
  const message = `${contract} ${version}, approved from height ${from} on, is not in this release`
  const remedy = 'Install the release that was approved, and start the replica again.'
  return new EtalonError('runtime/contract-missing', message, remedy)
}

/** Which version of each contract a height is executed with: what governance approved, else the founding one. */
export class Versions {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /**
   * @returns `undefined` where there is no contract of this name, or votes have not brought it in yet
   * @throws EtalonError `runtime/contract-missing`
   */
  inForce(contract: string, height: Height, read: Read): Registered | undefined {
    const founding = this.#registry.get(contract)
    if (founding === undefined) return undefined
    const approved = parseValue<VersionsRecord>(read(`${GOVERNANCE}/${versionsKey(contract)}`)) ?? []
    const last = approved.findLast(({ from }) => from <= height)
    if (last === undefined) return founding.contract.byVotes === true ? undefined : founding
    const found = this.#registry.get(contract, last.version)
    if (found === undefined || found.code !== last.code) throw contractMissing(contract, last.version, last.from)
    return found
  }

  /** Of all contracts, in the order in which they are registered. */
  all(height: Height, read: Read): readonly Registered[] {
    return this.#registry.names.flatMap((name) => this.inForce(name, height, read) ?? [])
  }
}
