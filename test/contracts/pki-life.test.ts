import { describe, expect, it } from 'vitest'
import { STATE_VALUE_LENGTH_MAX } from '../../src/contracts/block-state.js'
import { encodeCanonical } from '../../src/contracts/canonical.js'
import { KEYS_MAX, REASON_LENGTH_MAX, SEAL_LENGTH_MAX, SEALS_MAX } from '../../src/contracts/pki/arguments.js'
import { HISTORY_MAX } from '../../src/contracts/pki/instrument.js'
import { type InstrumentRecord, KEY_USAGES } from '../../src/formats/pki-status.js'
import { didKeyOf, KEY_CURVES } from '../../src/formats/public-key.js'
import { MeterChain, newKey, testKey } from './pki-support.js'

/** The life of instruments and keys, as docs/contracts/pki.md tells it. */

const one = testKey('p256', 301)
const two = testKey('p256', 302)
const three = testKey('p384', 303)

interface Shown {
  readonly status: string
  readonly key: number
  readonly seals: readonly string[]
  readonly keys: readonly {
    readonly number: number
    readonly status: string
    readonly replaces: number | null
    readonly counters: object
  }[]
}

async function shown(chain: MeterChain, instrument = 'meter'): Promise<Shown> {
  const answer = await chain.ask('pki.instrument', { instrument })
  if (!answer.ok) throw new Error(answer.code)
  return answer.value as unknown as Shown
}

const statuses = async (chain: MeterChain) => (await shown(chain)).keys.map(({ status }) => status)

describe('keys of every curve', () => {
  it.each(KEY_CURVES)('%s: registered, endorsed, and signing', async (curve) => {
    const chain = new MeterChain()
    const key = testKey(curve, 310)
    expect(chain.register('meter', key).value).toMatchObject({ status: 'proposed', key: 1 })
    chain.endorseKey('meter', 1)
    expect(chain.own('meter', key, 1).value).toMatchObject({ cryptographic: { verdict: 'good' }, key: 1 })
    expect(chain.own('meter', one, 2).code).toBe('pki/bad-signature')
    const owner = { ok: true, value: { instrument: 'meter', key: 1, curve, status: 'active' } }
    expect(await chain.ask('pki.keyOwner', { publicKey: key.compressed, curve })).toMatchObject(owner)
    const did = didKeyOf({ curve, compressed: key.compressed })
    if (did !== undefined) expect(await chain.ask('pki.keyOwner', { publicKey: did })).toMatchObject(owner)
  })

  it('come as PEM, point or did:key, and are the same key', () => {
    const chain = new MeterChain()
    const did = didKeyOf({ curve: 'p256', compressed: one.compressed })
    expect(chain.register('a', one, { publicKey: did, curve: undefined }).code).toBe('')
    expect(chain.register('b', one, { publicKey: one.compressed }).code).toBe('pki/key-in-use')
    expect(chain.register('b', two, { pem: two.key }).code).toBe('pki/bad-key')
    expect(chain.register('b', two, { publicKey: undefined }).code).toBe('pki/bad-key')
    expect(chain.register('b', two, { curve: 'secp256k1' }).code).toBe('pki/bad-key')
  })
})

describe('type approval', () => {
  it('is looked at when an instrument is registered, and not later', async () => {
    const chain = new MeterChain()
    expect(chain.approveType('DE-26-M-0001', { validUntilMs: chain.timeMs + 10_000 }).code).toBe('')
    expect(chain.register('meter', one, { approval: 'DE-26-M-0001', type: 'gas meter' }).code).toBe(
      'pki/approval-not-valid',
    )
    expect(chain.register('meter', one, { approval: 'DE-26-M-0001' }, 'rival').code).toBe('pki/approval-not-valid')
    expect(chain.register('meter', one, { approval: 'DE-26-M-0001' }).code).toBe('')
    expect(chain.withdrawType('DE-26-M-0001', 'inmetro').events).toMatchObject([{ name: 'pki/type-withdrawn' }])
    expect(chain.register('next', two, { approval: 'DE-26-M-0001' }).code).toBe('pki/approval-not-valid')
    chain.endorseKey('meter', 1)
    expect(await statuses(chain)).toEqual(['active'])
    expect(await chain.ask('pki.typeApproval', { approval: 'DE-26-M-0001' })).toMatchObject({
      value: { organization: 'ptb', withdrawn: { by: 'inmetro', reason: 'defect found' } },
    })
  })

  it('runs out', () => {
    const chain = new MeterChain()
    chain.approveType('A', { validUntilMs: chain.timeMs + 1_500 })
    chain.block()
    expect(chain.register('meter', one, { approval: 'A' }).code).toBe('pki/approval-not-valid')
  })
})

