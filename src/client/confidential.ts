import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { leafHash, MerkleTree, verifyInclusion } from '../crypto/index.js'
import type { Digest } from '../types/index.js'

/**
 * Confidential documents (docs/contracts/privacy.md). A document is a list of named fields, each with a salt of its own. The ledger has the
 * root of the Merkle tree over them and the hash of the ciphertext; the envelope, which the ledger does not have, has the ciphertext and
 * the content key, sealed to each recipient: X25519 (RFC 7748), HKDF-SHA-256 (RFC 5869), XChaCha20-Poly1305.
 */

export interface Field {
  /** Without line breaks. */
  readonly name: string
  readonly value: string
}

export interface SaltedField extends Field {
  /** 32 bytes, hexadecimal: without it nobody can try values out against the root. */
  readonly salt: string
}

export interface Recipient {
  readonly organization: string
  readonly member: string
  readonly version: number
  /** X25519, hexadecimal. */
  readonly publicKey: string
}

/** What binds an envelope to its place. */
interface Place {
  readonly networkId: Digest
  readonly document: string
}

interface Sealed {
  readonly organization: string
  readonly member: string
  readonly version: number
  readonly ephemeral: string
  readonly key: string
}

interface Envelope {
  readonly format: typeof ENVELOPE
  readonly document: string
  readonly root: Digest
  readonly nonce: string
  readonly ciphertext: string
  readonly sealed: readonly Sealed[]
}

export interface Disclosure {
  readonly format: typeof DISCLOSURE
  readonly document: string
  readonly fields: readonly (SaltedField & { readonly index: number; readonly path: readonly string[] })[]
}

const ENVELOPE = 'etalon-envelope-1'
const DISCLOSURE = 'etalon-disclosure-1'
/** A key is used once, so its nonce may be constant. */
const NONCE_ONCE = new Uint8Array(24)

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

export function generateRecipientKey(): { readonly secretKey: string; readonly publicKey: string } {
  const secret = x25519.utils.randomSecretKey()
  return { secretKey: toHex(secret), publicKey: toHex(x25519.getPublicKey(secret)) }
}

/** Encrypts a document. @returns the envelope as a file, and the arguments of `privacy.publish` */
export function sealDocument(
  { networkId, document }: Place,
  fields: readonly Field[],
  recipients: readonly Recipient[],
): {
  readonly envelope: string
  readonly commitment: {
    readonly document: string
    readonly ciphertextHash: Digest
    readonly root: Digest
    readonly fields: number
    readonly recipients: { organization: string; member: string; version: number }[]
  }
  readonly ciphertext: string
} {
  if (fields.some(({ name }) => name.includes('\n'))) {
    throw new EtalonError('confidential/bad-field', 'the name of a field has a line break', 'names are single lines')
  }
  const salted = fields.map(({ name, value }): SaltedField => ({ name, value, salt: toHex(random(32)) }))
  const root = toHex(treeOf(salted).root)
  const contentKey = random(32)
  const nonce = random(24)
  const encrypted = xchacha20poly1305(contentKey, nonce, bindingOf({ networkId, document }, root)).encrypt(
    utf8(JSON.stringify(salted)),
  )
  const ciphertext = toBase64(encrypted)
  const envelope: Envelope = {
    format: ENVELOPE,
    document,
    root,
    nonce: toHex(nonce),
    ciphertext,
    sealed: recipients.map((recipient) => sealKey({ networkId, document }, recipient, contentKey)),
  }
  return {
    envelope: `${JSON.stringify(envelope, undefined, 2)}\n`,
    commitment: {
      document,
      ciphertextHash: toHex(sha256(encrypted)),
      root,
      fields: fields.length,
      recipients: recipients.map(({ organization, member, version }) => ({ organization, member, version })),
    },
    ciphertext,
  }
}

function sealKey(place: Place, recipient: Recipient, contentKey: Uint8Array): Sealed {
  const { organization, member, version, publicKey } = recipient
  const ephemeral = x25519.utils.randomSecretKey()
  const own = x25519.getPublicKey(ephemeral)
  const theirs = fromHex(publicKey, 32)
  if (theirs === undefined) throw malformed('a key of a recipient has not 32 bytes')
  const key = sealingKey(place, recipient, x25519.getSharedSecret(ephemeral, theirs), own, theirs)
  const sealed = xchacha20poly1305(key, NONCE_ONCE).encrypt(contentKey)
  return { organization, member, version, ephemeral: toHex(own), key: toHex(sealed) }
}

function sealingKey(
  { networkId, document }: Place,
  { organization, member }: { readonly organization: string; readonly member: string },
  shared: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const info = utf8(`etalon privacy seal 1\n${networkId}\n${document}\n${organization}/${member}`)
  return hkdf(sha256, shared, concatBytes(ephemeral, recipient), info, 32)
}

const bindingOf = ({ networkId, document }: Place, root: string): Uint8Array =>
  utf8(`etalon privacy document 1\n${networkId}\n${document}\n${root}`)

