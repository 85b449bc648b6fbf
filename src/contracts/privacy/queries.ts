import { Type } from 'typebox'
import { defineQuery } from '../contract.js'
import { Limit, Name, PAGE_MAX } from '../limits.js'
import { Cohort } from './cohorts.js'
import { DocumentName } from './documents.js'
import { Meter } from './meters.js'
import {
  COHORTS_PREFIX,
  type CohortRecord,
  type ContributionRecord,
  cohortKey,
  contributionKey,
  DOCUMENTS_PREFIX,
  type DocumentRecord,
  documentKey,
  isErased,
  KEYS_PREFIX,
  type PaillierKeyRecord,
  paillierKeyKey,
  type RecipientRecord,
  recipientKey,
} from './records.js'

const closed = { additionalProperties: false } as const

export const key = defineQuery({
  summary: 'A public key of Paillier.',
  args: Type.Object({ key: Name }, closed),
  refusals: ['privacy/unknown-key'],
  handler(ctx, { key: name }) {
    const record = ctx.state.get<PaillierKeyRecord>(paillierKeyKey(name))
    return record ?? ctx.refuse('privacy/unknown-key', `there is no key ${name}`)
  },
})

export const keys = defineQuery({
  summary: 'The public keys of Paillier, in ascending order of their names.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Name) }, closed),
  refusals: [],
  async handler(ctx, { limit = PAGE_MAX, after }) {
    const last = after === undefined ? undefined : paillierKeyKey(after)
    return (await ctx.list<PaillierKeyRecord>(KEYS_PREFIX, limit, last)).map(({ value }) => value)
  },
})

export const cohort = defineQuery({
  summary: 'A cohort: its size, the product of its ciphertexts, and its sum once it is opened.',
  args: Type.Object({ cohort: Cohort }, closed),
  refusals: ['privacy/unknown-cohort'],
  handler(ctx, { cohort: name }) {
    const record = ctx.state.get<CohortRecord>(cohortKey(name))
    return record ?? ctx.refuse('privacy/unknown-cohort', `there is no cohort ${name}`)
  },
})

export const cohorts = defineQuery({
  summary: 'The cohorts, in ascending order of their names.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Cohort) }, closed),
  refusals: [],
  async handler(ctx, { limit = PAGE_MAX, after }) {
    const last = after === undefined ? undefined : cohortKey(after)
    return (await ctx.list<CohortRecord>(COHORTS_PREFIX, limit, last)).map(({ value }) => value)
  },
})

export const contribution = defineQuery({
  summary: 'Whether a meter has contributed to a cohort, and the hash of its ciphertext.',
  args: Type.Object({ cohort: Cohort, meter: Meter }, closed),
  refusals: [],
  handler: (ctx, { cohort: name, meter }) => ctx.state.get<ContributionRecord>(contributionKey(name, meter)) ?? null,
})

export const recipient = defineQuery({
  summary: 'The encryption key of a member.',
  args: Type.Object({ organization: Name, member: Name }, closed),
  refusals: ['privacy/unknown-recipient'],
  handler(ctx, { organization, member }) {
    const record = ctx.state.get<RecipientRecord>(recipientKey(organization, member))
    return record ?? ctx.refuse('privacy/unknown-recipient', `${organization}/${member} has no encryption key`)
  },
})

export const document = defineQuery({
  summary: 'What is public of a confidential document, and whether it is erased.',
  args: Type.Object({ document: DocumentName }, closed),
  refusals: ['privacy/unknown-document'],
  handler(ctx, { document: name }) {
    const record = ctx.state.get<DocumentRecord>(documentKey(name))
    if (record === undefined) return ctx.refuse('privacy/unknown-document', `there is no document ${name}`)
    return { ...record, erased: isErased(record) }
  },
})

export const documents = defineQuery({
  summary: 'The confidential documents, in ascending order of their names.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(DocumentName) }, closed),
  refusals: [],
  async handler(ctx, { limit = PAGE_MAX, after }) {
    const last = after === undefined ? undefined : documentKey(after)
    const entries = await ctx.list<DocumentRecord>(DOCUMENTS_PREFIX, limit, last)
    return entries.map(({ value }) => ({ ...value, erased: isErased(value) }))
  },
})
