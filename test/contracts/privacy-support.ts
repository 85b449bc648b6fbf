import { readFileSync } from 'node:fs'
import { contributionStatement, encryptReading, openProduct, paillierPublicPart } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { fromDigits } from '../../src/crypto/paillier.js'
import { newKey, type TestKey, testKey } from './pki-support.js'
import { type Chain, hashOf, type Result } from './support.js'

/** The keys of test/vectors/paillier: making one takes seconds. */
const vectors = JSON.parse(readFileSync('test/vectors/paillier/phe.json', 'utf8')) as {
  keys: readonly { p: string; q: string }[]
}
export const SECRETS = vectors.keys.map(({ p, q }) => ({ p: fromDigits(p), q: fromDigits(q) }))
const [SECRET = { p: 0n, q: 0n }] = SECRETS
export const PUBLIC = paillierPublicPart(nativeSuite.sha256, SECRET)
export const OTHER_PUBLIC = paillierPublicPart(nativeSuite.sha256, SECRETS[1] ?? SECRET)

const meters = new Map<string, TestKey>()
export function meterKey(meter: string): TestKey {
  const key = meters.get(meter) ?? testKey('p256', 1_000 + meters.size)
  meters.set(meter, key)
  return key
}

/** Makes a meter with an active key in pki. */
export function activate(chain: Chain, meter: string): void {
  const proposal = { instrument: meter, type: 'energy meter', ...newKey(meter, meterKey(meter)) }
  const results = [chain.send('pki.propose', { from: 'maker', args: proposal })]
  for (const from of ['inmetro', 'body']) results.push(chain.send('pki.endorse', { from, args: { instrument: meter } }))
  for (const { code, receipt } of results) if (code !== '') throw new Error(`${code}: ${receipt.detail}`)
}

/** Calls of the contract privacy. The utility `grid` owns the key `grid-sum`. */
export class Privacy {
  readonly chain: Chain

  constructor(chain: Chain) {
    this.chain = chain
  }

  registerKey(args: object = {}, from = 'grid'): Result {
    return this.chain.send('privacy.registerKey', { from, args: { key: 'grid-sum', ...PUBLIC, ...args } })
  }

  create(args: object = {}, from = 'grid'): Result {
    const cohort = { cohort: 'street-7', key: 'grid-sum', minimum: 5, valueMax: 100_000, unit: '\\watt\\hour' }
    return this.chain.send('privacy.createCohort', { from, args: { ...cohort, ...args } })
  }

  /** An active meter in pki, whose value is encrypted and signed. */
  contribute(meter: string, value: number, args: object = {}): Result {
    const key = meterKey(meter)
    if (this.chain.state.get(`pki/instruments/${meter}`) === undefined) activate(this.chain, meter)
    const ciphertext = encryptReading(PUBLIC.n, value)
    const signature = key.sign(contributionStatement('street-7', meter, ciphertext))
    const call = { cohort: 'street-7', meter, ciphertext, signature, ...args }
    return this.chain.send('privacy.contribute', { from: 'grid', client: 'collector', args: call })
  }

  /** A cohort of five meters, with the sum 15. */
  filled(): this {
    for (const { code } of [this.registerKey(), this.create()]) if (code !== '') throw new Error(code)
    for (let i = 1; i <= 5; i++) {
      const { code } = this.contribute(`meter-${i}`, i)
      if (code !== '') throw new Error(code)
    }
    return this
  }

  close(from = 'grid', cohort = 'street-7'): Result {
    return this.chain.send('privacy.closeCohort', { from, args: { cohort } })
  }

  get product(): string {
    const record = JSON.parse(new TextDecoder().decode(this.chain.state.get('privacy/cohorts/street-7'))) as {
      product: string
    }
    return record.product
  }

  open(args: object = {}, from = 'grid'): Result {
    const opening = openProduct(SECRET, this.product)
    return this.chain.send('privacy.openCohort', { from, args: { cohort: 'street-7', ...opening, ...args } })
  }

  recipient(from: string, publicKey = hashOf(from).replace(/..$/, '11')): Result {
    return this.chain.send('privacy.registerRecipient', { from, args: { publicKey } })
  }

  publish(args: object = {}, from = 'grid'): Result {
    const document = { document: 'report-1', ciphertextHash: hashOf('c'), root: hashOf('r'), fields: 3, recipients: [] }
    return this.chain.send('privacy.publish', { from, args: { ...document, ...args } })
  }

  destroy(from: string, document = 'report-1'): Result {
    return this.chain.send('privacy.destroyKey', { from, args: { document } })
  }
}
