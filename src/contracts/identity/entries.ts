import type { GenesisOrganization, Member } from '../../types/index.js'
import type { Json } from '../contract.js'
import {
  type KeyRecord,
  keyKey,
  type MemberRecord,
  memberKey,
  type OrganizationRecord,
  organizationKey,
} from './records.js'

export interface Entry {
  readonly key: string
  readonly value: Json
}

/** Height and time of the block that something came with. */
export type Moment = {
  readonly height: number
  readonly timeMs: number
}

/** What identity holds of an organization that begins with these members. */
export function organizationEntries({ id, name, roles, members }: GenesisOrganization, at: Moment): readonly Entry[] {
  const admins = members.filter(({ kind }) => kind === 'admin').length
  const organization: OrganizationRecord = { id, name, roles, admins }
  return [
    { key: organizationKey(id), value: organization },
    ...members.flatMap((member) => memberEntries(id, member, at)),
  ]
}

/** What identity holds of a member: the key, by which a signed transaction finds it, and the record. */
export function memberEntries(organization: string, member: Member, enrolled: Moment): readonly Entry[] {
  const { name, kind, keyType, publicKey } = member
  const key: KeyRecord = { organization, name, kind, keyType, retired: false }
  const record: MemberRecord = { organization, name, kind, keyType, publicKey, enrolled, retired: null }
  return [
    { key: keyKey(publicKey), value: key },
    { key: memberKey(organization, name), value: record },
  ]
}
