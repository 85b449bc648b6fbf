import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordStatement, timedRecordStatement } from '../../src/formats/record-statements.js'
import { jwsOf, MeterChain, ocmfOf, testKey } from './pki-support.js'

/** Records in each format, and the three verdicts on them. */

const one = testKey('p256', 401)
const two = testKey('p256', 402)

/** A day when the chain's clock stands in 2026, so that times of records make sense. */
class ModernChain extends MeterChain {
  constructor() {
    super()
    this.timeMs = Date.UTC(2026, 2, 1)
  }
}

const timed = (chain: MeterChain, counter: number, timeMs: number, clock = 'synchronized', args: object = {}) => {
  const signature = one.sign(timedRecordStatement('meter', counter, timeMs, clock, '42'))
  return chain.record({
    instrument: 'meter',
    format: 'etalon-2',
    message: '42',
    counter,
    timeMs,
    clock,
    signature,
    ...args,
  })
}

describe('etalon-2', () => {
  it('signs the time and the state of the clock', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    chain.block()
    const at = chain.timeMs
    expect(timed(chain, 1, at).value).toMatchObject({
      legal: { verdict: 'entitled', timeMs: at },
      quality: { clock: 'synchronized', timeMs: at, findings: [] },
    })
    expect(timed(chain, 2, at, 'synchronized', { timeMs: at + 1 }).code).toBe('pki/bad-signature')
    expect(timed(chain, 2, at, 'informative', { clock: 'synchronized' }).code).toBe('pki/bad-signature')
    expect(timed(chain, 2, at, 'synchronized', { timeMs: undefined }).code).toBe('pki/bad-record')
    expect(timed(chain, 2, at - 1, 'informative').value).toMatchObject({
      quality: { findings: ['clock-not-synchronized', 'time-backwards'] },
    })
    expect(timed(chain, 3, chain.timeMs + 60_000).value).toMatchObject({ quality: { findings: ['time-in-future'] } })
    expect(timed(chain, 9, chain.timeMs + 60_000).value).toMatchObject({
      gap: 5,
      quality: { findings: ['counter-gap', 'time-in-future'] },
    })
  })

  it('states a quantity with its uncertainty, where it is a JSON object with value and unit', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const anchor = (counter: number, quantity: object) => {
      const message = JSON.stringify(quantity)
      return chain.own('meter', one, counter, {
        message,
        signature: one.sign(recordStatement('meter', counter, message)),
      })
    }
    const stated = {
      value: '20.00',
      unit: '\\litre',
      uncertainty: '0.06',
      coverageFactor: '2',
      coverageProbability: '0.95',
    }
    expect(anchor(1, stated).value).toMatchObject({ quantity: stated, quality: { findings: ['time-not-signed'] } })
    expect(anchor(2, { value: '20.00', unit: 'L' }).value).toMatchObject({
      quantity: null,
      quality: { findings: ['time-not-signed', 'quantity-unreadable'] },
    })
  })

  it('is judged by its own time: late ones of a retired key count, ones of the time after do not', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const at = chain.timeMs
    chain.retire('meter')
    expect(timed(chain, 1, at).value).toMatchObject({ legal: { verdict: 'entitled', timeMs: at } })
    expect(timed(chain, 2, chain.timeMs).code).toBe('pki/retired')
    expect(timed(chain, 2, at - 10_000).code).toBe('pki/not-endorsed')
  })

  it('is judged by the time of the block where the clock says nothing', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const { value } = timed(chain, 1, 60_000, 'unknown')
    expect(value).toMatchObject({ legal: { timeMs: chain.timeMs }, quality: { clock: 'unknown', timeMs: 60_000 } })
    chain.suspend('meter')
    expect(timed(chain, 2, 60_000, 'unknown').code).toBe('pki/suspended')
  })

  it('of a revoked key is refused whatever its time: who stole the key can state any', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const at = chain.timeMs
    chain.withdraw('meter', at + 500)
    expect(timed(chain, 1, at).code).toBe('pki/revoked')
  })
})

