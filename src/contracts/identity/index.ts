import { Type } from 'typebox'
import type { KeyType } from '../../types/index.js'
import { announce, audit } from '../audit.js'
import { type Contract, defineMethod, defineQuery, type MethodContext } from '../contract.js'
import { RUNTIME_REFUSALS } from '../describe.js'
import { Limit, Name, PublicKey } from '../limits.js'
import { did } from './did.js'
import { memberEntries } from './entries.js'
import { genesisEntries } from './genesis.js'
import { keyProblem } from './keys.js'
import {
  IDENTITY,
  type KeyRecord,
  keyKey,
  type MemberRecord,
  memberKey,
  membersPrefix,
  type OrganizationRecord,
  organizationKey,
} from './records.js'

const enroll = defineMethod({
  summary: "Enrols a key of the caller's own organization. Names and keys are never used twice.",
  args: Type.Object(
    {
      name: Name,
      ...PublicKey,
      kind: Type.Union([Type.Literal('admin'), Type.Literal('operator'), Type.Literal('client')]),
    },
    { additionalProperties: false },
  ),
  roles: 'any',
  kinds: ['admin'],
  signed: true,
  events: ['identity/enrolled'],
  refusals: ['identity/bad-key', 'identity/key-taken', 'identity/name-taken'],
  handler(ctx, { name, keyType, publicKey, kind }) {
    const { organization } = ctx.caller
    refuseUnfitKey(ctx, keyType, publicKey)
    if (ctx.state.get(memberKey(organization, name)) !== undefined) {
      return ctx.refuse('identity/name-taken', `${organization} has, or had, a member ${name}`)
    }
    const enrolled = { height: ctx.height, timeMs: ctx.timeMs }
    for (const entry of memberEntries(organization, { name, kind, keyType, publicKey }, enrolled)) {
      ctx.state.set(entry.key, entry.value)
    }
    if (kind === 'admin') countAdmins(ctx, organization, 1)
    announce(ctx, 'identity/enrolled', { organization, name, kind, keyType, publicKey, by: ctx.caller.member })
    return { organization, name }
  },
})

const retire = defineMethod({
  summary: "Retires a member of the caller's own organization, for good. The last admin stays.",
  args: Type.Object({ name: Name }, { additionalProperties: false }),
  roles: 'any',
  kinds: ['admin'],
  signed: true,
  events: ['identity/retired'],
  refusals: ['identity/unknown-member', 'identity/already-retired', 'identity/last-admin'],
  handler(ctx, { name }) {
    const { organization } = ctx.caller
    const member = ctx.state.get<MemberRecord>(memberKey(organization, name))
    if (member === undefined) return ctx.refuse('identity/unknown-member', `${organization} has no member ${name}`)
    if (member.retired !== null) {
      return ctx.refuse('identity/already-retired', `${name} was retired at height ${member.retired.height}`)
    }
    if (member.kind === 'admin') {
      const record = ctx.state.get<OrganizationRecord>(organizationKey(organization)) as OrganizationRecord
      if (record.admins <= 1) return ctx.refuse('identity/last-admin', `${name} is the last admin of ${organization}`)
      countAdmins(ctx, organization, -1)
    }
    const key = ctx.state.get<KeyRecord>(keyKey(member.publicKey)) as KeyRecord
    ctx.state.set(keyKey(member.publicKey), { ...key, retired: true })
    ctx.state.set(memberKey(organization, name), {
      ...member,
      retired: { height: ctx.height, timeMs: ctx.timeMs },
    })
    announce(ctx, 'identity/retired', { organization, name, by: ctx.caller.member })
    return { organization, name }
  },
})

const rotate = defineMethod({
  summary:
    'Gives a member another key: an admin to any member of its organization, others to themselves. The old one is retired for good.',
  args: Type.Object({ name: Name, ...PublicKey }, { additionalProperties: false }),
  roles: 'any',
  signed: true,
  events: ['identity/key-rotated'],
  refusals: [
    'identity/bad-key',
    'identity/key-taken',
    'identity/unknown-member',
    'identity/already-retired',
    'identity/not-yourself',
  ],
  handler(ctx, { name, keyType, publicKey }) {
    const { organization, member: by, kind } = ctx.caller
    if (kind !== 'admin' && by !== name) {
      return ctx.refuse('identity/not-yourself', `${by} is no admin of ${organization}, and not ${name}`)
    }
    const member = ctx.state.get<MemberRecord>(memberKey(organization, name))
    if (member === undefined) return ctx.refuse('identity/unknown-member', `${organization} has no member ${name}`)
    if (member.retired !== null) {
      return ctx.refuse('identity/already-retired', `${name} was retired at height ${member.retired.height}`)
    }
    refuseUnfitKey(ctx, keyType, publicKey)
    const old = ctx.state.get<KeyRecord>(keyKey(member.publicKey)) as KeyRecord
    ctx.state.set(keyKey(member.publicKey), { ...old, retired: true })
    ctx.state.set(keyKey(publicKey), { ...old, keyType })
    ctx.state.set(memberKey(organization, name), { ...member, keyType, publicKey })
    announce(ctx, 'identity/key-rotated', { organization, name, keyType, publicKey, replaced: member.publicKey, by })
    return { organization, name }
  },
})

