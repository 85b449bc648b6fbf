import { contributionStatement } from '../../src/client/index.js'
import { fromDigits, toDigits } from '../../src/crypto/paillier.js'
import { activate, meterKey, OTHER_PUBLIC, Privacy, PUBLIC, SECRETS } from './privacy-support.js'
import { type Chain, hashOf, transaction } from './support.js'

/** How to get every refusal of the contract privacy (refusals.test.ts). */

type Case = (chain: Chain) => string | Promise<string>

const begun = (chain: Chain): Privacy => {
  const it = new Privacy(chain)
  it.registerKey()
  it.create()
  return it
}
const closed = (chain: Chain): Privacy => {
  const it = new Privacy(chain).filled()
  it.close()
  return it
}

/** A contribution with another ciphertext, signed by the meter all the same. */
function signed(chain: Chain, value: bigint): string {
  const ciphertext = toDigits(value, 1_024)
  const signature = meterKey('meter-1').sign(contributionStatement('street-7', 'meter-1', ciphertext))
  return begun(chain).contribute('meter-1', 1, { ciphertext, signature }).code
}

const asked = async (chain: Chain, query: string, args: object): Promise<string> => {
  const answer = await chain.ask(query, args)
  return answer.ok ? '' : answer.code
}

/** More costly checks in one block than there may be. */
function crowded(chain: Chain, method: string, calls: readonly object[]): string {
  const results = chain.block(...calls.map((args) => transaction(method, { from: 'grid', args })))
  return results.at(-1)?.code ?? ''
}

const n = fromDigits(PUBLIC.n)
const wrongRoots = PUBLIC.roots.toReversed()

