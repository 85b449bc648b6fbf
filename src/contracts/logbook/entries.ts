import { type Static, Type } from 'typebox'
import { DECIMAL_LENGTH_MAX } from '../../formats/decimal.js'
import { DISTRIBUTION_LENGTH_MAX, parseQuantity, type QuantityText } from '../../formats/quantity.js'
import { UNIT_LENGTH_MAX } from '../../formats/units.js'
import { defineMethod, type MethodContext } from '../contract.js'
import { Hash } from '../limits.js'
import { hashText } from '../text.js'
import { type ChainRecord, categoryKey, subjectKey } from './records.js'

export const PAYLOAD_LENGTH_MAX = 4096
export const REFERENCES_MAX = 16
export const QUANTITIES_MAX = 16
/** Characters of a listed subject: with up to four bytes each, they fit the key of a state row. */
export const SUBJECT_LENGTH_MAX = 96

const closed = { additionalProperties: false } as const
export const Category = Type.String({ minLength: 1, maxLength: 64 })
export const Subject = Type.String({ minLength: 1, maxLength: SUBJECT_LENGTH_MAX })
const Payload = Type.String({ maxLength: PAYLOAD_LENGTH_MAX })
const References = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: REFERENCES_MAX })
const Decimal = Type.String({ minLength: 1, maxLength: DECIMAL_LENGTH_MAX })

const Quantity = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    value: Decimal,
    unit: Type.String({ minLength: 1, maxLength: UNIT_LENGTH_MAX }),
    uncertainty: Type.Optional(Decimal),
    coverageFactor: Type.Optional(Decimal),
    coverageProbability: Type.Optional(Decimal),
    distribution: Type.Optional(Type.String({ minLength: 1, maxLength: DISTRIBUTION_LENGTH_MAX })),
  },
  closed,
)

export const append = defineMethod({
  summary: 'Appends an entry for ever. The payload stays in the transaction; the receipt carries its SHA-256.',
  args: Type.Object(
    {
      category: Category,
      subject: Type.String({ minLength: 1, maxLength: 128 }),
      payload: Type.Optional(Payload),
      payloadHash: Type.Optional(Hash),
      references: Type.Optional(References),
    },
    closed,
  ),
  roles: 'any',
  events: ['logbook/appended'],
  refusals: ['logbook/empty', 'logbook/hash-mismatch'],
  handler(ctx, { category, subject, payload, payloadHash, references }) {
    if (payload === undefined && payloadHash === undefined) {
      return ctx.refuse('logbook/empty', 'an entry has a payload, a payloadHash, or both')
    }
    const hash = payload === undefined ? payloadHash : hashText(ctx.crypto, payload)
    if (hash === undefined || (payloadHash !== undefined && payloadHash !== hash)) {
      return ctx.refuse('logbook/hash-mismatch', `the SHA-256 of the payload is ${hash}`)
    }
    const { organization, member } = ctx.caller
    const entry = { category, member, organization, payloadHash: hash, subject }
    ctx.emit('logbook/appended', references === undefined ? entry : { ...entry, references })
    return { entry: ctx.transaction, payloadHash: hash }
  },
})

export const record = defineMethod({
  summary:
    'Appends a listed entry: it is found by subject, category and time, and quantities are checked to be of the D-SI.',
  args: Type.Object(
    {
      category: Category,
      subject: Subject,
      payload: Type.Optional(Payload),
      payloadHash: Type.Optional(Hash),
      quantities: Type.Optional(Type.Array(Quantity, { minItems: 1, maxItems: QUANTITIES_MAX })),
      references: Type.Optional(References),
    },
    closed,
  ),
  roles: 'any',
  events: ['logbook/recorded'],
  refusals: ['logbook/empty', 'logbook/hash-mismatch', 'logbook/bad-quantity'],
  handler(ctx, { category, subject, payload, payloadHash, quantities, references }) {
    if (payload === undefined && payloadHash === undefined && quantities === undefined) {
      return ctx.refuse('logbook/empty', 'an entry has a payload, a payloadHash or quantities')
    }
    const hash = payload === undefined ? payloadHash : hashText(ctx.crypto, payload)
    if (payloadHash !== undefined && payloadHash !== hash) {
      return ctx.refuse('logbook/hash-mismatch', `the SHA-256 of the payload is ${hash}`)
    }
    const checked = (quantities ?? []).map(checkedQuantity)
    const bad = checked.find((it) => 'problem' in it)
    if (bad !== undefined && 'problem' in bad) return ctx.refuse('logbook/bad-quantity', `${bad.name}: ${bad.problem}`)
    const { organization, member } = ctx.caller
    const inSubject = nextOf(ctx, subjectKey(subject))
    const inCategory = nextOf(ctx, categoryKey(category))
    ctx.emit('logbook/recorded', {
      category,
      subject,
      organization,
      member,
      payloadHash: hash ?? null,
      quantities: checked.flatMap((it) => ('problem' in it ? [] : [it])),
      references: references ?? [],
      inSubject,
      inCategory,
    })
    return { entry: ctx.transaction, payloadHash: hash ?? null, inSubject, inCategory }
  },
})

type NamedQuantity = { readonly name: string } & { readonly [K in keyof QuantityText]: string }

/** With its unit in the canonical form; all else as it was given. */
function checkedQuantity({
  name,
  ...text
}: Static<typeof Quantity>): NamedQuantity | { readonly name: string; readonly problem: string } {
  const quantity = parseQuantity(text)
  return 'problem' in quantity ? { name, ...quantity } : { name, ...text, unit: quantity.unit.canonical }
}

/** Makes this transaction the end of a chain; gives its number and the one before. */
function nextOf(
  { state, transaction, height, timeMs }: MethodContext,
  key: string,
): { readonly counter: number; readonly previous: string | null } {
  const end = state.get<ChainRecord>(key)
  const counter = (end?.counter ?? 0) + 1
  state.set(key, { counter, last: transaction, height, timeMs })
  return { counter, previous: end?.last ?? null }
}
