import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toBase64, utf8 } from '../../src/base/bytes.js'
import { BUILT_IN_CONTRACTS } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import { parsePublicKey } from '../../src/formats/public-key.js'
import { checkText } from '../../src/formats/signed-record.js'
import { Chain, genesisOf, hashOf, p256Key } from './support.js'

interface Vector {
  readonly pem: string
  readonly message: string
  readonly signature: string
}

const vectors = (file: string): unknown => JSON.parse(readFileSync(`test/vectors/fabpki/${file}.json`, 'utf8'))
const VECTORS = [vectors('published'), ...(vectors('openssl') as unknown[])] as readonly Vector[]

const key = p256Key(1)
const stranger = p256Key(2)

describe('keys and signatures as the clients of fabpki send them', () => {
  it.each(VECTORS)('verifies $message', ({ pem, message, signature }) => {
    const parsed = parsePublicKey(pem)
    if ('problem' in parsed) throw new Error(parsed.problem)
    for (const suite of [nativeSuite, nobleSuite]) {
      expect(checkText(suite, parsed, message, signature)).toBe('good')
      expect(checkText(suite, parsed, `${message}.`, signature)).toBe('bad')
      expect(checkText(suite, { curve: 'p256', key: key.uncompressed }, message, signature)).toBe('bad')
      expect(checkText(suite, parsed, message, signature.slice(1))).toBe('malformed')
      expect(checkText(suite, parsed, message, toBase64(utf8('no DER')))).toBe('malformed')
    }
  })
})

describe('the life of a key', () => {
  it('goes from proposal through endorsements to active', async () => {
    const chain = new Chain()
    const proposed = chain.propose('meter', key)
    expect(proposed.value).toEqual({ instrument: 'meter', key: 1, status: 'proposed', endorsementsNeeded: 2 })
    expect(proposed.events).toMatchObject([
      { name: 'pki/proposed', data: { organization: 'maker', operator: 'maker' } },
    ])
    expect(chain.anchor('meter', key, 1).code).toBe('pki/not-endorsed')
    expect(chain.endorse('meter', 'ptb').value).toMatchObject({ status: 'proposed', endorsements: 1 })
    const last = chain.endorse('meter', 'inmetro')
    expect(last.value).toMatchObject({ status: 'active', endorsements: 2 })
    expect(last.events.map(({ name }) => name)).toEqual(['pki/endorsed', 'pki/activated'])
    expect(await chain.ask('pki.instrument', { instrument: 'meter' })).toMatchObject({
      ok: true,
      value: {
        status: 'active',
        organization: 'maker',
        keys: [
          {
            number: 1,
            algorithm: 'ecdsa',
            curve: 'p256',
            key: key.uncompressed,
            usages: ['measure'],
            status: 'active',
          },
        ],
        history: [
          { event: 'proposed', key: 1, by: 'maker', height: 1 },
          { event: 'endorsed', by: 'ptb', height: 3 },
          { event: 'endorsed', by: 'inmetro', height: 4 },
          { event: 'activated', key: 1, by: 'inmetro', height: 4, timeMs: 5_000, sinceMs: 5_000 },
        ],
        key: 1,
        lastCounter: null,
      },
    })
  })

  it('needs no endorsement in a network that asks for none', () => {
    const chain = new Chain(
      BUILT_IN_CONTRACTS,
      genesisOf({ parameters: { ...genesisOf().parameters, endorsements: 0 } }),
    )
    const { value, events } = chain.propose('meter', key)
    expect(value).toMatchObject({ status: 'active' })
    expect(events.map(({ name }) => name)).toEqual(['pki/proposed', 'pki/activated'])
    expect(chain.anchor('meter', key, 1).code).toBe('')
  })

  it('is for the roles that the law gives', () => {
    const chain = new Chain()
    expect(chain.propose('meter', key, {}, 'grid').code).toBe('identity/not-authorized')
    chain.propose('meter', key)
    expect(chain.endorse('meter', 'maker').code).toBe('identity/not-authorized')
    expect(chain.endorse('meter', 'grid').code).toBe('identity/not-authorized')
    expect(chain.revoke('meter', 0, 'body').code).toBe('identity/not-authorized')
    for (const method of ['pki.endorse', 'pki.revoke']) {
      const args = { instrument: 'meter', ...(method === 'pki.revoke' ? { reason: 'r', invalidSinceMs: 0 } : {}) }
      expect(chain.send(method, { from: 'inmetro', client: 'c', args }).code).toBe('runtime/signature-required')
    }
    expect(chain.revoke('meter', 0, 'maker').code).toBe('')
  })

  it('proves possession for this organization, this instrument and this key only', () => {
    const chain = new Chain()
    const ofAnother = key.sign(`etalon pki possession 2\ngrid\nmeter-2\n${key.uncompressed}`)
    expect(chain.propose('meter-2', key, { possession: ofAnother }).code).toBe('pki/bad-possession')
    const possession = key.sign(`etalon pki possession 2\nmaker\nmeter-2\n${key.uncompressed}`)
    expect(chain.propose('meter', key, { possession }).code).toBe('pki/bad-possession')
    expect(chain.propose('meter-2', key, { possession }).code).toBe('')
    expect(chain.propose('meter-3', key, { pem: stranger.pem }).code).toBe('pki/bad-possession')
    expect(chain.propose('meter-3', stranger, { possession: 'not base64' }).code).toBe('pki/bad-possession')
  })

  it('is never overwritten, not even by the proposer or after a revocation', async () => {
    const chain = new Chain()
    chain.activate('meter', key)
    const before = await chain.ask('pki.instrument', { instrument: 'meter' })
    expect(chain.propose('meter', stranger).code).toBe('pki/already-registered')
    expect(chain.propose('meter', stranger, {}, 'rival').code).toBe('pki/already-registered')
    expect(await chain.ask('pki.instrument', { instrument: 'meter' })).toEqual(before)
    chain.revoke('meter', 0)
    expect(chain.propose('meter', stranger).code).toBe('pki/already-registered')
  })

  it('lists instruments in pages', async () => {
    const chain = new Chain()
    for (const [i, id] of ['c', 'a', 'b'].entries()) chain.propose(id, p256Key(10 + i))
    const page = await chain.ask('pki.instruments', { limit: 2, after: 'a' })
    expect(page).toMatchObject({ ok: true, value: [{ instrument: 'b', status: 'proposed' }, { instrument: 'c' }] })
    expect(await chain.ask('pki.instruments')).toMatchObject({ value: [{ instrument: 'a' }, {}, {}] })
  })
})

