import { Type } from 'typebox'
import { type Contract, defineMethod, defineQuery } from '../contract.js'
import { RUNTIME_REFUSALS } from '../describe.js'
import { Limit, Name } from '../limits.js'
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
      keyType: Type.Union([Type.Literal('ed25519'), Type.Literal('p256')]),
      publicKey: Type.String({ minLength: 64, maxLength: 66, pattern: '^[0-9a-f]+$' }),
      kind: Type.Union([Type.Literal('operator'), Type.Literal('client')]),
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
    const problem = keyProblem(keyType, publicKey)
    if (problem !== undefined) return ctx.refuse('identity/bad-key', problem)
    if (ctx.state.get(keyKey(publicKey)) !== undefined) {
      return ctx.refuse('identity/key-taken', 'the key is, or was, enrolled')
    }
    if (ctx.state.get(memberKey(organization, name)) !== undefined) {
      return ctx.refuse('identity/name-taken', `${organization} has, or had, a member ${name}`)
    }
    const key: KeyRecord = { organization, name, kind, keyType, retired: false }
    const enrolled = { height: ctx.height, timeMs: ctx.timeMs }
    const member: MemberRecord = { organization, name, kind, keyType, publicKey, enrolled, retired: null }
    ctx.state.set(keyKey(publicKey), key)
    ctx.state.set(memberKey(organization, name), member)
    ctx.emit('identity/enrolled', { organization, name, kind, keyType, publicKey, by: ctx.caller.member })
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
      ctx.state.set(organizationKey(organization), { ...record, admins: record.admins - 1 })
    }
    const key = ctx.state.get<KeyRecord>(keyKey(member.publicKey)) as KeyRecord
    ctx.state.set(keyKey(member.publicKey), { ...key, retired: true })
    ctx.state.set(memberKey(organization, name), {
      ...member,
      retired: { height: ctx.height, timeMs: ctx.timeMs },
    })
    ctx.emit('identity/retired', { organization, name, by: ctx.caller.member })
    return { organization, name }
  },
})

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

/** Who may act: organizations with their roles, their members and keys. First version: organizations come from genesis. */
export const identity = {
  name: IDENTITY,
  version: '1.0.0',
  summary: 'Organizations, their roles, and the members and keys that act for them.',
  reads: [],
  events: {
    'identity/enrolled': 'A member with a key joined an organization.',
    'identity/retired': 'A member may no longer act for an organization.',
  },
  refusals: {
    'identity/bad-key': 'The public key is malformed, not canonical, or not a point of its curve.',
    'identity/key-taken': 'The key is, or was, enrolled by an organization.',
    'identity/name-taken': 'The organization has, or had, a member of this name.',
    'identity/unknown-member': 'The organization has no member of this name.',
    'identity/already-retired': 'The member is retired already.',
    'identity/last-admin': 'The last admin of an organization cannot be retired.',
    'identity/unknown-organization': RUNTIME_REFUSALS['identity/unknown-organization'] ?? '',
  },
  methods: { enroll, retire },
  queries: { organization, organizations, member, members },
  genesis: genesisEntries,
} satisfies Contract
