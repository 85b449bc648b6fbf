import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.js'
import { fromBase58, toBase58 } from '../../src/formats/base58.js'
import { didKeyOf, type KeyCurve, type PublicKey, parsePublicKey } from '../../src/formats/public-key.js'
import { p256Key } from '../contracts/support.js'

interface Vector {
  readonly curve: KeyCurve
  readonly spki: string
  readonly compressedSpki: string
}

const VECTORS = JSON.parse(readFileSync('test/vectors/ecdsa/openssl.json', 'utf8')) as readonly Vector[]
const CURVES = [...new Map(VECTORS.map((vector) => [vector.curve, vector])).values()]
const JWS = JSON.parse(readFileSync('test/vectors/jws/openssl.json', 'utf8')) as readonly {
  readonly curve: KeyCurve
  readonly publicKey: string
}[]
const ED25519_PEM = JWS.find(({ curve }) => curve === 'ed25519')?.publicKey ?? ''

const key = p256Key(1)
const [{ pem }] = JSON.parse(readFileSync('test/vectors/fabpki/openssl.json', 'utf8')) as [{ pem: string }]
const read = (text: string, curve?: KeyCurve): PublicKey => {
  const parsed = parsePublicKey(text, curve)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

describe('SubjectPublicKeyInfo', () => {
  it.each(CURVES)('of $curve in either form, as hexadecimal, base64 and PEM', ({ curve, spki, compressedSpki }) => {
    const known = read(spki)
    expect(known).toMatchObject({ algorithm: 'ecdsa', curve })
    expect(spki.endsWith(known.key)).toBe(true)
    expect(compressedSpki.endsWith(known.compressed)).toBe(true)
    const base64 = Buffer.from(spki, 'hex').toString('base64')
    const forms = [
      compressedSpki,
      spki.toUpperCase(),
      (spki.match(/.{1,4}/g) ?? []).join(' '),
      base64,
      `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`,
    ]
    for (const form of forms) expect(read(form)).toEqual(known)
    expect(read(spki, curve)).toEqual(known)
    expect(parsePublicKey(spki, 'ed25519')).toHaveProperty('problem')
  })

  it('of Ed25519 (RFC 8410)', () => {
    expect(read(ED25519_PEM)).toMatchObject({ algorithm: 'ed25519', curve: 'ed25519' })
  })

  const lines = pem.trim().split('\n')
  const body = lines.slice(1, -1)
  it.each<[string, string]>([
    ['as it is', pem],
    ['no line break at the end', pem.trim()],
    ['Windows line ends', pem.replaceAll('\n', '\r\n')],
    ['no line breaks', lines.join('')],
    ['no BEGIN and END lines', body.join('\n')],
    ['neither', body.join('')],
    ['blanks around', `  \n${pem}\n  `],
    ['short lines', `${lines[0]}\n${body.join('').replaceAll(/(.{10})/g, '$1\n')}\n${lines.at(-1)}`],
  ])('as the clients of fabpki send it: %s', (_, text) => {
    expect(read(text)).toEqual(read(pem))
  })

  const der = Buffer.from(body.join(''), 'base64')
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(der)
    copy[at] = value
    return copy.toString('base64')
  }
  it.each<[string, string]>([
    ['nothing', ' '],
    ['text', 'hello world'],
    ['base64 of something else', 'aGVsbG8='],
    ['another label', pem.replaceAll('PUBLIC KEY', 'PRIVATE KEY')],
    ['a BEGIN line alone', `${lines[0]}\n${body.join('')}`],
    ['an END line alone', `${body.join('')}\n${lines.at(-1)}`],
    ['two keys', pem + pem],
    ['words before the key', `my key: ${pem}`],
    ['base64 without its padding', body.join('').replaceAll('=', '')],
    ['base64 with loose bits', body.join('').replace(/A==$/, 'B==')],
    ['a literal backslash n', lines.join('\\n')],
    ['bytes after the end', Buffer.concat([der, Buffer.of(0)]).toString('base64')],
    ['bytes missing', der.subarray(0, -1).toString('base64')],
    ['another curve', changed(22, 0x06)],
    ['a hybrid point', changed(26, 0x06)],
    ['infinity', changed(26, 0x00)],
    ['a point that is not on the curve', changed(90, (der[90] ?? 0) ^ 1)],
    ['far too much', pem.padEnd(600, '\n')],
    ['half of a surrogate pair', '\ud800'],
    ['an RSA key', '305c300d06092a864886f70d0101010500034b003048024100'.padEnd(188, '7')],
    ['an Ed25519 key of small order', `302a300506032b6570032100${'0'.repeat(64)}`],
  ])('refuses, without throwing, %s', (_, text) => {
    expect(parsePublicKey(text)).toHaveProperty('problem')
  })
})

describe('bare points', () => {
  it.each(CURVES)('of $curve, when the curve is said', ({ curve, spki }) => {
    const known = read(spki)
    expect(read(known.key, curve)).toEqual(known)
    expect(read(known.compressed.toUpperCase(), curve)).toEqual(known)
    expect(parsePublicKey(known.key)).toHaveProperty('problem')
    expect(read(known.key.slice(2), curve)).toEqual(known)
    expect(parsePublicKey(known.key.slice(4), curve)).toHaveProperty('problem')
  })
})

describe('did:key', () => {
  // The first is the example of the did:key method's text for Ed25519, the second that for P-256.
  it.each([
    ['did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK', 'ed25519'],
    ['did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169', 'p256'],
    ['did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme', 'secp256k1'],
    ['did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9', 'p384'],
  ] as const)('%s', (did, curve) => {
    const known = read(did)
    expect(known.curve).toBe(curve)
    expect(didKeyOf(known)).toBe(did)
  })

  it.each([
    'did:key:',
    'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU216',
    'did:key:f1200',
    'did:web:example.org',
    `did:key:z${'1'.repeat(200)}`,
    'did:key:z0OIl',
  ])('refuses %s', (did) => {
    expect(parsePublicKey(did)).toHaveProperty('problem')
  })

  it('has no form for curves without a number', () => {
    expect(CURVES.filter((vector) => didKeyOf(read(vector.spki)) === undefined).map(({ curve }) => curve)).toEqual([
      'brainpoolP256r1',
      'brainpoolP384r1',
      'secp192r1',
      'secp192k1',
    ])
  })
})

describe('base58', () => {
  it('is the inverse of itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(fromBase58(toBase58(bytes))).toEqual(bytes)
      }),
    )
  })

  it('has the values of the draft on base58 (draft-msporny-base58-03, section 5)', () => {
    expect(toBase58(new TextEncoder().encode('Hello World!'))).toBe('2NEpo7TZRRrLZSi2U')
    expect(toBase58(fromHex('0000287fb4cd') as Uint8Array)).toBe('11233QC4')
  })
})

it('never throws, whatever the text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom<KeyCurve | undefined>(undefined, 'p256', 'ed25519'),
      (text, curve) => {
        const parsed = parsePublicKey(text, curve)
        expect('problem' in parsed || parsed.curve === curve).toBe(true)
      },
    ),
  )
  expect(read(key.pem).key).toBe(key.uncompressed)
})
