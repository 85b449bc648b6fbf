import { Type } from 'typebox'
import { defineQuery, type QueryContext } from '../contract.js'
import { Hash, Limit, PAGE_MAX } from '../limits.js'
import { DccIdentifier } from './dcc.js'
import { Category, Subject } from './entries.js'
import {
  CATEGORIES_PREFIX,
  type ChainRecord,
  categoryKey,
  DCC_PREFIX,
  type DccRecord,
  dccHashKey,
  dccKey,
  dccStatus,
  SUBJECTS_PREFIX,
  subjectKey,
} from './records.js'

const closed = { additionalProperties: false } as const

async function chains(ctx: QueryContext, prefix: string, limit: number, after: string | undefined) {
  const entries = await ctx.list<ChainRecord>(prefix, limit, after)
  return entries.map(({ key, value }) => ({ name: key.slice(prefix.length), ...value }))
}

export const subjects = defineQuery({
  summary: 'Subjects of listed entries, in ascending order, with the number of their entries and the last one.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Subject) }, closed),
  refusals: [],
  handler: (ctx, { limit = PAGE_MAX, after }) =>
    chains(ctx, SUBJECTS_PREFIX, limit, after === undefined ? undefined : subjectKey(after)),
})

export const categories = defineQuery({
  summary: 'Categories of listed entries, in ascending order, with the number of their entries and the last one.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(Category) }, closed),
  refusals: [],
  handler: (ctx, { limit = PAGE_MAX, after }) =>
    chains(ctx, CATEGORIES_PREFIX, limit, after === undefined ? undefined : categoryKey(after)),
})

export const dcc = defineQuery({
  summary: 'A digital calibration certificate and its status: valid, superseded, revoked, altered or unknown.',
  args: Type.Object({ identifier: DccIdentifier, hash: Type.Optional(Hash) }, closed),
  refusals: [],
  handler(ctx, { identifier, hash }) {
    const record = ctx.state.get<DccRecord>(dccKey(identifier))
    return { identifier, status: dccStatus(record, hash), record: record ?? null }
  },
})

export const dccByHash = defineQuery({
  summary: 'The identifier under which a file is registered.',
  args: Type.Object({ hash: Hash }, closed),
  refusals: ['logbook/dcc-unknown'],
  handler(ctx, { hash }) {
    const identifier = ctx.state.get<string>(dccHashKey(hash))
    if (identifier === undefined) return ctx.refuse('logbook/dcc-unknown', 'no certificate has this hash')
    return { identifier }
  },
})

export const dccs = defineQuery({
  summary: 'The registered certificates, in ascending order of their identifiers.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(DccIdentifier) }, closed),
  refusals: [],
  async handler(ctx, { limit = PAGE_MAX, after }) {
    const entries = await ctx.list<DccRecord>(DCC_PREFIX, limit, after === undefined ? undefined : dccKey(after))
    return entries.map(({ value }) => ({ ...value, status: dccStatus(value, undefined) }))
  },
})