/** Refuses a key that cannot be enrolled, or was before: no key is ever another member's. */
function refuseUnfitKey(
  ctx: MethodContext<'identity/bad-key' | 'identity/key-taken', string>,
  keyType: KeyType,
  publicKey: string,
): void {
  const problem = keyProblem(keyType, publicKey)
  if (problem !== undefined) ctx.refuse('identity/bad-key', problem)
  if (ctx.state.get(keyKey(publicKey)) !== undefined) ctx.refuse('identity/key-taken', 'the key is, or was, enrolled')
}

function countAdmins(ctx: MethodContext<string, string>, organization: string, more: number): void {
  const record = ctx.state.get<OrganizationRecord>(organizationKey(organization)) as OrganizationRecord
  ctx.state.set(organizationKey(organization), { ...record, admins: record.admins + more })
}

const organization = defineQuery({
  summary: 'One organization with its roles.',
  args: Type.Object({ id: Name }, { additionalProperties: false }),
  refusals: ['identity/unknown-organization'],
  handler(ctx, { id }) {
    const record = ctx.state.get<OrganizationRecord>(organizationKey(id))
    return record ?? ctx.refuse('identity/unknown-organization', `there is no organization ${id}`)
  },
})

const organizations = defineQuery({
  summary: 'Organizations in ascending order of their ids; `after` is the last id of the page before.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Name) }, { additionalProperties: false }),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const from = after === undefined ? undefined : organizationKey(after)
    const entries = await ctx.list<OrganizationRecord>(organizationKey(''), limit, from)
    return entries.map(({ value }) => value)
  },
})

const member = defineQuery({
  summary: 'One member of an organization.',
  args: Type.Object({ organization: Name, name: Name }, { additionalProperties: false }),
  refusals: ['identity/unknown-member'],
  handler(ctx, args) {
    const record = ctx.state.get<MemberRecord>(memberKey(args.organization, args.name))
    return record ?? ctx.refuse('identity/unknown-member', `${args.organization} has no member ${args.name}`)
  },
})

const members = defineQuery({
  summary: 'Members of an organization in ascending order of their names, retired ones included.',
  args: Type.Object(
    { organization: Name, limit: Type.Optional(Limit), after: Type.Optional(Name) },
    { additionalProperties: false },
  ),
  refusals: ['identity/unknown-organization'],
  async handler(ctx, { organization: id, limit = 100, after }) {
    if (ctx.state.get(organizationKey(id)) === undefined) {
      return ctx.refuse('identity/unknown-organization', `there is no organization ${id}`)
    }
    const from = after === undefined ? undefined : memberKey(id, after)
    const entries = await ctx.list<MemberRecord>(membersPrefix(id), limit, from)
    return entries.map(({ value }) => value)
  },
})

/** Who may act: organizations with their roles, their members and keys. Organizations come from the genesis and by votes (governance). */
export const identity = {
  name: IDENTITY,
  version: '2.0.0',
  summary: 'Organizations, their roles, and the members and keys that act for them.',
  reads: [],
  events: {
    'identity/enrolled': 'A member with a key joined an organization.',
    'identity/retired': 'A member may no longer act for an organization.',
    'identity/key-rotated': 'A member has another key from here on.',
  },
  refusals: {
    'identity/bad-key': 'The public key is malformed, not canonical, or not a point of its curve.',
    'identity/key-taken': 'The key is, or was, enrolled by an organization.',
    'identity/name-taken': 'The organization has, or had, a member of this name.',
    'identity/unknown-member': 'The organization has no member of this name.',
    'identity/already-retired': 'The member is retired already.',
    'identity/not-yourself': 'Only an admin gives a key to somebody else.',
    'identity/last-admin': 'The last admin of an organization cannot be retired.',
    'identity/bad-did': 'It is no DID of an organization or member of this network.',
    'identity/unknown-organization': RUNTIME_REFUSALS['identity/unknown-organization'] ?? '',
  },
  methods: { enroll, retire, rotate },
  queries: { organization, organizations, member, members, did, audit },
  genesis: genesisEntries,
} satisfies Contract
