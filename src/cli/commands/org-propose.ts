import { CODE_HASHES } from '../../contracts/generated/code-hashes.js'
import { readArguments } from '../arguments.js'
import { admission, changeText, type ProposedChange, replicaAddition } from '../org-change.js'
import { readDuration, readInteger, say, usage } from '../output.js'
import { readRoles } from '../roles.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { shownTime } from '../times.js'

export interface ProposeOptions extends SubmitOptions {
  readonly title?: string
  readonly expires: string
}

const REPLICA_MAX = 99_999_999
const TITLE_LENGTH_MAX = 200

async function propose(changes: readonly ProposedChange[], options: ProposeOptions): Promise<number> {
  const title = options.title ?? changes.map(changeText).join('; ').slice(0, TITLE_LENGTH_MAX).toWellFormed()
  const expiresMs = Date.now() + readDuration(options.expires)
  return await submitCall('governance', 'propose', { title, changes, expiresMs }, options, ({ result }) => {
    const { proposal, replicas } = result as { readonly proposal: number; readonly replicas: readonly number[] }
    const numbers = replicas.map((id) => `\nthe config of the new replica says: "replica": ${id}`).join('')
    return `proposal ${proposal}: ${title}\nopen until ${shownTime(expiresMs)}; vote with: etalon org vote ${proposal} --approve${numbers}`
  })
}

export async function admit(path: string, options: ProposeOptions & { readonly withReplica?: true }): Promise<number> {
  return await propose(admission(path, options.withReplica === true), options)
}

/** An organization that runs a replica leaves together with it. */
export async function expel(organization: string, options: ProposeOptions): Promise<number> {
  const { replicas } = await readerOf(options).client.query('governance', 'view', {})
  const own = replicas.filter((replica) => replica.organization === organization)
  const removals = own.map(({ id }) => ({ kind: 'remove' as const, replica: id }))
  return await propose([{ kind: 'expel', organization }, ...removals], options)
}

export async function roles(organization: string, names: string, options: ProposeOptions): Promise<number> {
  return await propose([{ kind: 'roles', organization, roles: readRoles(names) }], options)
}

export async function parameters(contract: string, values: string, options: ProposeOptions): Promise<number> {
  return await propose([{ kind: 'parameters', contract, values: JSON.stringify(readArguments(values)) }], options)
}

export async function contract(
  name: string,
  version: string,
  options: ProposeOptions & { readonly code?: string; readonly from: string },
): Promise<number> {
  const from = readInteger('--from', options.from, 0, Number.MAX_SAFE_INTEGER)
  const shipped = CODE_HASHES[`${name}@${version}`]
  const code = options.code ?? shipped
  if (code === undefined) {
    throw usage(`this release has no ${name} ${version}`, 'give --code, the hash that the release with it shows')
  }
  if (!/^[0-9a-f]{64}$/.test(code)) throw usage(`--code cannot be ${code}`, 'give 64 lower-case hexadecimal characters')
  if (code !== shipped) say(`this release does not have it: replicas that do not either stop at its first height`)
  return await propose([{ kind: 'contract', contract: name, version, code, from }], options)
}

export async function addReplica(
  path: string,
  options: ProposeOptions & { readonly address?: readonly string[] },
): Promise<number> {
  return await propose([replicaAddition(path, options.address ?? [])], options)
}

export async function removeReplica(id: string, options: ProposeOptions): Promise<number> {
  return await propose([{ kind: 'remove', replica: readReplica(id) }], options)
}

export async function rotateReplica(
  id: string,
  options: ProposeOptions & { readonly consensusKey: string },
): Promise<number> {
  const { consensusKey } = options
  return await propose([{ kind: 'rotate', replica: readReplica(id), consensusKey }], options)
}

const readReplica = (text: string): number => readInteger('the number of the replica', text, 0, REPLICA_MAX)
