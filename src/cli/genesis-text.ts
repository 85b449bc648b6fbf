import { toHex } from '../base/bytes.js'
import { networkIdOf } from '../codec/genesis.js'
import { quorumOf } from '../consensus/index.js'
import { nobleSuite } from '../crypto/index.js'
import type { Genesis, NetworkParameters, Role } from '../types/index.js'
import { card, columns, indent } from './table.js'

/** What founders agree on, for scripts; the names stay stable. */
export interface GenesisSummary {
  readonly network: string
  readonly networkId: string
  readonly created: string
  readonly organizations: readonly {
    readonly id: string
    readonly name: string
    readonly roles: readonly Role[]
    readonly members: number
    /** Absent where it runs none. */
    readonly replica?: number
    readonly addresses?: readonly string[]
  }[]
  readonly replicas: number
  /** Replicas that may fail in any way. */
  readonly faultsMax: number
  readonly parameters: NetworkParameters
}

export function genesisSummary(genesis: Genesis): GenesisSummary {
  const { f } = quorumOf(genesis.replicas.length)
  return {
    network: genesis.network,
    networkId: toHex(networkIdOf(nobleSuite.sha256, genesis)),
    created: new Date(genesis.createdMs).toISOString(),
    organizations: genesis.organizations.map(({ id, name, roles, members }) => {
      const replica = genesis.replicas.find(({ organization }) => organization === id)
      const known = replica === undefined ? {} : { replica: replica.id, addresses: replica.addresses }
      return { id, name, roles, members: members.length, ...known }
    }),
    replicas: genesis.replicas.length,
    faultsMax: f,
    parameters: genesis.parameters,
  }
}

/** The same for people. */
export function genesisText(summary: GenesisSummary): string {
  const { network, networkId, created, organizations, replicas, faultsMax, parameters } = summary
  const rows = organizations.map(({ id, name, roles, replica, addresses }) => [
    id,
    replica === undefined ? 'no replica' : `replica ${replica}`,
    name,
    roles.join(' '),
    addresses?.join(' ') ?? '',
  ])
  const title = card(`network ${network}`, [
    ['id', networkId],
    ['created', created],
    [
      'replicas',
      faultsMax === 0
        ? `${replicas}, of which none may fail; 4 bear one fault`
        : `${replicas}, of which ${faultsMax} may fail in any way`,
    ],
    [
      'parameters',
      Object.entries(parameters)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ])
  return `${title}\n${indent(columns(rows))}`
}