describe('suspension', () => {
  it('stops a key until it is resumed, and is lifted by authorities only', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    expect(chain.suspend('meter', {}, 'maker').code).toBe('identity/not-authorized')
    expect(chain.suspend('meter').events).toMatchObject([
      { name: 'pki/suspended', data: { number: null, reason: 'under suspicion' } },
    ])
    expect(chain.own('meter', one, 1).code).toBe('pki/suspended')
    expect(chain.resume('meter', {}, 'grid').code).toBe('identity/not-authorized')
    expect(chain.resume('meter', { key: 1 }).code).toBe('pki/not-suspended')
    expect(chain.resume('meter').code).toBe('')
    expect(chain.own('meter', one, 1).code).toBe('')
  })

  it('of a key and of the instrument do not lift each other', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    chain.suspend('meter', { key: 1 })
    chain.suspend('meter')
    chain.resume('meter', { key: 1 })
    expect(await statuses(chain)).toEqual(['suspended'])
    chain.resume('meter')
    expect(await statuses(chain)).toEqual(['active'])
  })

  it('may reach back, and then says of records in between that the key was not entitled', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    const since = chain.timeMs + 500
    chain.block()
    chain.block()
    const before = chain.height
    chain.suspend('meter', { sinceMs: since })
    const status = async (timeMs: number, knownAtHeight?: number) => {
      const answer = await chain.ask('pki.statusAt', {
        instrument: 'meter',
        timeMs,
        ...(knownAtHeight === undefined ? {} : { knownAtHeight }),
      })
      return answer.ok ? (answer.value as { status: string }).status : answer.code
    }
    expect(await status(since)).toBe('suspended')
    expect(await status(since, before)).toBe('active')
    expect(await status(since - 1)).toBe('active')
  })
})

describe('expiry', () => {
  it('ends a key by itself, and frees its usage for another', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one, { validUntilMs: chain.timeMs + 5_500 })
    expect(chain.own('meter', one, 1).code).toBe('')
    expect(chain.addKey('meter', two).code).toBe('pki/usage-taken')
    chain.block()
    expect(chain.own('meter', one, 2).code).toBe('pki/expired')
    expect(chain.rotate('meter', one, two).code).toBe('pki/expired')
    expect(chain.addKey('meter', two).value).toMatchObject({ key: 2, status: 'proposed' })
    chain.endorseKey('meter', 2)
    expect(chain.own('meter', two, 1).code).toBe('')
  })
})

