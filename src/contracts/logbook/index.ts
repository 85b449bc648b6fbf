import { Type } from 'typebox'
import { type Contract, defineMethod } from '../contract.js'
import { Hash } from '../limits.js'
import { hashText } from '../text.js'

export const PAYLOAD_LENGTH_MAX = 4096
export const REFERENCES_MAX = 16

const append = defineMethod({
  summary: 'Appends an entry for ever. The payload stays in the transaction; the receipt carries its SHA-256.',
  args: Type.Object(
    {
      category: Type.String({ minLength: 1, maxLength: 64 }),
      subject: Type.String({ minLength: 1, maxLength: 128 }),
      payload: Type.Optional(Type.String({ maxLength: PAYLOAD_LENGTH_MAX })),
      payloadHash: Type.Optional(Hash),
      references: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: REFERENCES_MAX }),
      ),
    },
    { additionalProperties: false },
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

/**
 * The immutable log. An entry is a fact that is only appended: its receipt proves it, and it costs no state. It is
 * found by its transaction id, and listed from the events.
 */
export const logbook = {
  name: 'logbook',
  version: '1.0.0',
  summary: 'An immutable log of entries by category and subject.',
  reads: [],
  events: {
    'logbook/appended': 'An entry: category, subject, SHA-256 of the payload, references, organization and member.',
  },
  refusals: {
    'logbook/empty': 'The entry has neither a payload nor the hash of one.',
    'logbook/hash-mismatch': 'The hash that was given is not the SHA-256 of the payload that was given.',
  },
  methods: { append },
  queries: {},
} satisfies Contract
