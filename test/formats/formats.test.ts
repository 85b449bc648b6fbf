import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toBase64, utf8 } from '../../src/base/bytes.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import { fromBase64Url, toBase64Url } from '../../src/formats/base64url.js'
import { parseOcmfTime } from '../../src/formats/civil-time.js'
import { parseJws } from '../../src/formats/jws.js'
import { formatObis, isAccumulating, parseObis } from '../../src/formats/obis.js'
import { type KeyCurve, parsePublicKey } from '../../src/formats/public-key.js'
import { quantityOf } from '../../src/formats/record-quantity.js'
import { checkSignature } from '../../src/formats/signed-record.js'

describe('OBIS codes (IEC 62056-6-1)', () => {
  it.each([
    ['1-0:1.8.0*255', '1-0:1.8.0*255'],
    ['1-0:1.8.0', '1-0:1.8.0*255'],
    ['1-b:1.8.0', '1-b:1.8.0*255'],
    ['1-b:1.8.e', '1-b:1.8.e*255'],
    ['01-00:B2.08.00*FF', '1-0:178.8.0*255'],
    ['01-00:01.08.00.FF', '1-0:1.8.0*255'],
    ['1-0:98.8.0.FF', '1-0:98.8.0*255'],
    ['1-0:1.8.0*198', '1-0:1.8.0*198'],
    ['7-20:99.53.12*5', '7-20:99.53.12*5'],
  ])('%s is %s', (text, canonical) => {
    const code = parseObis(text)
    if ('problem' in code) throw new Error(code.problem)
    expect(formatObis(code)).toBe(canonical)
    expect(parseObis(canonical)).toEqual(code)
  })

  it.each([
    '',
    '1.8.0',
    '1-0:1.8',
    '1-0:1.8.0*',
    '256-0:1.8.0',
    '1-0:1.8.0*256',
    '1-0:1.8.0*255 ',
    'x-0:1.8.0',
    '1-0:G1.08.00',
    '1-0:1.8.0*255*255',
    '-1-0:1.8.0',
    `1-0:1.8.0${' '.repeat(30)}`,
  ])('refuses %j', (text) => expect(parseObis(text)).toHaveProperty('problem'))

  it('round-trips', () => {
    const group = fc.nat(255)
    const open = fc.option(group, { nil: null })
    fc.assert(
      fc.property(fc.record({ a: group, b: open, c: group, d: group, e: open, f: group }), (code) => {
        const text = formatObis(code)
        // Two digits in every group are read as hexadecimal.
        if (!/^\d\d-\d\d:\d\d\.\d\d\.\d\d\*\d\d$/.test(text)) expect(parseObis(text)).toEqual(code)
      }),
    )
  })

  it('knows registers that only count upwards', () => {
    const all = [
      '1-0:1.8.0',
      '1-0:2.8.1',
      '01-00:B2.08.00*FF',
      '01-00:C1.08.00*FF',
      '1-0:1.7.0',
      '1-0:16.8.0',
      '7-0:1.8.0',
    ]
    expect(all.map((text) => isAccumulating(parseObis(text) as never))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})

describe('times of OCMF', () => {
  it('are those of the Gregorian calendar', () => {
    const pad = (value: number, width = 2) => String(Math.abs(value)).padStart(width, '0')
    const date = fc.date({ min: new Date(Date.UTC(1971, 0)), max: new Date(Date.UTC(9999, 0)), noInvalidDate: true })
    fc.assert(
      fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (utc, offset) => {
        const local = new Date(utc.getTime() + offset * 60_000)
        const zone = `${offset < 0 ? '-' : '+'}${pad(Math.trunc(offset / 60))}${pad(offset % 60)}`
        const text = `${local.toISOString().slice(0, -1).replace('.', ',')}${zone}`
        if (/^\d{4}-/.test(text)) expect(parseOcmfTime(text)).toEqual({ timeMs: utc.getTime() })
      }),
    )
  })

  it.each(['2000-02-29T00:00:00,000+0000', '2024-12-31T23:59:59,999-1200', '1970-01-01T00:00:00,000+0000'])(
    '%s',
    (text) => {
      const iso = text.replace(',', '.').replace(/(\d\d)$/, ':$1')
      expect(parseOcmfTime(text)).toEqual({ timeMs: Date.parse(iso) })
    },
  )

  it.each([
    '1970-01-01T00:30:00,000+0100',
    '2100-02-29T00:00:00,000+0000',
    '2024-00-10T00:00:00,000+0000',
    '2024-13-10T00:00:00,000+0000',
    '2024-01-00T00:00:00,000+0000',
    '2024-01-10T00:60:00,000+0000',
    '2024-01-10T00:00:00,000+1500',
    '2024-01-10T00:00:00,000+0160',
    '2024-01-10 00:00:00,000+0100',
  ])('refuses %s', (text) => expect(parseOcmfTime(text)).toHaveProperty('problem'))
})

describe('JWS', () => {
  interface Vector {
    readonly alg: string
    readonly curve: KeyCurve
    readonly publicKey: string
    readonly jws: string
  }
  const vectors = ['openssl', 'rfc'].flatMap(
    (name) => JSON.parse(readFileSync(`test/vectors/jws/${name}.json`, 'utf8')) as readonly Vector[],
  )

  it.each(vectors)('of $alg, $jws', ({ curve, publicKey, jws: text }) => {
    const jws = parseJws(text)
    const key = parsePublicKey(publicKey, curve)
    if ('problem' in jws || 'problem' in key) throw new Error('a good one')
    for (const suite of [nativeSuite, nobleSuite]) {
      const verdict = (bytes: Uint8Array, signature: Uint8Array) =>
        checkSignature(suite, key, jws.scheme, bytes, signature)
      expect(verdict(jws.signed, jws.signature)).toBe('good')
      expect(verdict(utf8('x'), jws.signature)).toBe('bad')
      expect(verdict(jws.signed, jws.signature.subarray(1))).toBe('malformed')
    }
  })

  it('states what is its own', () => {
    expect(parseJws(vectors[0]?.jws ?? '')).toMatchObject({
      counter: 12,
      subject: 'meter-jws',
      timeMs: 1_772_350_200_000,
    })
    expect(parseJws(vectors.at(-1)?.jws ?? '')).toMatchObject({
      counter: undefined,
      payload: 'Example of Ed25519 signing',
    })
  })

  const encode = (text: string) => toBase64Url(utf8(text))
  const jwsOf = (header: string, payload = 'x', signature = 'AA') => `${encode(header)}.${encode(payload)}.${signature}`
  it.each<[string, string]>([
    ['nothing', ''],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['no algorithm', jwsOf('{}')],
    ['the algorithm none', jwsOf('{"alg":"none"}')],
    ['a MAC', jwsOf('{"alg":"HS256"}')],
    ['an inherited name', jwsOf('{"alg":"toString"}')],
    ['critical extensions', jwsOf('{"alg":"ES256","crit":["exp"]}')],
    ['a payload that is not encoded', jwsOf('{"alg":"ES256","b64":false}')],
    ['a header twice', jwsOf('{"alg":"ES256","alg":"EdDSA"}')],
    ['a header that is not JSON', jwsOf('alg')],
    ['a header that is too long', jwsOf(`{"alg":"ES256","x":"${'x'.repeat(2_000)}"}`)],
    ['padding', `${jwsOf('{"alg":"ES256"}')}==`],
    ['loose bits', jwsOf('{"alg":"ES256"}', 'x', 'AB')],
    ['a payload that is not text', `${encode('{"alg":"ES256"}')}.${toBase64Url(Uint8Array.of(0xff))}.AA`],
    ['a payload of broken JSON', jwsOf('{"alg":"ES256"}', '{"counter":1')],
    ['a counter that is a text', jwsOf('{"alg":"ES256"}', '{"counter":"1"}')],
    ['a counter that is negative', jwsOf('{"alg":"ES256"}', '{"counter":-1}')],
    ['a counter beyond 2^53', jwsOf('{"alg":"ES256"}', '{"counter":9999999999999999}')],
    ['a counter twice', jwsOf('{"alg":"ES256"}', '{"counter":1,"counter":2}')],
    ['a time with decimals', jwsOf('{"alg":"ES256"}', '{"iat":1.5}')],
    ['a time out of reach', jwsOf('{"alg":"ES256"}', '{"iat":99999999999999}')],
  ])('refuses %s', (_, text) => {
    expect(parseJws(text)).toHaveProperty('problem')
  })

  it('never throws', () => {
    const [{ jws }] = vectors as [Vector]
    fc.assert(
      fc.property(fc.nat(jws.length), fc.string({ unit: 'binary', maxLength: 6 }), (at, text) => {
        parseJws(jws.slice(0, at) + text + jws.slice(at + 1))
      }),
    )
  })
})

describe('base64url', () => {
  it('is base64 with other letters', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
      }),
    )
    for (const bad of ['A', 'AB', 'A+==', toBase64(Uint8Array.of(0xfb))]) expect(fromBase64Url(bad)).toBeUndefined()
    expect(fromBase64Url('')).toEqual(fromHex(''))
  })
})

