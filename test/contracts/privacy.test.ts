import { describe, expect, it } from 'vitest'
import { toBase64, toHex, utf8 } from '../../src/base/bytes.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { fromDigits, toDigits } from '../../src/crypto/paillier.js'
import { OTHER_PUBLIC, Privacy, PUBLIC } from './privacy-support.js'
import { Chain, hashOf } from './support.js'

/** docs/contracts/privacy.md, "Sums". */
describe('a key of Paillier', () => {
  it('is registered with its proof, and N, G and N² are checked against each other', () => {
    const n = fromDigits(PUBLIC.n)
    const whole = { g: toDigits(n + 1n, 512), nSquared: toDigits(n * n, 1_024) }
    const { value, events } = new Privacy(new Chain()).registerKey(whole)
    expect(value).toMatchObject({ outcome: 'registered', modulusHash: hashOf(PUBLIC.n) })
    expect(events.map(({ name }) => name)).toEqual(['privacy/key-registered'])
    const wrong = { nSquared: toDigits(n * n - 1n, 1_024) }
    expect(new Privacy(new Chain()).registerKey(wrong).code).toBe('privacy/key-inconsistent')
  })

  it('whose proof does not hold is not registered; that is an outcome, so that the check is paid for', async () => {
    const it = new Privacy(new Chain())
    const { receipt, value, events } = it.registerKey({ roots: OTHER_PUBLIC.roots })
    expect([receipt.status, value.outcome, events[0]?.name]).toEqual(['done', 'rejected', 'privacy/key-rejected'])
    expect(await it.chain.ask('privacy.keys')).toMatchObject({ value: [] })
    expect(it.registerKey().value).toMatchObject({ outcome: 'registered' })
  })

  it.each<[string, object]>([
    ['in capitals', { n: PUBLIC.n.toUpperCase() }],
    ['with a digit less', { n: PUBLIC.n.slice(1) }],
    ['without roots', { roots: [] }],
    ['that is no number', { n: 'g'.repeat(512) }],
  ])('%s is not taken', (_, args) => {
    expect(new Privacy(new Chain()).registerKey(args).code).toBe('runtime/invalid-arguments')
  })
})

describe('a sum', () => {
  it('is published by the owner, proven, and the readings are not', async () => {
    const it = new Privacy(new Chain()).filled()
    expect(it.close().value).toMatchObject({ contributions: 5 })
    const { value, events } = it.open()
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(value).toMatchObject({
      outcome: 'opened',
      sum: '15',
      unit: '\\watt\\hour',
      contributions: 5,
      producer: { code: hash, parameters: hash },
    })
    expect(events[0]).toMatchObject({ name: 'privacy/opened', data: { sum: '15' } })
    expect(await it.chain.ask('privacy.cohort', { cohort: 'street-7' })).toMatchObject({
      value: { opened: { sum: '15' }, contributions: 5 },
    })
  })

  it('that the ciphertexts do not hold is rejected, and the true one taken afterwards', () => {
    const it = new Privacy(new Chain()).filled()
    it.close()
    expect(it.open({ sum: '14' }).value).toMatchObject({ outcome: 'rejected' })
    expect(it.open({ randomness: PUBLIC.n }).value).toMatchObject({ outcome: 'rejected' })
    expect(it.open().value).toMatchObject({ outcome: 'opened', sum: '15' })
  })

  it('needs the contributions that the cohort demands', () => {
    const it = new Privacy(new Chain()).filled()
    it.create({ cohort: 'street-8', minimum: 6 })
    expect(it.close('grid', 'street-8').code).toBe('privacy/cohort-too-small')
  })

  it('says whether a meter has contributed', async () => {
    const it = new Privacy(new Chain()).filled()
    const ask = (meter: string) => it.chain.ask('privacy.contribution', { cohort: 'street-7', meter })
    expect(await ask('meter-1')).toMatchObject({ value: { ciphertextHash: expect.any(String) } })
    expect(await ask('meter-9')).toMatchObject({ value: null })
  })

  it.each(['-1', '01', '1.0', '', '1e3'])('is not %j', (sum) => {
    const it = new Privacy(new Chain()).filled()
    it.close()
    expect(it.open({ sum }).code).toBe('runtime/invalid-arguments')
  })
})

/** docs/contracts/privacy.md, "Documents". */
describe('a confidential document', () => {
  const to = (organization: string) => ({ organization, member: 'admin', version: 1 })

  it('is committed to, with its ciphertext where it is short', () => {
    const bytes = utf8('ciphertext')
    const args = { ciphertextHash: toHex(nativeSuite.sha256(bytes)), ciphertext: toBase64(bytes) }
    expect(new Privacy(new Chain()).publish(args).value).toMatchObject({ onLedger: true })
    expect(new Privacy(new Chain()).publish().value).toMatchObject({ onLedger: false })
  })

  it('is erased when all who could open it have said that they destroyed their keys', async () => {
    const it = new Privacy(new Chain())
    it.recipient('maker')
    it.recipient('grid')
    it.publish({ recipients: [to('maker'), to('grid'), to('maker')] })
    expect(it.destroy('grid').value).toMatchObject({ destroyed: 1, holders: 2, erased: false })
    const last = it.destroy('maker')
    expect(last.value).toMatchObject({ erased: true })
    expect(last.events.map(({ name }) => name)).toEqual(['privacy/key-destroyed', 'privacy/erased'])
    expect(await it.chain.ask('privacy.documents')).toMatchObject({ value: [{ document: 'report-1', erased: true }] })
  })

  it('goes to the newest key of a member', async () => {
    const it = new Privacy(new Chain())
    expect(it.recipient('maker').value).toMatchObject({ version: 1 })
    expect(it.recipient('maker').value).toMatchObject({ version: 2 })
    expect(it.publish({ recipients: [{ ...to('maker'), version: 2 }] }).code).toBe('')
    const asked = await it.chain.ask('privacy.recipient', { organization: 'maker', member: 'admin' })
    expect(asked).toMatchObject({ value: { version: 2 } })
  })

  it.each([
    ['one', '01'.padEnd(64, '0')],
    ['the prime', `${'ed'.padEnd(62, 'f')}7f`],
    ['a key with its highest bit set', 'ff'.repeat(32)],
    // RFC 7748 and its errata: points of order eight
    ['a point of order eight', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ])('is sealed to nobody whose key is %s', (_, publicKey) => {
    expect(new Privacy(new Chain()).recipient('maker', publicKey).code).toBe('privacy/bad-recipient-key')
  })
})
