import { Type } from 'typebox'
import { defineQuery, type Json, type MethodContext } from './contract.js'
import { Limit } from './limits.js'

/**
 * The log of whatever changed power or parameters, beside the events in the receipts: in the state, so that it is listed and each entry
 * proved without reading blocks. Such changes are few, so they may cost a row each.
 */

const LENGTH = 'audit-length'
const PREFIX = 'audit/'
const DIGITS = 10

const entryKey = (index: number): string => `${PREFIX}${String(index).padStart(DIGITS, '0')}`

/** One entry: who did what in which transaction. */
export type AuditEntry = {
  readonly index: number
  readonly event: string
  readonly organization: string
  readonly member: string
  readonly height: number
  readonly timeMs: number
  readonly transaction: string
  readonly data: Json
}

/** Emits an event and keeps it in the log. */
export function announce<E extends string>(ctx: MethodContext<string, E>, event: E, data: Json): void {
  const index = ctx.state.get<number>(LENGTH) ?? 0
  const { height, timeMs, transaction, caller } = ctx
  const { organization, member } = caller
  const entry: AuditEntry = { index, event, organization, member, height, timeMs, transaction, data }
  ctx.state.set(entryKey(index), entry)
  ctx.state.set(LENGTH, index + 1)
  ctx.emit(event, data)
}

export const audit = defineQuery({
  summary:
    'What changed power or parameters, in the order in which it came; `after` is the last index of the page before.',
  args: Type.Object(
    {
      limit: Type.Optional(Limit),
      after: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_999_999_999 })),
    },
    { additionalProperties: false },
  ),
  refusals: [],
  async handler(ctx, { limit = 100, after }) {
    const entries = await ctx.list<AuditEntry>(PREFIX, limit, after === undefined ? undefined : entryKey(after))
    return entries.map(({ value }) => value)
  },
})