/** The document as its recipients read it. */
export interface OpenedDocument {
  readonly document: string
  /** To be compared with the record on the ledger. */
  readonly root: Digest
  readonly ciphertextHash: Digest
  readonly fields: readonly SaltedField[]
}

/**
 * Opens an envelope.
 * @param secretKey X25519, hexadecimal
 * @throws EtalonError `confidential/malformed`, `confidential/not-a-recipient`, `confidential/cannot-open`
 */
export function openEnvelope(networkId: Digest, text: string, secretKey: string): OpenedDocument {
  const { document, root, nonce, ciphertext, sealed } = readEnvelope(text)
  const place = { networkId, document }
  const secret = fromHex(secretKey, 32)
  const encrypted = fromBase64(ciphertext)
  const iv = fromHex(nonce, 24)
  if (secret === undefined || encrypted === undefined || iv === undefined) throw malformed('it is damaged')
  const contentKey = sealed.map((it) => unsealKey(place, it, secret)).find((key) => key !== undefined)
  if (contentKey === undefined) {
    const message = `nothing in the envelope of ${document} is sealed to this key`
    throw new EtalonError('confidential/not-a-recipient', message, 'use the key that was registered when it was sealed')
  }
  try {
    const plain = xchacha20poly1305(contentKey, iv, bindingOf(place, root)).decrypt(encrypted)
    const fields = JSON.parse(fromUtf8(plain) ?? '') as readonly SaltedField[]
    if (toHex(treeOf(fields).root) !== root) throw new RangeError('another root')
    return { document, root, ciphertextHash: toHex(sha256(encrypted)), fields }
  } catch (cause) {
    const remedy = 'do not rely on it; ask who published it for the envelope anew'
    throw new EtalonError('confidential/cannot-open', `the envelope of ${document} was changed`, remedy, { cause })
  }
}

function unsealKey(place: Place, sealed: Sealed, secret: Uint8Array): Uint8Array | undefined {
  const ephemeral = fromHex(sealed.ephemeral, 32)
  const encrypted = fromHex(sealed.key)
  if (ephemeral === undefined || encrypted === undefined) return undefined
  try {
    const own = x25519.getPublicKey(secret)
    const key = sealingKey(place, sealed, x25519.getSharedSecret(secret, ephemeral), ephemeral, own)
    return xchacha20poly1305(key, NONCE_ONCE).decrypt(encrypted)
  } catch {
    // sealed to another key
    return undefined
  }
}

function readEnvelope(text: string): Envelope {
  let envelope: Partial<Envelope>
  try {
    envelope = JSON.parse(text) as Partial<Envelope>
  } catch {
    throw malformed('it is not JSON')
  }
  const { format, document, root, nonce, ciphertext, sealed } = envelope ?? {}
  const texts = [document, root, nonce, ciphertext].every((it) => typeof it === 'string')
  const keys =
    Array.isArray(sealed) && sealed.every((it) => typeof it?.ephemeral === 'string' && typeof it.key === 'string')
  if (format !== ENVELOPE || !texts || !keys) throw malformed('it has another form')
  return envelope as Envelope
}

function malformed(why: string): EtalonError {
  return new EtalonError(
    'confidential/malformed',
    `this is not an envelope: ${why}`,
    'name a file of `etalon privacy seal`',
  )
}

/** Discloses some fields: whoever has the record of the ledger can check them, and learns nothing of the others. */
export function discloseFields({ document, fields }: OpenedDocument, names: readonly string[]): Disclosure {
  const tree = treeOf(fields)
  const chosen = fields.flatMap((field, index) =>
    names.includes(field.name) ? [{ ...field, index, path: tree.path(index).map(toHex) }] : [],
  )
  return { format: DISCLOSURE, document, fields: chosen }
}

/** Checks disclosed fields against the root and the number of fields of the document's record. */
export function verifyDisclosure(
  record: { readonly document: string; readonly root: Digest; readonly fields: number },
  disclosure: Disclosure,
): boolean {
  const root = fromHex(record.root, 32)
  if (root === undefined || disclosure.format !== DISCLOSURE || disclosure.document !== record.document) return false
  return disclosure.fields.every((field) => {
    // a line break would let one leaf be read as two pairs of name and value
    if (field.name.includes('\n') || fromHex(field.salt, 32) === undefined) return false
    const path = field.path.map((hex) => fromHex(hex, 32) ?? new Uint8Array(0))
    return verifyInclusion(sha256, leafHash(sha256, leafOf(field)), field.index, record.fields, path, root)
  })
}

const leafOf = ({ name, value, salt }: SaltedField): Uint8Array =>
  utf8(`etalon privacy field 1\n${salt}\n${name}\n${value}`)

const treeOf = (fields: readonly SaltedField[]): MerkleTree => MerkleTree.ofData(sha256, fields.map(leafOf))
