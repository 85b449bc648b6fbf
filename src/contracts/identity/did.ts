import { Type } from 'typebox'
import { multikeyOf } from '../../formats/public-key.js'
import { LIMITS } from '../../types/index.js'
import { defineQuery, type Json } from '../contract.js'
import { Limit, Name, PAGE_MAX } from '../limits.js'
import { type MemberRecord, memberKey, membersPrefix, type OrganizationRecord, organizationKey } from './records.js'

/**
 * Decentralized identifiers of organizations and members, `did:etalon:<network>:<organization>[:<member>]`, resolved from the state:
 * documents and metadata of W3C DID Core 1.0, keys as Multikey of W3C Controlled Identifiers 1.0.
 */

const METHOD = 'did:etalon:'
const NETWORK_LENGTH = 64
const DID_LENGTH_MAX = METHOD.length + NETWORK_LENGTH + 2 * (1 + LIMITS.nameLengthMax)
const CONTEXT = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'] as const
const IDENTIFIER = /^did:etalon:([0-9a-f]{64}):([a-z0-9][a-z0-9._-]*)(?::([a-z0-9][a-z0-9._-]*))?$/

interface Parts {
  readonly network: string
  readonly organization: string
  readonly member: string | undefined
}

/** `undefined` where it is none of ours. A DID URL with a path, a query or a fragment is no DID. */
function readDid(id: string): Parts | undefined {
  const [, network, organization, member] = IDENTIFIER.exec(id) ?? []
  const fits = (name = ''): boolean => name.length <= LIMITS.nameLengthMax
  if (network === undefined || organization === undefined || !fits(organization) || !fits(member)) return undefined
  return { network, organization, member }
}

/** The document of a DID whose subject has these keys. One without keys is deactivated. */
function documentOf(id: string, controller: string, keys: readonly MemberRecord[]): Json {
  const ids = keys.map(({ name }) => `${id}#${name}`)
  return {
    '@context': CONTEXT,
    id,
    controller,
    verificationMethod: keys.map((key, i) => ({
      id: ids[i] as string,
      type: 'Multikey',
      controller: id,
      publicKeyMultibase: multikeyOf({ curve: key.keyType, compressed: key.publicKey }) as string,
    })),
    authentication: ids,
    assertionMethod: ids,
  }
}

export const did = defineQuery({
  summary:
    'Resolves a DID of an organization or a member: its document with the keys in force, and whether it is deactivated. `next` is the `after` of the page with more keys.',
  args: Type.Object(
    {
      id: Type.String({ minLength: 1, maxLength: DID_LENGTH_MAX }),
      limit: Type.Optional(Limit),
      after: Type.Optional(Name),
    },
    { additionalProperties: false },
  ),
  refusals: ['identity/bad-did', 'identity/unknown-organization', 'identity/unknown-member'],
  async handler(ctx, { id, limit = PAGE_MAX, after }) {
    const parts = readDid(id)
    if (parts === undefined) {
      return ctx.refuse('identity/bad-did', 'it is not did:etalon:<network>:<organization>[:<member>]')
    }
    const { network, organization, member: name } = parts
    if (network !== ctx.network) return ctx.refuse('identity/bad-did', `it is of another network than ${ctx.network}`)
    const record = ctx.state.get<OrganizationRecord>(organizationKey(organization))
    if (record === undefined) {
      return ctx.refuse('identity/unknown-organization', `there is no organization ${organization}`)
    }
    const controller = `${METHOD}${network}:${organization}`
    if (name !== undefined) {
      const member = ctx.state.get<MemberRecord>(memberKey(organization, name))
      if (member === undefined) return ctx.refuse('identity/unknown-member', `${organization} has no member ${name}`)
      const deactivated = record.ended !== undefined || member.retired !== null
      return resolved(documentOf(id, controller, deactivated ? [] : [member]), deactivated, null)
    }
    if (record.ended !== undefined) return resolved(documentOf(id, controller, []), true, null)
    const from = after === undefined ? undefined : memberKey(organization, after)
    const page = await ctx.list<MemberRecord>(membersPrefix(organization), limit, from)
    const members = page.map(({ value }) => value)
    const next = members.length < limit ? null : (members.at(-1)?.name ?? null)
    const active = members.filter(({ retired }) => retired === null)
    return resolved(documentOf(id, controller, active), false, next)
  },
})

const resolved = (didDocument: Json, deactivated: boolean, next: string | null) => ({
  didDocument,
  didDocumentMetadata: { deactivated },
  next,
})
