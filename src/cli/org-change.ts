import type { Static } from 'typebox'
import type { ChangeArgument } from '../contracts/governance/change-arguments.js'
import type { Change } from '../contracts/governance/records.js'
import { readTextFile } from './files.js'
import { ADDRESS_EXAMPLE, type Founder, portOfAddress, readFounder } from './founder.js'
import { usage } from './output.js'
import { badPublic, type ReplicaPart, readReplicaPart } from './public-part.js'

/** Changes that organizations vote on: made from what they hand out, and told to people. */

export type ProposedChange = Static<typeof ChangeArgument>

/**
 * The admission of an organization by the file that `etalon init organization` made.
 * @param withReplica its replica as well
 * @throws EtalonError `cli/unreadable`, `cli/usage`, `init/bad-founder`, `org/bad-public`
 */
export function admission(path: string, withReplica: boolean): readonly ProposedChange[] {
  const founder = readFounder(path)
  const { id, name, roles, members } = founder.organization
  const [admin, ...others] = members
  if (admin === undefined || admin.kind !== 'admin' || others.length > 0) {
    throw badPublic(path, 'it must name one admin and nobody else, who enrols the other members later')
  }
  const { name: adminName, keyType, publicKey } = admin
  const admit = {
    kind: 'admit' as const,
    organization: id,
    name,
    roles,
    admin: { name: adminName, keyType, publicKey },
  }
  return withReplica ? [admit, addition(path, founder, [])] : [admit]
}

/** A replica that joins: by the file of `etalon init organization`, or that of `etalon keys replica --public`. */
export function replicaAddition(path: string, addresses: readonly string[]): ProposedChange {
  const isFounder = readTextFile(path).includes('"etalon-founder-1"')
  return isFounder ? addition(path, readFounder(path), addresses) : addressed(readReplicaPart(path), addresses)
}

function addition(path: string, { organization, replica }: Founder, addresses: readonly string[]): ProposedChange {
  if (replica === undefined) throw badPublic(path, `${organization.id} runs no replica, as the file has it`)
  const { consensusKey, peerId } = replica
  const part = { organization: organization.id, consensusKey, peerId }
  return addressed(part, addresses.length > 0 ? addresses : replica.addresses)
}

function addressed(part: ReplicaPart, addresses: readonly string[]): ProposedChange {
  const wrong = addresses.find((address) => portOfAddress(address) === undefined)
  if (wrong !== undefined) throw usage(`${wrong} is not an address`, `write it like ${ADDRESS_EXAMPLE}`)
  if (addresses.length === 0) throw usage('a replica without an address', `give --address, like ${ADDRESS_EXAMPLE}`)
  return { kind: 'add', ...part, addresses: [...addresses] }
}

/** One change in a few words. */
export function changeText(change: Change | ProposedChange): string {
  switch (change.kind) {
    case 'add':
      return 'replica' in change
        ? `add replica ${change.replica.id} of ${change.replica.organization}`
        : `add a replica of ${change.organization}`
    case 'remove':
      return `remove replica ${change.replica}`
    case 'rotate':
      return `give replica ${change.replica} another consensus key`
    case 'admit':
      return `admit ${change.organization} (${change.name}) as ${rolesText(change.roles)}`
    case 'expel':
      return `expel ${change.organization}`
    case 'roles':
      return `make ${change.organization} ${rolesText(change.roles)}`
    case 'parameters':
      return `set the parameters of ${change.contract}`
    case 'contract':
      return `run ${change.contract} ${change.version} from height ${change.from}`
  }
}

/** One change with all that voters must know of it. */
export function changeDetail(change: Change): string {
  const text = changeText(change)
  switch (change.kind) {
    case 'add':
      return `${text}, key ${change.replica.consensusKey}`
    case 'rotate':
      return `${text}: ${change.consensusKey}`
    case 'admit':
      return `${text}; ${change.admin.name} with the ${change.admin.keyType} key ${change.admin.publicKey} is its admin`
    case 'parameters':
      return `${text} to ${JSON.stringify(change.values)}`
    case 'contract':
      return `${text}, code ${change.code}`
    default:
      return text
  }
}

export const rolesText = (roles: readonly string[]): string => (roles.length === 0 ? 'no role' : roles.join(', '))
