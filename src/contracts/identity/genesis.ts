import { Value } from 'typebox/value'
import { EtalonError } from '../../base/errors.js'
import { type Genesis, type GenesisOrganization, ROLES } from '../../types/index.js'
import { Name } from '../limits.js'
import { type Entry, organizationEntries } from './entries.js'
import { keyProblem } from './keys.js'

/**
 * The founding organizations with their members.
 * @throws EtalonError `identity/bad-genesis` when ids, names or keys are malformed or not unique, or an admin is missing
 */
export function genesisEntries(genesis: Genesis): readonly Entry[] {
  const entries = genesis.organizations.flatMap((organization) => checkedEntries(organization, genesis.createdMs))
  const keys = new Set<string>()
  for (const { key } of entries) {
    if (keys.has(key)) throw bad(`${key} is there twice`)
    keys.add(key)
  }
  return entries
}

function checkedEntries(organization: GenesisOrganization, timeMs: number): readonly Entry[] {
  const { id, roles, members } = organization
  if (!Value.Check(Name, id)) throw bad(`${JSON.stringify(id)} cannot be the id of an organization`)
  if (roles.some((role) => !ROLES.includes(role))) throw bad(`${id} has a role that does not exist`)
  if (!members.some(({ kind }) => kind === 'admin')) throw bad(`${id} has no admin`)
  for (const { name: member, keyType, publicKey } of members) {
    if (!Value.Check(Name, member)) throw bad(`${JSON.stringify(member)} of ${id} cannot be a member's name`)
    const problem = keyProblem(keyType, publicKey)
    if (problem !== undefined) throw bad(`${member} of ${id}: ${problem}`)
  }
  return organizationEntries(organization, { height: 0, timeMs })
}

function bad(message: string): EtalonError {
  return new EtalonError('identity/bad-genesis', `genesis: ${message}`, 'Correct the genesis document.')
}
