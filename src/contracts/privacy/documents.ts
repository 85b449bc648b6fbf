import { Type } from 'typebox'
import { fromBase64, toHex } from '../../base/bytes.js'
import { defineMethod } from '../contract.js'
import { Hash, Name } from '../limits.js'
import { type DocumentRecord, documentKey, holdersOf, isErased, type RecipientRecord, recipientKey } from './records.js'

/** Characters of base64 of a ciphertext on the ledger; a longer one stays elsewhere. */
export const CIPHERTEXT_LENGTH_MAX = 32_768
export const RECIPIENTS_MAX = 16
export const FIELDS_MAX = 1_024

const closed = { additionalProperties: false } as const
export const DocumentName = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })

/** Points of small order of Curve25519 and their other encodings (RFC 7748, section 6.1): what is sealed to them is open to all. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

export const registerRecipient = defineMethod({
  summary:
    "Registers the caller's X25519 key, to which keys of confidential documents are sealed; a new one replaces it.",
  args: Type.Object({ publicKey: Hash }, closed),
  roles: 'any',
  signed: true,
  events: ['privacy/recipient-registered'],
  refusals: ['privacy/bad-recipient-key'],
  handler(ctx, { publicKey }) {
    const { organization, member } = ctx.caller
    const topBit = Number.parseInt(publicKey.slice(-2), 16) >= 0x80
    if (topBit || SMALL_ORDER.has(publicKey)) {
      return ctx.refuse('privacy/bad-recipient-key', 'its highest bit is set, or it is a point of small order')
    }
    const old = ctx.state.get<RecipientRecord>(recipientKey(organization, member))
    const version = (old?.version ?? 0) + 1
    const registered = { height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(recipientKey(organization, member), { organization, member, publicKey, version, registered })
    ctx.emit('privacy/recipient-registered', { organization, member, publicKey, version })
    return { organization, member, version }
  },
})

export const publish = defineMethod({
  summary: 'Commits to a confidential document: hash of the ciphertext, Merkle root of its salted fields, recipients.',
  args: Type.Object(
    {
      document: DocumentName,
      ciphertextHash: Hash,
      ciphertext: Type.Optional(Type.String({ minLength: 4, maxLength: CIPHERTEXT_LENGTH_MAX })),
      root: Hash,
      fields: Type.Integer({ minimum: 1, maximum: FIELDS_MAX }),
      recipients: Type.Array(
        Type.Object(
          { organization: Name, member: Name, version: Type.Integer({ minimum: 1, maximum: 1_000_000 }) },
          closed,
        ),
        { maxItems: RECIPIENTS_MAX },
      ),
    },
    closed,
  ),
  roles: 'any',
  signed: true,
  events: ['privacy/published'],
  refusals: [
    'privacy/document-exists',
    'privacy/ciphertext-mismatch',
    'privacy/unknown-recipient',
    'privacy/stale-recipient-key',
  ],
  handler(ctx, { document, ciphertextHash, ciphertext, root, fields, recipients }) {
    const { organization, member } = ctx.caller
    if (ctx.state.get(documentKey(document)) !== undefined) {
      return ctx.refuse('privacy/document-exists', `there is a document ${document}`)
    }
    if (ciphertext !== undefined) {
      const bytes = fromBase64(ciphertext)
      if (bytes === undefined || toHex(ctx.crypto.sha256(bytes)) !== ciphertextHash) {
        return ctx.refuse('privacy/ciphertext-mismatch', 'base64 of the bytes whose SHA-256 is the hash is expected')
      }
    }
    for (const { organization: id, member: name, version } of recipients) {
      const known = ctx.state.get<RecipientRecord>(recipientKey(id, name))
      if (known === undefined) return ctx.refuse('privacy/unknown-recipient', `${id}/${name} has no encryption key`)
      if (known.version !== version) {
        return ctx.refuse('privacy/stale-recipient-key', `the key of ${id}/${name} has the version ${known.version}`)
      }
    }
    const record: DocumentRecord = {
      document,
      organization,
      member,
      ciphertextHash,
      root,
      fields,
      recipients,
      published: { height: ctx.height, timeMs: ctx.timeMs },
      destroyed: [],
    }
    ctx.state.set(documentKey(document), record)
    ctx.emit('privacy/published', { document, organization, member, ciphertextHash, root, fields, recipients })
    return { document, entry: ctx.transaction, onLedger: ciphertext !== undefined }
  },
})

export const destroyKey = defineMethod({
  summary:
    'States that the caller destroyed what opens a document. It is erased when all who could open it have said so.',
  args: Type.Object({ document: DocumentName }, closed),
  roles: 'any',
  signed: true,
  events: ['privacy/key-destroyed', 'privacy/erased'],
  refusals: ['privacy/unknown-document', 'privacy/not-holder', 'privacy/already-destroyed'],
  handler(ctx, { document }) {
    const { organization, member } = ctx.caller
    const record = ctx.state.get<DocumentRecord>(documentKey(document))
    if (record === undefined) return ctx.refuse('privacy/unknown-document', `there is no document ${document}`)
    const isCaller = (it: { readonly organization: string; readonly member: string }): boolean =>
      it.organization === organization && it.member === member
    if (!holdersOf(record).some(isCaller)) {
      return ctx.refuse('privacy/not-holder', `${organization}/${member} never had the key of ${document}`)
    }
    if (record.destroyed.some(isCaller)) {
      return ctx.refuse('privacy/already-destroyed', `${organization}/${member} stated so before`)
    }
    const statement = { organization, member, height: ctx.height, timeMs: ctx.timeMs }
    const after = { ...record, destroyed: [...record.destroyed, statement] }
    ctx.state.set(documentKey(document), after)
    ctx.emit('privacy/key-destroyed', { document, organization, member })
    const erased = isErased(after)
    if (erased) ctx.emit('privacy/erased', { document })
    return { document, destroyed: after.destroyed.length, holders: holdersOf(after).length, erased }
  },
})
