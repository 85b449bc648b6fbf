import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { DEFAULT_PARAMETERS } from '../codec/genesis.js'
import { decodeTransportKey, peerIdOf } from '../p2p/keys.js'
import type { Genesis, Member, NetworkParameters, ReplicaInfo, Role } from '../types/index.js'
import type { NodeConfigFile } from './config.js'
import {
  generateReplicaKeys,
  type ReplicaKeys,
  writeReplicaKeys,
  writeSecretFile,
  writeSecretText,
} from './keystore.js'
import { ed25519PublicKey } from './signer.js'

/** A key with which a member of an organization signs transactions, as kept in a file. */
export interface MemberKeyFile {
  readonly format: 'etalon-member-key-1'
  readonly organization: string
  readonly name: string
  readonly keyType: 'ed25519'
  /** 32 bytes, hexadecimal. */
  readonly seed: string
  readonly publicKey: string
}

/** The organizations of a network that one person sets up to try things out. */
const DEVELOPMENT_ORGANIZATIONS: readonly {
  readonly id: string
  readonly name: string
  readonly roles: readonly Role[]
}[] = [
  { id: 'nmi', name: 'National Metrology Institute', roles: ['nmi', 'enroller'] },
  { id: 'notified', name: 'Notified Body', roles: ['notified-body', 'laboratory'] },
  { id: 'maker', name: 'Meter Manufacturer', roles: ['manufacturer'] },
  { id: 'utility', name: 'Utility and Market Surveillance', roles: ['utility', 'owner', 'surveillance', 'enroller'] },
]

export interface DevelopmentNetwork {
  readonly genesis: string
  readonly replicas: readonly DevelopmentReplica[]
}

export interface DevelopmentReplica {
  readonly organization: string
  readonly folder: string
  readonly config: string
  readonly adminKey: string
  readonly tokenFile: string
}

export interface DevelopmentOptions {
  readonly folder: string
  readonly replicas: number
  /** As many as there are replicas when absent; those beyond have the files of a replica that may join later. */
  readonly organizations?: number
  /** First of the ports, two a replica: peers, API. 0 takes free ones, told after the start. */
  readonly ports: readonly { readonly p2p: number; readonly api: number }[]
  readonly parameters?: Partial<NetworkParameters>
  /** Further member keys, by organization id: enrolled in the genesis. */
  readonly members?: Readonly<Record<string, readonly Member[]>>
  readonly createdMs: number
}

/** Organization of the n-th replica of a development network. */
export function developmentOrganization(index: number) {
  const { length } = DEVELOPMENT_ORGANIZATIONS
  const template = DEVELOPMENT_ORGANIZATIONS[index % length] as (typeof DEVELOPMENT_ORGANIZATIONS)[number]
  if (index < length) return template
  const number = Math.floor(index / length) + 1
  return { id: `${template.id}-${number}`, name: `${template.name} ${number}`, roles: template.roles }
}

/**
 * Writes the files of a network whose every key is made here: for trying out, tests and benchmarks. In a real network each
 * organization makes its own keys with `etalon keys replica` and gives out the public part only.
 * @throws EtalonError `init/exists`
 */
export async function createDevelopmentNetwork(options: DevelopmentOptions): Promise<DevelopmentNetwork> {
  const genesisPath = join(options.folder, 'genesis.json')
  if (existsSync(genesisPath)) {
    throw new EtalonError(
      'init/exists',
      `${genesisPath} exists`,
      'choose another folder, or remove this one with its data',
    )
  }
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  const made = []
  const organizations = Math.max(options.replicas, options.organizations ?? 0)
  for (let index = 0; index < organizations; index++) made.push(await makeReplica(options, index))
  const genesis: Genesis = {
    format: 'etalon-genesis-1',
    network: `dev-${toHex(randomBytes(4))}`,
    createdMs: options.createdMs,
    organizations: made.map(({ organization, admin }) => ({
      ...organization,
      members: [memberOf(admin), ...(options.members?.[organization.id] ?? [])],
    })),
    replicas: made.slice(0, options.replicas).map(({ info }) => info),
    parameters: { ...DEFAULT_PARAMETERS, ...options.parameters },
  }
  writeFileSync(genesisPath, `${JSON.stringify(genesis, undefined, 2)}\n`)
  return { genesis: genesisPath, replicas: made.map((replica) => writeReplica(options, replica)) }
}

interface MadeReplica {
  readonly index: number
  readonly organization: { readonly id: string; readonly name: string; readonly roles: readonly Role[] }
  readonly keys: ReplicaKeys
  readonly admin: MemberKeyFile
  readonly info: ReplicaInfo
}

async function makeReplica(options: DevelopmentOptions, index: number): Promise<MadeReplica> {
  const organization = developmentOrganization(index)
  const keys = generateReplicaKeys()
  const port = options.ports[index]?.p2p ?? 0
  const info: ReplicaInfo = {
    id: index,
    organization: organization.id,
    consensusKey: toHex(ed25519PublicKey(keys.consensusSeeds[0] as Uint8Array)),
    peerId: peerIdOf(await decodeTransportKey(keys.transportSeed)),
    addresses: [`/ip4/127.0.0.1/tcp/${port}`],
  }
  return { index, organization, keys, admin: generateMemberKey(organization.id, 'admin'), info }
}

export function generateMemberKey(organization: string, name: string): MemberKeyFile {
  const seed = randomBytes(32)
  return {
    format: 'etalon-member-key-1',
    organization,
    name,
    keyType: 'ed25519',
    seed: toHex(seed),
    publicKey: toHex(ed25519PublicKey(seed)),
  }
}

const memberOf = (key: MemberKeyFile): Member => ({
  name: key.name,
  keyType: key.keyType,
  publicKey: key.publicKey,
  kind: 'admin',
})

function writeReplica(options: DevelopmentOptions, replica: MadeReplica): DevelopmentReplica {
  const { organization, keys, admin, index } = replica
  const folder = join(options.folder, organization.id)
  mkdirSync(folder, { mode: 0o700 })
  writeReplicaKeys(join(folder, 'keys.json'), keys)
  const adminKey = join(folder, 'admin.key.json')
  writeSecretFile(adminKey, admin)
  const token = toHex(randomBytes(24))
  const tokenFile = join(folder, 'client.token')
  writeSecretText(tokenFile, `${token}\n`)
  const config: NodeConfigFile = {
    format: 'etalon-config-1',
    replica: index,
    ...(index < options.replicas ? {} : { organization: organization.id }),
    genesis: '../genesis.json',
    keys: 'keys.json',
    data: 'data',
    listen: [`/ip4/127.0.0.1/tcp/${options.ports[index]?.p2p ?? 0}`],
    api: { host: '127.0.0.1', port: options.ports[index]?.api ?? 0 },
    clients: [{ name: 'client', tokenHash: tokenHash(token) }],
  }
  const path = join(folder, 'config.json')
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`)
  return { organization: organization.id, folder, config: path, adminKey, tokenFile }
}

/** What a config keeps of a client's bearer token: SHA-256, hexadecimal. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