describe('OCMF', () => {
  interface Vector {
    readonly curve: string
    readonly publicKey: string
    readonly record: string
    readonly counter: number
  }
  const vectors = JSON.parse(readFileSync('test/vectors/ocmf/openssl.json', 'utf8')) as readonly Vector[]

  const reading = (time: string, value: string, more: object = {}) => ({
    TM: time,
    RV: value,
    RI: '1-0:1.8.0',
    RU: 'kWh',
    ST: 'G',
    ...more,
  })
  const payload = (page: string, ...readings: object[]) => ({
    FV: '1.0',
    PG: page,
    GS: 'GW-1',
    MS: 'M-1',
    RD: readings,
  })
  const EARLY = '2026-03-01T00:00:04,000+0000 S'
  const LATE = '2026-03-01T00:00:05,000+0000 S'
  const anchor = (chain: MeterChain, message: string, from = 'grid') =>
    chain.record({ instrument: 'meter', format: 'ocmf', message }, from)
  const sign = (page: string, ...readings: object[]) =>
    ocmfOf(one, 'ECDSA-secp256r1-SHA256', payload(page, ...readings))

  it('carries counter, time and signature; anyone may anchor it; T and F count apart', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    chain.block()
    const first = anchor(chain, sign('T12', reading(EARLY, '1.50', { TX: 'B' }), reading(LATE, '1.70', { TX: 'E' })))
    expect(first.value).toMatchObject({
      counter: 12,
      counterSigned: true,
      legal: { timeMs: Date.UTC(2026, 2, 1, 0, 0, 5) },
      quality: { clock: 'synchronized', findings: [] },
      readings: {
        count: 2,
        first: { value: '1.50', reason: 'B', obis: '1-0:1.8.0*255', unit: '\\kilo\\watt\\hour' },
        last: { value: '1.70', reason: 'E' },
      },
    })
    expect(anchor(chain, sign('F1', reading(LATE, '1.70'))).value).toMatchObject({ counter: 1, previous: null })
    expect(anchor(chain, sign('T15', reading(LATE, '1.70'))).value).toMatchObject({
      gap: 2,
      quality: { findings: ['counter-gap'] },
    })
    expect(anchor(chain, sign('T15', reading(LATE, '1.80'))).code).toBe('pki/counter-replayed')
    expect(anchor(chain, sign('T16', reading(LATE, '1.70')).replace('"M-1"', '"M-2"')).code).toBe('pki/bad-signature')
    expect(anchor(chain, ocmfOf(two, 'ECDSA-secp256r1-SHA256', payload('T16', reading(LATE, '1')))).code).toBe(
      'pki/bad-signature',
    )
    expect(anchor(chain, ocmfOf(one, 'ECDSA-secp256k1-SHA256', payload('T16', reading(LATE, '1')))).code).toBe(
      'pki/bad-signature',
    )
  })

  it('tells what speaks against it', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one, { serial: 'M-9' })
    chain.block()
    const readings = [
      reading(EARLY.replace(' S', ' I'), '2.0'),
      reading(LATE, '1.99', { ST: 'M' }),
      reading(LATE, '5', { RU: 'min', RI: '1-0:1.9.0' }),
    ]
    expect(anchor(chain, sign('T1', ...readings)).value).toMatchObject({
      quality: {
        clock: 'informative',
        findings: ['clock-not-synchronized', 'serial-differs', 'meter-not-good', 'value-decreasing', 'unit-unknown'],
      },
    })
  })

  it('takes nothing from outside that it says itself', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    chain.block()
    const message = sign('T1', reading(LATE, '1'))
    for (const args of [{ signature: 'AA==' }, { timeMs: 1 }, { counter: 2 }]) {
      expect(chain.record({ instrument: 'meter', format: 'ocmf', message, ...args }).code).toBe('pki/bad-record')
    }
    expect(chain.record({ instrument: 'meter', format: 'ocmf', message, counter: 1 }).code).toBe('')
  })

  it.each(vectors)(
    'of OpenSSL on $curve, counter $counter, verifies and is anchored',
    async ({ publicKey, record, counter, curve }) => {
      const chain = new MeterChain()
      chain.timeMs = Date.UTC(2026, 1, 1)
      const key = testKey('p256', 500 + counter)
      chain.enliven('meter', key, { operator: 'grid' })
      // The private half of the vector's key is gone: it takes its place in the record without proof.
      const stored = chain.state.get('pki/instruments/meter') as Uint8Array
      const text = new TextDecoder().decode(stored)
      const point = publicKey.toLowerCase().slice(publicKey.toLowerCase().lastIndexOf('0004') + 2)
      const changed = text.replace(key.key, point).replace('"curve":"p256"', `"curve":"${curve}"`)
      chain.state.apply([{ key: 'pki/instruments/meter', value: new TextEncoder().encode(changed) }])
      expect(await chain.ask('pki.verify', { instrument: 'meter', format: 'ocmf', message: record })).toMatchObject({
        value: {
          cryptographic: { verdict: 'good' },
          legal: { verdict: 'entitled' },
          quality: { time: 'signed', counter: 'next', counterSigned: true },
        },
      })
      const { value } = anchor(chain, record)
      expect(value).toMatchObject({ counter })
      const { findings } = value.quality as { findings: readonly string[] }
      expect(findings.includes('weak-curve')).toBe(curve.startsWith('secp192'))
      expect(await chain.ask('pki.verify', { instrument: 'meter', format: 'ocmf', message: record })).toMatchObject({
        value: { quality: { counter: 'not-new' } },
      })
    },
  )
})