describe('quantities that messages state', () => {
  it('come with unit, uncertainty and OBIS code, every digit kept', () => {
    const message = JSON.stringify({
      obis: '1-0:1.8.0',
      value: '1012.30',
      unit: '\\kilo\\watt\\hour',
      uncertainty: '0.20',
      coverageFactor: '2',
      coverageProbability: '0.95',
      distribution: 'normal',
    })
    expect(quantityOf(message)).toEqual({ ...JSON.parse(message), obis: '1-0:1.8.0*255' })
    expect(quantityOf('{"value":1012.30,"unit":"\\\\watt\\\\hour"}')).toEqual({
      value: '1012.30',
      unit: '\\watt\\hour',
    })
  })

  it.each([
    '42',
    '',
    '{}',
    '{"value":1}',
    '{"unit":"\\\\watt"}',
    '[1]',
    '{"value":1,"value":2,"unit":"\\\\watt"}',
    '{"value":',
  ])('are none in %s', (message) => expect(quantityOf(message)).toBeUndefined())

  it.each([
    '{"value":1,"unit":"kWh"}',
    '{"value":"one","unit":"\\\\watt"}',
    '{"value":[],"unit":"\\\\watt"}',
    '{"value":1,"unit":"\\\\watt","uncertainty":"0.1"}',
    '{"value":1,"unit":"\\\\watt","obis":"1.8.0"}',
  ])('cannot be read in %s', (message) => expect(quantityOf(message)).toHaveProperty('problem'))
})
