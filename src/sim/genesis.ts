import { sealHeader } from '../codec/block.js'
import { DEFAULT_PARAMETERS, genesisHeader } from '../codec/genesis.js'
import type { Runtime } from '../contracts/index.js'
import type { CryptoSuite } from '../crypto/index.js'
import { type LedgerGenesis, stateRootOf } from '../ledger/index.js'
import { type Genesis, type NetworkParameters, ROLES } from '../types/index.js'
import type { SimCrypto } from './crypto.js'
import { EPOCH_MS } from './process.js'

export const organizationName = (index: number): string => `org${index}`
export const replicaKeyName = (id: number): string => `replica ${id}`
export const memberKeyName = (organization: number, member: 'admin' | 'client'): string => `${member} ${organization}`

/** Organizations with every role, an admin and a client each; the first n run a replica. */
export function simGenesis(
  crypto: SimCrypto,
  n: number,
  organizations = n,
  parameters: Partial<NetworkParameters> = {},
): Genesis {
  const ids = Array.from({ length: n }, (_, id) => id)
  const member = (id: number, kind: 'admin' | 'client') => {
    const { publicKey } = crypto.ed25519(memberKeyName(id, kind))
    return { name: kind, keyType: 'ed25519', publicKey, kind } as const
  }
  return {
    format: 'etalon-genesis-1',
    network: 'sim',
    createdMs: EPOCH_MS,
    organizations: Array.from({ length: organizations }, (_, id) => ({
      id: organizationName(id),
      name: `Organization ${id}`,
      roles: ROLES,
      members: [member(id, 'admin'), member(id, 'client')],
    })),
    replicas: ids.map((id) => ({
      id,
      organization: organizationName(id),
      consensusKey: crypto.ed25519(replicaKeyName(id)).publicKey,
      peerId: `peer${id}`,
      addresses: [],
    })),
    parameters: { ...DEFAULT_PARAMETERS, ...parameters },
  }
}

/** Block 0, as every replica makes it. */
export function genesisBlock(sha256: CryptoSuite['sha256'], genesis: Genesis, runtime: Runtime): LedgerGenesis {
  const changes = runtime.genesisState()
  const header = genesisHeader(sha256, genesis, stateRootOf(sha256, changes), runtime.contractSetHash)
  return { sealed: sealHeader(sha256, header), changes }
}