describe('JWS', () => {
  const algorithms = [
    ['ES256', 'p256'],
    ['ES384', 'p384'],
    ['ES256K', 'secp256k1'],
    ['EdDSA', 'ed25519'],
    ['Ed25519', 'ed25519'],
  ] as const

  it.each(algorithms)('%s', (alg, curve) => {
    const chain = new ModernChain()
    const key = testKey(curve, 410)
    chain.enliven('meter', key)
    const iat = Math.floor(chain.timeMs / 1_000)
    const anchor = (claims: object, args: object = {}, from = 'grid') =>
      chain.record(
        { instrument: 'meter', format: 'jws', message: jwsOf(alg, key, JSON.stringify(claims)), ...args },
        from,
      )
    expect(anchor({ sub: 'meter', counter: 3, iat, value: 1 }).value).toMatchObject({
      counter: 3,
      counterSigned: true,
      legal: { timeMs: iat * 1_000 },
      quality: { findings: ['clock-not-synchronized'] },
    })
    expect(anchor({ sub: 'meter', counter: 3, iat }).code).toBe('pki/counter-replayed')
    expect(anchor({ sub: 'meter-2', counter: 4 }).code).toBe('pki/bad-record')
    expect(anchor({ counter: 4 }, { counter: 5 }).code).toBe('pki/bad-record')
    expect(anchor({ value: 1 }).code).toBe('pki/counter-missing')
    expect(anchor({ value: 1 }, { counter: 4 }).code).toBe('pki/not-operator')
    expect(anchor({ value: 1 }, { counter: 4 }, 'maker').value).toMatchObject({
      counterSigned: false,
      quality: { findings: ['counter-not-signed', 'time-not-signed'] },
    })
  })

  it('of another algorithm than the key is a bad signature', () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const message = jwsOf('ES256K', one, '{"counter":1}')
    expect(chain.record({ instrument: 'meter', format: 'jws', message }).code).toBe('pki/bad-signature')
  })
})