describe('rotation', () => {
  it('needs both keys, and passes the office on at once; each key has counters of its own', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one, { operator: 'grid' })
    chain.own('meter', one, 7)
    expect(chain.rotate('meter', two, two).code).toBe('pki/bad-co-signature')
    expect(chain.rotate('meter', one, two, { possession: one.sign('x') }).code).toBe('pki/bad-possession')
    const rotated = chain.rotate('meter', one, two, {}, 'grid')
    expect(rotated.value).toEqual({ instrument: 'meter', key: 2, replaces: 1, status: 'active' })
    expect(rotated.events).toMatchObject([{ name: 'pki/rotated', data: { number: 2, replaces: 1, emergency: false } }])
    expect(await statuses(chain)).toEqual(['retired', 'active'])
    expect(chain.own('meter', one, 8, { key: 1 }).code).toBe('pki/retired')
    expect(chain.own('meter', two, 1).value).toMatchObject({ key: 2, previous: null, gap: 0 })
    expect(chain.own('meter', two, 1).code).toBe('pki/counter-replayed')
    expect((await shown(chain)).keys).toMatchObject([
      { counters: { record: { counter: 7 } } },
      { replaces: 1, counters: { record: { counter: 1 } } },
    ])
  })

  it('of a co-signature for another instrument or another key does not count', () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    const coSignature = one.sign(`etalon pki rotation 1\nmeter-2\n${two.key}`)
    expect(chain.rotate('meter', one, two, { coSignature }).code).toBe('pki/bad-co-signature')
    expect(
      chain.rotate('meter', one, three, { coSignature: one.sign(`etalon pki rotation 1\nmeter\n${two.key}`) }).code,
    ).toBe('pki/bad-co-signature')
  })

  it('in an emergency is for the authority, without the old key, which is revoked since a time', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    expect(chain.emergencyRotate('meter', two, 0, {}, 'body').code).toBe('identity/not-authorized')
    const { events, value } = chain.emergencyRotate('meter', two, 4_200)
    expect(value).toMatchObject({ key: 2, replaces: 1 })
    expect(events.map(({ name }) => name)).toEqual(['pki/revoked', 'pki/rotated'])
    expect(await statuses(chain)).toEqual(['revoked', 'active'])
    expect(chain.own('meter', one, 1, { key: 1 }).code).toBe('pki/revoked')
    expect(chain.own('meter', two, 1).code).toBe('')
  })

  it('in an emergency may come after the revocation', () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    chain.withdraw('meter', 4_200)
    const { events } = chain.emergencyRotate('meter', two, 0, { key: 1 })
    expect(events.map(({ name }) => name)).toEqual(['pki/rotated'])
    expect(chain.own('meter', two, 1).code).toBe('')
  })
})

describe('usages', () => {
  it('belong to one key at a time, and only a measuring key signs records', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    expect(chain.addKey('meter', two, { usages: ['software', 'config', 'software'] }).value).toMatchObject({ key: 2 })
    expect(chain.addKey('meter', three, { usages: ['config'] }).code).toBe('pki/usage-taken')
    chain.endorseKey('meter', 2)
    expect(chain.own('meter', two, 1, { key: 2 }).code).toBe('pki/wrong-usage')
    expect(chain.own('meter', one, 1).value).toMatchObject({ key: 1 })
    chain.retire('meter', { key: 2 })
    expect(chain.addKey('meter', three, { usages: ['config'] }).code).toBe('')
  })

  it('after a revocation come with a new key, that is endorsed anew', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    chain.withdraw('meter', 0)
    expect(chain.addKey('meter', two).value).toMatchObject({ key: 2, status: 'proposed' })
    expect(chain.own('meter', two, 1).code).toBe('pki/not-endorsed')
    chain.endorseKey('meter', 2)
    expect(chain.own('meter', two, 1).code).toBe('')
    expect(chain.addKey('meter', one, { usages: ['tls'] }).code).toBe('pki/key-in-use')
  })
})

describe('seals', () => {
  it('broken for a repair stop measuring until another organization has re-verified', async () => {
    const chain = new MeterChain()
    chain.enliven('meter', one, { seals: ['S-1'], operator: 'grid' })
    chain.addKey('meter', two, { usages: ['config'] })
    chain.endorseKey('meter', 2)
    expect(chain.breakSeal('meter', {}, 'rival').code).toBe('') // a notified body as well
    expect(await statuses(chain)).toEqual(['seal-broken', 'active'])
    expect(chain.own('meter', one, 1).code).toBe('pki/seal-broken')
    expect(chain.renewSeal('meter', ['S-2'], 'maker').code).toBe('identity/not-authorized')
    expect(chain.renewSeal('meter', ['S-2', 'S-3']).value).toEqual({
      instrument: 'meter',
      seals: ['S-2', 'S-3'],
      replaced: ['S-1'],
    })
    expect((await shown(chain)).seals).toEqual(['S-2', 'S-3'])
    expect(chain.own('meter', one, 1).code).toBe('')
    expect(chain.breakSeal('meter', {}, 'grid').events).toMatchObject([{ data: { seals: ['S-2', 'S-3'] } }])
  })
})

