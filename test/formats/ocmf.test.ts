import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.js'
import { signatureFromDer } from '../../src/crypto/ecdsa.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import { JSON_TEXT_DEPTH_MAX, parseJsonText } from '../../src/formats/json-text.js'
import { OCMF_LENGTH_MAX, parseOcmf } from '../../src/formats/ocmf.js'
import { OCMF_READINGS_MAX } from '../../src/formats/ocmf-readings.js'
import { parsePublicKey } from '../../src/formats/public-key.js'
import { parseUnit } from '../../src/formats/units.js'

interface Vector {
  readonly curve: string
  readonly publicKey: string
  readonly record: string
  readonly counter: number
  readonly timeMs: number
}

const VECTORS = JSON.parse(readFileSync('test/vectors/ocmf/openssl.json', 'utf8')) as readonly Vector[]

const read = (text: string) => {
  const record = parseOcmf(text)
  if ('problem' in record) throw new Error(record.problem)
  return record
}

const algorithmOf = (text: string) => /"SA":"([^"]+)"/.exec(text)?.[1]

describe('records signed by OpenSSL', () => {
  it.each(VECTORS)('of $curve, counter $counter', ({ curve, publicKey, record: text, counter, timeMs }) => {
    const record = read(text)
    const key = parsePublicKey(publicKey)
    if ('problem' in key) throw new Error(key.problem)
    expect(record.scheme).toEqual({ curve, hash: 'sha256', encoding: 'der' })
    expect(record.counter).toBe(counter)
    expect(record.readings.at(-1)?.timeMs).toBe(timeMs)
    expect(timeMs).toBe(
      counter === 7 && record.context === 'F' ? Date.UTC(2026, 2, 1) : Date.UTC(2026, 2, 1, 7, 30, 0, 250),
    )
    for (const suite of [nativeSuite, nobleSuite]) {
      const verify = (payload: string) =>
        suite.verifyEcdsa(record.scheme, fromHex(key.key) as Uint8Array, utf8(payload), record.signature)
      expect(verify(record.payload)).toBe(true)
      expect(verify(record.payload.replace('"M-', '"N-'))).toBe(false)
      expect(verify(` ${record.payload}`)).toBe(false)
    }
  })

  it.each(VECTORS)('of $curve, counter $counter, verify as well with r || s', ({ record: text }) => {
    const record = read(text)
    const compact = signatureFromDer(record.scheme.curve, record.signature) as Uint8Array
    const raw = read(`OCMF|${record.payload}|${JSON.stringify({ SA: algorithmOf(text), SD: toHex(compact) })}`)
    expect(raw.scheme).toEqual({ ...record.scheme, encoding: 'compact' })
    expect(raw.signature).toEqual(compact)
  })

  it('keep the digits of a value, and hand on what later readings leave out', () => {
    const [begin, end] = read(VECTORS[0]?.record ?? '').readings
    expect(begin).toEqual({
      timeMs: Date.UTC(2026, 2, 1, 7),
      clock: 'synchronized',
      reason: 'B',
      value: '1000.10',
      obis: '1-0:178.8.0*255',
      accumulating: true,
      unit: '\\kilo\\watt\\hour',
      meter: 'G',
      errors: '',
    })
    expect(end).toMatchObject({ reason: 'E', value: '1012.30', obis: '1-0:178.8.0*255', meter: 'G' })
  })

  it('have defaults for what may be left out (OCMF tables 8 and 22), and blanks', () => {
    const record = read(VECTORS.at(-1)?.record ?? '')
    expect(record).toMatchObject({ context: 'F', counter: 7, gatewaySerial: undefined, meterSerial: 'M-0001' })
    expect(record.readings).toMatchObject([
      { value: '7.00', obis: '1-b:1.8.0*255', clock: 'informative', reason: undefined },
    ])
  })
})

const READING = '{"TM":"2018-07-24T13:22:04,000+0200 S","TX":"B","RV":1.5,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}'
const build = (payload: string, signature = '{"SD":"00"}') => `OCMF|${payload}|${signature}`
const withReading = (reading: string) => build(`{"PG":"T1","RD":[${reading}]}`)
const changed = (from: string, to: string) => withReading(READING.replace(from, to))

it('units of the format are D-SI units in their one form', () => {
  for (const name of ['kWh', 'Wh', 'mOhm', 'uOhm']) {
    const unit = read(changed('kWh', name)).readings[0]?.unit ?? ''
    expect(parseUnit(unit)).toMatchObject({ canonical: unit })
  }
  expect(read(changed('kWh', 'min')).readings).toMatchObject([{ value: '1.5', unit: undefined }])
})