describe('revocation', () => {
  it('reaches back before the block, and later ones only further back', () => {
    const chain = new Chain()
    chain.activate('meter', key)
    expect(chain.revoke('meter', 4_500).value).toEqual({
      instrument: 'meter',
      key: 1,
      status: 'revoked',
      invalidSinceMs: 4_500,
    })
    expect(chain.revoke('meter', 4_800).code).toBe('pki/already-revoked')
    expect(chain.revoke('meter', 4_200).code).toBe('')
    for (let since = 4_100; since > 4_094; since--) expect(chain.revoke('meter', since).code).toBe('')
    expect(chain.revoke('meter', 4_000).code).toBe('pki/already-revoked')
  })

  it('is answered on two axes: the time asked about, and what was known when', async () => {
    const chain = new Chain()
    chain.activate('meter', key) // proposed at 1 (2 s), active at 3 (4 s)
    chain.block()
    chain.block()
    chain.revoke('meter', 4_500) // height 6, 7 s
    chain.revoke('meter', 4_200) // height 7
    const status = async (timeMs: number, knownAtHeight?: number) => {
      const args = { instrument: 'meter', timeMs, ...(knownAtHeight === undefined ? {} : { knownAtHeight }) }
      const answer = await chain.ask('pki.statusAt', args)
      if (!answer.ok) throw new Error(answer.code)
      const { status: is, entitled } = answer.value as { status: string; entitled: boolean }
      expect(entitled).toBe(is === 'active')
      return is
    }
    expect(await status(1_999)).toBe('unknown')
    expect(await status(2_000)).toBe('proposed')
    expect(await status(4_000)).toBe('active')
    expect(await status(4_199)).toBe('active')
    expect(await status(4_200)).toBe('revoked')
    expect(await status(4_499, 6)).toBe('active')
    expect(await status(4_500, 6)).toBe('revoked')
    expect(await status(9_999, 5)).toBe('active')
    expect(await status(9_999, 2)).toBe('proposed')
    expect(await status(9_999, 0)).toBe('unknown')
  })
})