export const PRIVACY_CASES: Readonly<Record<string, Case>> = {
  'privacy.registerKey privacy/bad-key': (chain) => new Privacy(chain).registerKey({ n: toDigits(n - 1n, 512) }).code,
  'privacy.registerKey privacy/key-inconsistent': (chain) => new Privacy(chain).registerKey({ g: PUBLIC.n }).code,
  'privacy.registerKey privacy/key-exists': (chain) => begun(chain).registerKey(OTHER_PUBLIC).code,
  'privacy.registerKey privacy/key-in-use': (chain) => begun(chain).registerKey({ key: 'other' }).code,
  'privacy.registerKey privacy/busy': (chain) =>
    crowded(
      chain,
      'privacy.registerKey',
      ['a', 'b', 'c'].map((key) => ({ key, n: PUBLIC.n, roots: wrongRoots })),
    ),
  'privacy.createCohort privacy/unknown-key': (chain) => new Privacy(chain).create().code,
  'privacy.createCohort privacy/not-owner': (chain) => begun(chain).create({ cohort: 'x' }, 'maker').code,
  'privacy.createCohort privacy/cohort-exists': (chain) => begun(chain).create().code,
  'privacy.createCohort privacy/minimum-too-small': (chain) => begun(chain).create({ cohort: 'x', minimum: 4 }).code,
  'privacy.createCohort privacy/bad-unit': (chain) => begun(chain).create({ cohort: 'x', unit: 'Wh' }).code,
  'privacy.contribute privacy/unknown-cohort': (chain) => begun(chain).contribute('meter-1', 1, { cohort: 'x' }).code,
  'privacy.contribute privacy/cohort-closed': (chain) => closed(chain).contribute('meter-6', 1).code,
  'privacy.contribute privacy/duplicate': (chain) => {
    const it = begun(chain)
    it.contribute('meter-1', 1)
    return it.contribute('meter-1', 2).code
  },
  'privacy.contribute privacy/unknown-meter': (chain) =>
    begun(chain).contribute('meter-1', 1, { meter: 'meter-x' }).code,
  'privacy.contribute privacy/meter-not-entitled': (chain) => {
    const it = begun(chain)
    activate(chain, 'meter-1')
    const revocation = { instrument: 'meter-1', reason: 'stolen', invalidSinceMs: chain.timeMs }
    chain.send('pki.revoke', { from: 'inmetro', args: revocation })
    return it.contribute('meter-1', 1).code
  },
  'privacy.contribute privacy/bad-signature': (chain) => {
    const it = begun(chain)
    activate(chain, 'meter-2')
    return it.contribute('meter-1', 1, { meter: 'meter-2' }).code
  },
  'privacy.contribute privacy/ciphertext-out-of-range': (chain) => signed(chain, n * n),
  'privacy.contribute privacy/ciphertext-not-a-unit': (chain) => signed(chain, (SECRETS[0]?.p ?? 0n) * 3n),
  'privacy.closeCohort privacy/unknown-cohort': (chain) => begun(chain).close('grid', 'x').code,
  'privacy.closeCohort privacy/not-owner': (chain) => begun(chain).close('maker').code,
  'privacy.closeCohort privacy/cohort-closed': (chain) => closed(chain).close().code,
  'privacy.closeCohort privacy/cohort-too-small': (chain) => begun(chain).close().code,
  'privacy.openCohort privacy/unknown-cohort': (chain) => closed(chain).open({ cohort: 'x' }).code,
  'privacy.openCohort privacy/not-owner': (chain) => closed(chain).open({}, 'maker').code,
  'privacy.openCohort privacy/cohort-not-closed': (chain) => new Privacy(chain).filled().open().code,
  'privacy.openCohort privacy/cohort-opened': (chain) => {
    const it = closed(chain)
    it.open()
    return it.open().code
  },
  'privacy.openCohort privacy/implausible-sum': (chain) => closed(chain).open({ sum: '500001' }).code,
  'privacy.openCohort privacy/busy': (chain) => {
    closed(chain)
    const opening = { cohort: 'street-7', sum: '1', randomness: PUBLIC.n }
    return crowded(chain, 'privacy.openCohort', [opening, opening, opening])
  },
  'privacy.registerRecipient privacy/bad-recipient-key': (chain) =>
    new Privacy(chain).recipient('grid', '0'.repeat(64)).code,
  'privacy.publish privacy/document-exists': (chain) => {
    const it = new Privacy(chain)
    it.publish()
    return it.publish().code
  },
  'privacy.publish privacy/ciphertext-mismatch': (chain) => new Privacy(chain).publish({ ciphertext: 'AAAA' }).code,
  'privacy.publish privacy/unknown-recipient': (chain) =>
    new Privacy(chain).publish({ recipients: [{ organization: 'maker', member: 'admin', version: 1 }] }).code,
  'privacy.publish privacy/stale-recipient-key': (chain) => {
    const it = new Privacy(chain)
    it.recipient('maker')
    it.recipient('maker', hashOf('new').replace(/..$/, '11'))
    return it.publish({ recipients: [{ organization: 'maker', member: 'admin', version: 1 }] }).code
  },
  'privacy.destroyKey privacy/unknown-document': (chain) => new Privacy(chain).destroy('grid').code,
  'privacy.destroyKey privacy/not-holder': (chain) => {
    const it = new Privacy(chain)
    it.publish()
    return it.destroy('maker').code
  },
  'privacy.destroyKey privacy/already-destroyed': (chain) => {
    const it = new Privacy(chain)
    it.publish()
    it.destroy('grid')
    return it.destroy('grid').code
  },
  'privacy.key privacy/unknown-key': (chain) => asked(chain, 'privacy.key', { key: 'x' }),
  'privacy.cohort privacy/unknown-cohort': (chain) => asked(chain, 'privacy.cohort', { cohort: 'x' }),
  'privacy.recipient privacy/unknown-recipient': (chain) =>
    asked(chain, 'privacy.recipient', { organization: 'maker', member: 'admin' }),
  'privacy.document privacy/unknown-document': (chain) => asked(chain, 'privacy.document', { document: 'x' }),
}