describe('what is not a record', () => {
  it('is not the template of these tests', () => {
    expect(read(withReading(READING)).readings).toMatchObject([{ value: '1.5' }])
    expect(
      read(build(`{"PG":"T1","RD":[${READING},{"TM":"2018-07-24T13:23:04,000+0200 S"}]}`)).readings[1],
    ).toMatchObject({
      value: undefined,
      unit: undefined,
    })
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['another header', build('{}').replace('OCMF', 'OCMG')],
    ['one section', 'OCMF|{}'],
    ['a fourth section', `${build('{}')}|{}`],
    ['a bar within the payload', build('{"PG":"T1","X":"|"}')],
    ['a payload that is not JSON', build('{PG}')],
    ['a payload that is a list', build('[]')],
    ['a name twice', build(`{"PG":"T1","PG":"T2","RD":[${READING}]}`)],
    ['a name twice in a reading', changed('"TX":"B"', '"TX":"B","TX":"E"')],
    ['no pagination', build(`{"RD":[${READING}]}`)],
    ['a pagination with zeros before it', build(`{"PG":"T01","RD":[${READING}]}`)],
    ['a pagination of another context', build(`{"PG":"X1","RD":[${READING}]}`)],
    ['a pagination beyond 2^53', build(`{"PG":"T9999999999999999","RD":[${READING}]}`)],
    ['a pagination that is a number', build(`{"PG":1,"RD":[${READING}]}`)],
    ['no readings', build('{"PG":"T1"}')],
    ['an empty list of readings', build('{"PG":"T1","RD":[]}')],
    ['a reading that is a text', withReading('"x"')],
    ['a time with a point', changed(',000+', '.000+')],
    ['a time without milliseconds', changed(',000', '')],
    ['a time with a colon in the zone', changed('+0200', '+02:00')],
    ['a time without its state', changed('+0200 S', '+0200')],
    ['a time with an unknown state', changed('+0200 S', '+0200 Q')],
    ['a day that there is not', changed('07-24', '02-30')],
    ['a 29th of February of a common year', changed('2018-07-24', '2018-02-29')],
    ['an hour of 24', changed('T13', 'T24')],
    ['a second of 60', changed(':04', ':60')],
    ['a time before 1970', changed('2018', '1969')],
    ['an unknown reason', changed('"TX":"B"', '"TX":"Q"')],
    ['an unknown state of the meter', changed('"ST":"G"', '"ST":"Q"')],
    ['no state of the meter', changed(',"ST":"G"', '')],
    ['unknown error flags', changed('"ST":"G"', '"ST":"G","EF":"x"')],
    ['a value that is not decimal', changed('1.5', '1.5e3')],
    ['a value that is no number', changed('1.5', '"many"')],
    ['an OBIS code that is none', changed('1-0:1.8.0', '1.8.0')],
    ['an unknown curve', build(`{"PG":"T1","RD":[${READING}]}`, '{"SA":"ECDSA-secp521r1-SHA256","SD":"00"}')],
    [
      'an inherited name as the curve',
      build(`{"PG":"T1","RD":[${READING}]}`, '{"SA":"ECDSA-constructor-SHA256","SD":"00"}'),
    ],
    ['an unknown hash', build(`{"PG":"T1","RD":[${READING}]}`, '{"SA":"ECDSA-secp256r1-MD5","SD":"00"}')],
    ['an unknown encoding', build(`{"PG":"T1","RD":[${READING}]}`, '{"SE":"base58","SD":"00"}')],
    ['an unknown type', build(`{"PG":"T1","RD":[${READING}]}`, '{"SM":"text/plain","SD":"00"}')],
    ['no signature', build(`{"PG":"T1","RD":[${READING}]}`, '{}')],
    ['a signature that is not hexadecimal', build(`{"PG":"T1","RD":[${READING}]}`, '{"SD":"0g"}')],
    ['a signature that is not base64', build(`{"PG":"T1","RD":[${READING}]}`, '{"SE":"base64","SD":"?"}')],
    ['too long', build(`{"PG":"T1","X":"${'x'.repeat(OCMF_LENGTH_MAX)}","RD":[${READING}]}`)],
    ['nested too deep', build(`{"PG":"T1","X":${'['.repeat(20)}${']'.repeat(20)},"RD":[${READING}]}`)],
    ['half of a surrogate pair', build(`{"PG":"T1","X":"\\ud800","RD":[${READING}]}`)],
  ])('%s', (_, text) => {
    expect(parseOcmf(text)).toHaveProperty('problem')
  })

  it('has too many readings', () => {
    const readings = [READING, ...Array.from({ length: OCMF_READINGS_MAX }, () => '{}')].join(',')
    expect(parseOcmf(build(`{"PG":"T1","RD":[${readings}]}`))).toEqual({
      problem: `the record has more than ${OCMF_READINGS_MAX} readings`,
    })
  })

  it('never makes it throw', () => {
    const [{ record }] = VECTORS as [Vector]
    fc.assert(
      fc.property(fc.nat(record.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 6 }), (at, cut, text) => {
        parseOcmf(record.slice(0, at) + text + record.slice(at + cut))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('JSON with the texts of its numbers', () => {
  const plain = (value: unknown): unknown => {
    if (value instanceof Map) return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]))
    if (Array.isArray(value)) return value.map(plain)
    const { number } = (typeof value === 'object' && value !== null ? value : {}) as { number?: string }
    return number === undefined ? value : Number(number)
  }

  it('reads what JSON.parse reads, up to its depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent)
        const read = parseJsonText(text)
        if (text.isWellFormed() && !/\\ud[89a-f]/i.test(text) && !text.includes('__proto__')) {
          expect('value' in read && plain(read.value)).toEqual(JSON.parse(text))
        }
      }),
    )
  })

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123.eE+-tfnrula\\ ') }), (text) => {
        let good = true
        try {
          JSON.parse(text)
        } catch {
          good = false
        }
        if (!good) expect(parseJsonText(text)).toHaveProperty('problem')
      }),
      { numRuns: 2_000 },
    )
  })

  it('has a bound on its depth', () => {
    const nested = (levels: number) => parseJsonText('['.repeat(levels) + ']'.repeat(levels))
    expect(nested(JSON_TEXT_DEPTH_MAX + 1)).toHaveProperty('value')
    expect(nested(JSON_TEXT_DEPTH_MAX + 2)).toHaveProperty('problem')
  })
})