describe('a full history', () => {
  it('leaves room for revocations', () => {
    const chain = new MeterChain()
    chain.enliven('meter', one)
    let code = ''
    for (let i = 0; code === ''; i++) code = (i % 2 === 0 ? chain.suspend('meter') : chain.resume('meter')).code
    expect(code).toBe('pki/history-full')
    expect(chain.withdraw('meter', 0).code).toBe('')
    expect(chain.faults).toEqual([])
  })

  it('with the longest texts there may be still fits into a value of the state', () => {
    const chain = new MeterChain()
    const reason = '\u{1f50f}'.repeat(128)
    chain.enliven('m'.repeat(96), three, {
      type: '\u{1f50f}'.repeat(64),
      serial: '\u{1f50f}'.repeat(64),
      seals: Array.from({ length: 8 }, () => 's'.repeat(32)),
    })
    let code = ''
    for (let i = 0; code === ''; i++) {
      const instrument = 'm'.repeat(96)
      code = (i % 2 === 0 ? chain.suspend(instrument, { reason }) : chain.resume(instrument, { reason })).code
    }
    expect(code).toBe('pki/history-full')
    for (let since = 20; since > 12; since--) expect(chain.withdraw('m'.repeat(96), since, { reason }).code).toBe('')
    expect(chain.faults).toEqual([])
  })
})

it('a proposed key can be taken back, and never becomes active then', async () => {
  const chain = new MeterChain()
  chain.register('meter', one)
  chain.retire('meter')
  expect(chain.send('pki.endorse', { from: 'body', args: { instrument: 'meter' } }).code).toBe('pki/retired')
  expect(chain.addKey('meter', two).value).toMatchObject({ key: 2, status: 'proposed' })
  expect(await statuses(chain)).toEqual(['retired', 'proposed'])
})

it('the largest record that there may be fits into a value of the state', () => {
  const [name, text] = ['o'.repeat(64), '\u{1f50f}'.repeat(128)]
  const many = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)
  const last = Number.MAX_SAFE_INTEGER
  const record: InstrumentRecord = {
    instrument: 'i'.repeat(96),
    type: text.slice(0, 128),
    approval: 'a'.repeat(96),
    serial: text.slice(0, 128),
    organization: name,
    operator: name,
    seals: many(SEALS_MAX, 's'.repeat(SEAL_LENGTH_MAX)),
    keys: many(KEYS_MAX, {
      number: KEYS_MAX,
      algorithm: 'ecdsa',
      curve: 'brainpoolP384r1',
      key: 'f'.repeat(194),
      usages: [...KEY_USAGES],
      validUntilMs: last,
      replaces: KEYS_MAX,
    }),
    history: many(HISTORY_MAX, {
      event: 'seal-renewed',
      key: KEYS_MAX,
      by: name,
      height: last,
      timeMs: last,
      sinceMs: last,
      reason: text,
    }),
  }
  expect(text).toHaveLength(2 * REASON_LENGTH_MAX)
  expect(encodeCanonical(record).length).toBeLessThan(STATE_VALUE_LENGTH_MAX)
})

it('takes no vouched call where a member has to sign', () => {
  const chain = new MeterChain()
  chain.enliven('meter', one)
  const calls: readonly (readonly [string, string, object])[] = [
    ['suspend', 'body', { instrument: 'meter', reason: 'x' }],
    ['resume', 'body', { instrument: 'meter' }],
    ['retire', 'maker', { instrument: 'meter' }],
    ['breakSeal', 'maker', { instrument: 'meter', reason: 'x' }],
    ['renewSeal', 'body', { instrument: 'meter', seals: ['x'] }],
    [
      'emergencyRotate',
      'inmetro',
      { instrument: 'meter', ...newKey('meter', two, 'inmetro'), reason: 'x', invalidSinceMs: 0 },
    ],
    ['approveType', 'body', { approval: 'A', type: 't', manufacturer: 'maker', documentHash: '0'.repeat(64) }],
    ['withdrawType', 'body', { approval: 'A', reason: 'x' }],
  ]
  for (const [method, from, args] of calls) {
    expect(chain.send(`pki.${method}`, { from, client: 'c', args }).code, method).toBe('runtime/signature-required')
  }
})
