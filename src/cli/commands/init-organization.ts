import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeConfigFile } from '../../node/config.js'
import { generateReplicaKeys, writeReplicaKeys, writeSecretFile } from '../../node/keystore.js'
import { generateMemberKey } from '../../node/network-files.js'
import type { Member, Role } from '../../types/index.js'
import { refuseExisting, writeNewFile } from '../files.js'
import { ADDRESS_EXAMPLE, type Founder, portOfAddress } from '../founder.js'
import { EXIT, printResult, readInteger, say, usage } from '../output.js'
import { readRoles } from '../roles.js'
import { columns, indent } from '../table.js'
import { checkName, publicPartOfReplica } from './keys.js'

export interface OrganizationOptions {
  readonly id: string
  readonly name: string
  readonly roles: string
  readonly admin: string
  readonly replicaId?: string
  readonly address?: readonly string[]
  readonly listen?: readonly string[]
  readonly apiHost: string
  readonly apiPort: string
  readonly out: string
  readonly json?: boolean
}

const REPLICA_ID_MAX = 999_999_999

/** Makes the keys and files of one founding organization; only `public.json` leaves it. */
export async function initOrganization(options: OrganizationOptions): Promise<number> {
  const roles = checkOptions(options)
  const at = (name: string) => join(options.out, name)
  const files = {
    keys: at('keys.json'),
    adminKey: at('admin.key.json'),
    config: at('config.json'),
    public: at('public.json'),
  }
  refuseExisting(...Object.values(files))
  mkdirSync(options.out, { recursive: true, mode: 0o700 })
  const admin = generateMemberKey(options.id, options.admin)
  writeSecretFile(files.adminKey, admin)
  const { name, keyType, publicKey } = admin
  const member: Member = { name, keyType, publicKey, kind: 'admin' }
  const replica = options.replicaId === undefined ? undefined : await makeReplica(options, options.replicaId, files)
  const founder: Founder = {
    format: 'etalon-founder-1',
    organization: { id: options.id, name: options.name, roles, members: [member] },
    ...(replica === undefined ? {} : { replica }),
  }
  writeNewFile(files.public, `${JSON.stringify(founder, undefined, 2)}\n`)
  report(options, files, replica !== undefined)
  return EXIT.ok
}

/** @throws EtalonError `cli/usage` */
function checkOptions({
  id,
  admin,
  name,
  roles: text,
  replicaId,
  address = [],
  listen = [],
}: OrganizationOptions): Role[] {
  checkName('--id', id)
  checkName('--admin', admin)
  if (name.length < 1 || name.length > 200) throw usage('--name', 'give a name of 1 to 200 characters')
  const wrong = [...address, ...listen].find((candidate) => portOfAddress(candidate) === undefined)
  if (wrong !== undefined) throw usage(`${wrong} is not an address`, `write it like ${ADDRESS_EXAMPLE}`)
  if (replicaId === undefined && address.length + listen.length > 0) {
    throw usage('an address without a replica', 'give --replica-id too: the number that the founders agreed on')
  }
  if (replicaId !== undefined && address.length === 0) {
    throw usage('a replica without an address', `give --address, like ${ADDRESS_EXAMPLE}: peers dial it there`)
  }
  return readRoles(text)
}

async function makeReplica(
  options: OrganizationOptions,
  replicaId: string,
  files: { readonly keys: string; readonly config: string },
): Promise<Founder['replica']> {
  const { address = [], listen = [] } = options
  const id = readInteger('--replica-id', replicaId, 0, REPLICA_ID_MAX)
  const port = readInteger('--api-port', options.apiPort, 1, 65_535)
  const keys = generateReplicaKeys()
  writeReplicaKeys(files.keys, keys)
  const ports = new Set(address.map(portOfAddress))
  const config: NodeConfigFile = {
    format: 'etalon-config-1',
    replica: id,
    genesis: 'genesis.json',
    keys: 'keys.json',
    data: 'data',
    listen: listen.length > 0 ? [...listen] : [...ports].map((tcp) => `/ip4/0.0.0.0/tcp/${tcp}`),
    api: { host: options.apiHost, port },
    clients: [],
  }
  writeNewFile(files.config, `${JSON.stringify(config, undefined, 2)}\n`)
  return { id, ...(await publicPartOfReplica(keys)), addresses: [...address] }
}

function report(
  { id, out, json }: OrganizationOptions,
  files: Readonly<Record<'keys' | 'adminKey' | 'config' | 'public', string>>,
  replica: boolean,
): void {
  const rows = [
    ...(replica ? [[files.keys, 'secret: what the replica signs votes with']] : []),
    [files.adminKey, 'secret: signs transactions as administrator'],
    ...(replica ? [[files.config, 'configuration of the replica']] : []),
    [files.public, 'give this one to the other founders'],
  ]
  const { adminKey } = files
  const made = { organization: id, public: files.public, adminKey }
  const result = replica ? { ...made, keys: files.keys, config: files.config } : made
  printResult(json, result, `organization ${id}\n${indent(columns(rows))}`)
  say('next: collect public.json of every founder, and run `etalon init genesis`')
  if (replica) say(`then: put genesis.json into ${out}, and run \`etalon start ${files.config}\``)
}