describe('batches', () => {
  it('anchor the root over many records, and count on', () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    chain.own('meter', one, 4)
    const batch = chain.batchOf('meter', 6, 15, 8)
    const { value, events } = chain.batch(batch, one)
    expect(value).toMatchObject({ ...batch, key: 1, counterSigned: true, gap: 1, missing: 2, previous: 4 })
    expect(events).toMatchObject([{ name: 'pki/batch-anchored', data: { root: batch.root, gap: 1, missing: 2 } }])
    expect(chain.own('meter', one, 15).code).toBe('pki/counter-replayed')
    expect(chain.own('meter', one, 16).value).toMatchObject({ gap: 0 })
  })

  it('that the instrument did not sign come from its operator, also for the counters of OCMF', () => {
    const chain = new MeterChain()
    chain.enliven('meter', one, { operator: 'grid' })
    const send = (args: object) =>
      chain.send('pki.anchorBatch', { from: 'grid', client: 'c', args: { ...chain.batchOf('meter', 1, 9), ...args } })
    expect(send({ stream: 'ocmf-T' }).value).toMatchObject({ counterSigned: false, stream: 'ocmf-T' })
    expect(send({ stream: 'ocmf-T' }).code).toBe('pki/counter-replayed')
    expect(send({ stream: 'ocmf-F' }).code).toBe('')
    expect(send({}).code).toBe('')
    expect(send({ firstCounter: 10, lastCounter: 18, stream: 'ocmf-T', signature: one.sign('x') }).code).toBe(
      'pki/bad-batch',
    )
  })
})

it('no record, whatever it is, makes the contract fail', () => {
  const chain = new ModernChain()
  chain.enliven('meter', one, { operator: 'grid' })
  const [{ record }] = JSON.parse(readFileSync('test/vectors/ocmf/openssl.json', 'utf8')) as [{ record: string }]
  const jws = jwsOf('ES256', one, '{"counter":1}')
  const mangled = (text: string) =>
    fc
      .tuple(fc.nat(text.length), fc.nat(5), fc.string({ maxLength: 4 }))
      .map(([at, cut, more]) => text.slice(0, at) + more + text.slice(at + cut))
  const message = fc.oneof(mangled(record), mangled(jws), fc.string({ maxLength: 40 }))
  const args = fc.record(
    {
      instrument: fc.constant('meter'),
      format: fc.constantFrom('etalon-1', 'etalon-2', 'fabpki', 'ocmf', 'jws'),
      message,
      signature: fc.oneof(mangled(one.sign('42')), fc.string({ minLength: 1, maxLength: 20 })),
      counter: fc.nat(9),
      timeMs: fc.nat(),
      clock: fc.constantFrom('unknown', 'synchronized'),
    },
    { requiredKeys: ['instrument', 'format', 'message'] },
  )
  fc.assert(
    fc.property(args, (given) => {
      const { code } = chain.record(given)
      expect(code).toMatch(/^(|pki\/[a-z-]+|runtime\/invalid-arguments)$/)
      expect(chain.faults).toEqual([])
    }),
    { numRuns: 400 },
  )
})

describe('verify', () => {
  it('finds the key among those that the instrument had, and judges by what was known when', async () => {
    const chain = new ModernChain()
    chain.enliven('meter', one)
    const at = chain.timeMs
    chain.rotate('meter', one, two)
    const known = chain.height
    chain.withdraw('meter', at - 1_000, { key: 1 })
    const signature = one.sign(timedRecordStatement('meter', 1, at, 'synchronized', '42'))
    const record = {
      instrument: 'meter',
      format: 'etalon-2',
      message: '42',
      counter: 1,
      timeMs: at,
      clock: 'synchronized',
      signature,
    }
    expect(await chain.ask('pki.verify', record)).toMatchObject({
      value: {
        key: 1,
        cryptographic: { verdict: 'good' },
        legal: {
          verdict: 'not-entitled',
          status: 'revoked',
          timeMs: at,
          invalidSinceMs: at - 1_000,
          knownAtHeight: null,
        },
      },
    })
    expect(await chain.ask('pki.verify', { ...record, knownAtHeight: known })).toMatchObject({
      value: { legal: { verdict: 'entitled', status: 'active', invalidSinceMs: null, knownAtHeight: known } },
    })
    expect(await chain.ask('pki.verify', { ...record, message: '43' })).toMatchObject({
      value: { key: 2, cryptographic: { verdict: 'bad' } },
    })
  })
})
