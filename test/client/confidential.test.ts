import { describe, expect, it } from 'vitest'
import {
  discloseFields,
  generateRecipientKey,
  openEnvelope,
  type Recipient,
  sealDocument,
  verifyDisclosure,
} from '../../src/client/index.js'

/** docs/contracts/privacy.md, "Documents". */

const NETWORK = 'a'.repeat(64)
const FIELDS = [
  { name: 'customer', value: 'A. Person' },
  { name: 'error', value: '0.050 \\degreecelsius' },
  { name: 'place', value: 'Kiel\nNorth' },
]
const maker = generateRecipientKey()
const other = generateRecipientKey()
const to = (organization: string, publicKey: string): Recipient => ({
  organization,
  member: 'admin',
  version: 1,
  publicKey,
})
const place = { networkId: NETWORK, document: 'report-1' }
const sealed = sealDocument(place, FIELDS, [to('maker', maker.publicKey), to('utility', other.publicKey)])

const codeOf = (open: () => unknown): string => {
  try {
    open()
    return ''
  } catch (error) {
    return (error as { readonly code: string }).code
  }
}

describe('an envelope', () => {
  it('opens for each recipient, and for nobody else', () => {
    for (const { secretKey } of [maker, other]) {
      const opened = openEnvelope(NETWORK, sealed.envelope, secretKey)
      expect(opened.fields.map(({ name, value }) => ({ name, value }))).toEqual(FIELDS)
      expect(opened).toMatchObject({ root: sealed.commitment.root, ciphertextHash: sealed.commitment.ciphertextHash })
    }
    const stranger = generateRecipientKey().secretKey
    expect(codeOf(() => openEnvelope(NETWORK, sealed.envelope, stranger))).toBe('confidential/not-a-recipient')
  })

  it('hides names and values', () => {
    for (const word of ['customer', 'Person', 'Kiel']) expect(sealed.envelope).not.toContain(word)
    const again = sealDocument(place, FIELDS, []).commitment
    expect(again.root).not.toBe(sealed.commitment.root)
  })

  const changed = (from: string | RegExp, text: string): string => sealed.envelope.replace(from, text)
  it.each<[string, string, string]>([
    ['of another network', sealed.envelope, 'confidential/not-a-recipient'],
    ['under another name', changed('"report-1"', '"report-2"'), 'confidential/not-a-recipient'],
    ['with another root', changed(sealed.commitment.root, 'b'.repeat(64)), 'confidential/cannot-open'],
    ['with a changed ciphertext', changed(/("ciphertext": ")..../, '$1AAAA'), 'confidential/cannot-open'],
    [
      'whose recipient is another',
      changed('"organization": "maker"', '"organization": "rival"'),
      'confidential/not-a-recipient',
    ],
    ['without a ciphertext', changed('"ciphertext"', '"text"'), 'confidential/malformed'],
    ['with a nonce of odd length', changed(/("nonce": ")./, '$1'), 'confidential/malformed'],
    ['that is not JSON', '{', 'confidential/malformed'],
    ['that is null', 'null', 'confidential/malformed'],
  ])('%s does not open', (what, text, code) => {
    const network = what === 'of another network' ? 'b'.repeat(64) : NETWORK
    expect(codeOf(() => openEnvelope(network, text, maker.secretKey))).toBe(code)
  })

  it('takes no names of several lines', () => {
    expect(codeOf(() => sealDocument(place, [{ name: 'a\nb', value: 'c' }], []))).toBe('confidential/bad-field')
  })
})

describe('a disclosure', () => {
  const opened = openEnvelope(NETWORK, sealed.envelope, maker.secretKey)
  const record = { document: 'report-1', root: sealed.commitment.root, fields: 3 }
  const disclosure = discloseFields(opened, ['error'])

  it('shows the chosen fields and nothing of the others', () => {
    expect(disclosure.fields.map(({ name }) => name)).toEqual(['error'])
    expect(JSON.stringify(disclosure)).not.toContain('Person')
    expect(verifyDisclosure(record, disclosure)).toBe(true)
    expect(verifyDisclosure(record, discloseFields(opened, ['place', 'customer']))).toBe(true)
    expect(discloseFields(opened, ['nothing']).fields).toEqual([])
  })

  it.each<[string, object]>([
    ['another value', { value: '0.000 \\degreecelsius' }],
    ['another name', { name: 'uncertainty' }],
    ['another salt', { salt: '0'.repeat(64) }],
    ['a salt of another length', { salt: '' }],
    ['another place', { index: 0 }],
    ['a shorter path', { path: [] }],
    ['a damaged path', { path: ['x'] }],
    ['a line break moved between name and value', { name: 'error\n0.050', value: '\\degreecelsius' }],
  ])('with %s does not hold', (_, change) => {
    const fields = disclosure.fields.map((field) => ({ ...field, ...change }))
    expect(verifyDisclosure(record, { ...disclosure, fields })).toBe(false)
  })

  it('holds for its own document only', () => {
    expect(verifyDisclosure({ ...record, document: 'report-2' }, disclosure)).toBe(false)
    expect(verifyDisclosure({ ...record, root: 'b'.repeat(64) }, disclosure)).toBe(false)
    expect(verifyDisclosure({ ...record, root: 'x' }, disclosure)).toBe(false)
    expect(verifyDisclosure({ ...record, fields: 1 }, disclosure)).toBe(false)
  })
})
