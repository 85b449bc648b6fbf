import { Value } from 'typebox/value'
import { EtalonError } from '../../base/errors.js'
import { type Genesis, type GenesisOrganization, ROLES } from '../../types/index.js'
import type { Json } from '../contract.js'
import { Name } from '../limits.js'
import { keyProblem } from './keys.js'
import {
  type KeyRecord,
  keyKey,
  type MemberRecord,
  memberKey,
  type OrganizationRecord,
  organizationKey,
} from './records.js'

interface Entry {
  readonly key: string
  readonly value: Json
}

/**
 * The founding organizations with their members.
 * @throws EtalonError `identity/bad-genesis` when ids, names or keys are malformed or not unique, or an admin is missing
 */
export function genesisEntries(genesis: Genesis): readonly Entry[] {
  const entries = genesis.organizations.flatMap((organization) => organizationEntries(organization, genesis.createdMs))
  const keys = new Set<string>()
  for (const { key } of entries) {
    if (keys.has(key)) throw bad(`${key} is there twice`)
    keys.add(key)
  }
  return entries
}

function organizationEntries({ id, name, roles, members }: GenesisOrganization, timeMs: number): Entry[] {
  if (!Value.Check(Name, id)) throw bad(`${JSON.stringify(id)} cannot be the id of an organization`)
  if (roles.some((role) => !ROLES.includes(role))) throw bad(`${id} has a role that does not exist`)
  const admins = members.filter(({ kind }) => kind === 'admin').length
  if (admins === 0) throw bad(`${id} has no admin`)
  const organization: OrganizationRecord = { id, name, roles, admins }
  const entries: Entry[] = [{ key: organizationKey(id), value: organization }]
  for (const { name: member, keyType, publicKey, kind } of members) {
    if (!Value.Check(Name, member)) throw bad(`${JSON.stringify(member)} of ${id} cannot be a member's name`)
    const problem = keyProblem(keyType, publicKey)
    if (problem !== undefined) throw bad(`${member} of ${id}: ${problem}`)
    const key: KeyRecord = { organization: id, name: member, kind, keyType, retired: false }
    const enrolled = { height: 0, timeMs }
    const record: MemberRecord = {
      organization: id,
      name: member,
      kind,
      keyType,
      publicKey,
      enrolled,
      retired: null,
    }
    entries.push({ key: keyKey(publicKey), value: key }, { key: memberKey(id, member), value: record })
  }
  return entries
}

function bad(message: string): EtalonError {
  return new EtalonError('identity/bad-genesis', `genesis: ${message}`, 'Correct the genesis document.')
}