describe('anchored records', () => {
  it('count upwards, tell gaps, and refuse replays', () => {
    const chain = new Chain()
    chain.activate('meter', key)
    const first = chain.anchor('meter', key, 5, 'E 1234 Wh')
    expect(first.value).toEqual({
      entry: first.receipt.transaction,
      key: 1,
      counter: 5,
      counterSigned: true,
      gap: 0,
      previous: null,
      cryptographic: { verdict: 'good' },
      legal: { verdict: 'entitled', status: 'active', timeMs: chain.timeMs, knownAtHeight: chain.height },
      quality: { clock: 'not-stated', timeMs: null, findings: ['time-not-signed'] },
      quantity: null,
      readings: { count: 0, first: null, last: null },
    })
    expect(first.events).toEqual([
      {
        name: 'pki/anchored',
        data: {
          instrument: 'meter',
          counter: 5,
          counterSigned: true,
          gap: 0,
          key: 1,
          format: 'etalon-1',
          findings: ['time-not-signed'],
          messageHash: hashOf('E 1234 Wh'),
          organization: 'grid',
        },
      },
    ])
    expect(chain.changes).toHaveLength(1)
    expect(chain.anchor('meter', key, 6).value).toMatchObject({ gap: 0, previous: 5 })
    expect(chain.anchor('meter', key, 9).value).toMatchObject({ gap: 2, previous: 6 })
    for (const counter of [9, 7, 0]) expect(chain.anchor('meter', key, counter).code).toBe('pki/counter-replayed')
    expect(chain.anchor('meter', stranger, 10).code).toBe('pki/bad-signature')
    expect(chain.anchor('meter', key, 10).value).toMatchObject({ gap: 0, previous: 9 })
  })

  it('are bound to instrument, counter and text', () => {
    const chain = new Chain()
    chain.activate('meter', key)
    chain.activate('meter-2', stranger)
    const good = {
      format: 'etalon-1',
      message: '42',
      signature: key.sign('etalon pki record 1\nmeter\n1\n42'),
      counter: 1,
    }
    const code = (changes: object) =>
      chain.send('pki.anchor', { from: 'grid', client: 'c', args: { instrument: 'meter', ...good, ...changes } }).code
    expect(code({ counter: 2 })).toBe('pki/bad-signature')
    expect(code({ message: '43' })).toBe('pki/bad-signature')
    expect(code({ instrument: 'meter-2' })).toBe('pki/bad-signature')
    expect(code({})).toBe('')
    expect(code({})).toBe('pki/counter-replayed')
  })

  it('of the format of fabpki come from the operator, and are marked: their counter is not signed', () => {
    const chain = new Chain()
    chain.activate('meter', key, { operator: 'grid' })
    const send = (from: string, counter: number) => {
      const args = { instrument: 'meter', format: 'fabpki', message: '42', signature: key.sign('42'), counter }
      return chain.send('pki.anchor', { from, client: 'c', args })
    }
    expect(send('rival', 1).code).toBe('pki/not-operator')
    expect(send('grid', 1).value).toMatchObject({ counterSigned: false })
    expect(send('maker', 2).events[0]?.data).toMatchObject({ counterSigned: false, counter: 2 })
  })
})

describe('verify', () => {
  const verdicts = async (chain: Chain, args: object) => {
    const answer = await chain.ask('pki.verify', {
      instrument: 'meter',
      message: '42',
      signature: key.sign('42'),
      ...args,
    })
    if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`)
    return answer.value as {
      cryptographic: { verdict: string }
      legal: { verdict: string; status: string }
      quality: Record<string, unknown>
    }
  }

  it('keeps what the signature says apart from what the law says', async () => {
    const chain = new Chain()
    chain.propose('meter', key)
    expect(await verdicts(chain, {})).toMatchObject({
      cryptographic: { verdict: 'good' },
      legal: { verdict: 'not-entitled', status: 'proposed' },
      quality: { time: 'not-stated', counter: 'not-stated', counterSigned: false, lastCounter: null },
    })
    chain.endorse('meter', 'inmetro')
    chain.endorse('meter', 'body')
    expect(await verdicts(chain, {})).toMatchObject({
      cryptographic: { verdict: 'good' },
      legal: { verdict: 'entitled' },
    })
    expect(await verdicts(chain, { message: '43' })).toMatchObject({
      cryptographic: { verdict: 'bad' },
      legal: { verdict: 'entitled' },
    })
    expect(await verdicts(chain, { signature: '?' })).toMatchObject({ cryptographic: { verdict: 'malformed' } })
    chain.revoke('meter', 4_500)
    expect(await verdicts(chain, {})).toMatchObject({
      cryptographic: { verdict: 'good' },
      legal: { status: 'revoked' },
    })
    expect(await verdicts(chain, { timeMs: 4_400 })).toMatchObject({
      legal: { verdict: 'entitled', invalidSinceMs: 4_500 },
      quality: { time: 'stated-not-signed' },
    })
    expect(await verdicts(chain, { timeMs: 4_500 })).toMatchObject({ legal: { verdict: 'not-entitled' } })
  })

  it('tells what a counter says', async () => {
    const chain = new Chain()
    chain.activate('meter', key)
    const quality = async (counter: number) => {
      const signature = key.sign(`etalon pki record 1\nmeter\n${counter}\n42`)
      const it = await verdicts(chain, { format: 'etalon-1', counter, signature })
      expect(it.cryptographic.verdict).toBe('good')
      return it.quality.counter
    }
    expect(await quality(7)).toBe('next')
    chain.anchor('meter', key, 7)
    expect(await Promise.all([8, 9, 7].map(quality))).toEqual(['next', 'gap', 'not-new'])
  })
})

it('keeps its state as small canonical JSON', () => {
  const chain = new Chain()
  chain.propose('meter', key)
  expect(chain.changes.map((change) => change.key)).toEqual([
    'pki/instruments/meter',
    `pki/keys/p256/${key.compressed}`,
  ])
  expect(chain.changes[1]?.value).toEqual(utf8('"meter"'))
})
