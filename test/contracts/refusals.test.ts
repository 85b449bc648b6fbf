import { Type } from 'typebox'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Contract } from '../../src/contracts/index.js'
import { BUILT_IN_CONTRACTS, defineMethod, defineQuery } from '../../src/contracts/index.js'
import { FUEL_CASES } from './fuel/refusal-cases.js'
import { LOGBOOK_CASES } from './logbook-cases.js'
import { MEASURING_CASES } from './measuring-cases.js'
import { type Case, PKI_CASES } from './pki-refusals.js'
import { MeterChain } from './pki-support.js'
import { PRIVACY_CASES } from './privacy-cases.js'
import { Chain, didOf, ed25519Key, genesisOf, type InstrumentKey, keyOf, p256Key, VIEW } from './support.js'

/** Every refusal that a method or query documents, and how to get it. `describe()` says which there must be. */

let one: InstrumentKey
let two: InstrumentKey
let other: InstrumentKey

beforeAll(() => {
  one = p256Key(1)
  two = p256Key(2)
  other = p256Key(3)
})

const code = async (answer: ReturnType<Chain['ask']>): Promise<string> => {
  const it = await answer
  return it.ok ? '' : it.code
}

const enroll = (chain: Chain, args: object) =>
  chain.send('identity.enroll', {
    from: 'maker',
    args: { name: 'robot', keyType: 'p256', publicKey: other.compressed, kind: 'operator', ...args },
  }).code
const retire = (chain: Chain, name: string) => chain.send('identity.retire', { from: 'maker', args: { name } }).code
const rotate = (chain: Chain, args: object, kind: 'admin' | 'operator' = 'admin') =>
  chain.send('identity.rotate', {
    from: 'maker',
    kind,
    args: { name: 'operator', keyType: 'p256', publicKey: other.compressed, ...args },
  }).code

const CONSENSUS_KEYS = [11, 12, 13, 14].map((seed) => ed25519Key(seed))

const proposal = (chain: Chain, from: string, changes: readonly object[], expiresMs = chain.timeMs + 100_000) =>
  chain.send('governance.propose', { from, args: { title: 'a change', changes, expiresMs } }).code
const removal = (replica: number) => [{ kind: 'remove', replica }]
const addition = (change: object = {}) => [
  { kind: 'add', organization: 'maker', consensusKey: CONSENSUS_KEYS[3], peerId: 'peer3', addresses: [], ...change },
]
const ADMISSION = {
  kind: 'admit',
  organization: 'late',
  name: 'Late',
  roles: ['utility'],
  admin: { name: 'admin', keyType: 'ed25519', publicKey: CONSENSUS_KEYS[3] },
}
const ballot = (chain: Chain, from: string, id: number, approve = true) =>
  chain.send('governance.vote', { from, args: { proposal: id, approve } }).code
const withdrawal = (chain: Chain, from: string, id: number) =>
  chain.send('governance.withdraw', { from, args: { proposal: id } }).code
const announcement = (chain: Chain, from: string, consensusKey = CONSENSUS_KEYS[3]) =>
  chain.send('governance.announceKey', { from, client: 'replica', args: { consensusKey } }).code

const CASES: Readonly<Record<string, Case>> = {
  ...LOGBOOK_CASES,
  ...MEASURING_CASES,
  ...PRIVACY_CASES,
  ...FUEL_CASES,
  'governance.propose governance/bad-key': (chain) =>
    proposal(chain, 'maker', addition({ consensusKey: '0'.repeat(64) })),
  'governance.propose governance/key-used': (chain) =>
    proposal(chain, 'maker', addition({ consensusKey: CONSENSUS_KEYS[0] })),
  'governance.propose governance/unknown-organization': (chain) =>
    proposal(chain, 'maker', addition({ organization: 'nobody' })),
  'governance.propose governance/organization-known': (chain) =>
    proposal(chain, 'maker', [{ ...ADMISSION, organization: 'ptb' }]),
  'governance.propose governance/runs-a-replica': (chain) =>
    proposal(chain, 'maker', [{ kind: 'expel', organization: 'ptb' }]),
  'governance.propose governance/bad-parameters': (chain) =>
    proposal(chain, 'maker', [{ kind: 'parameters', contract: 'identity', values: '{}' }]),
  'governance.propose governance/bad-version': (chain) => {
    const change = { kind: 'contract', contract: 'logbook', version: '9.0.0', code: '0'.repeat(64), from: 1_000 }
    proposal(chain, 'maker', [change])
    ballot(chain, 'ptb', 0)
    ballot(chain, 'inmetro', 0)
    return proposal(chain, 'maker', [{ ...change, version: '9.1.0' }])
  },
  'governance.propose governance/no-view': (chain) => proposal(chain, 'maker', removal(7)),
  'governance.propose governance/bad-expiry': (chain) => proposal(chain, 'maker', removal(1), chain.timeMs),
  'governance.propose governance/too-many-open': (chain) => {
    for (let i = 0; i < 4; i++) proposal(chain, 'maker', removal(1))
    return proposal(chain, 'maker', removal(1))
  },
  'governance.vote governance/unknown-proposal': (chain) => ballot(chain, 'ptb', 0),
  'governance.vote governance/not-open': (chain) => {
    proposal(chain, 'maker', removal(1))
    withdrawal(chain, 'maker', 0)
    return ballot(chain, 'ptb', 0)
  },
  'governance.vote governance/no-vote': (chain) => {
    proposal(chain, 'maker', removal(1))
    return ballot(chain, 'maker', 0)
  },
  'governance.vote governance/voted-before': (chain) => {
    proposal(chain, 'maker', removal(1))
    ballot(chain, 'ptb', 0)
    return ballot(chain, 'ptb', 0, false)
  },
  'governance.withdraw governance/unknown-proposal': (chain) => withdrawal(chain, 'maker', 0),
  'governance.withdraw governance/not-open': (chain) => {
    proposal(chain, 'maker', removal(1))
    withdrawal(chain, 'maker', 0)
    return withdrawal(chain, 'maker', 0)
  },
  'governance.withdraw governance/not-yours': (chain) => {
    proposal(chain, 'maker', removal(1))
    return withdrawal(chain, 'ptb', 0)
  },
  'governance.announceKey governance/not-a-replica': (chain) =>
    chain.send('governance.announceKey', { from: 'ptb', args: { consensusKey: CONSENSUS_KEYS[3] } }).code,
  'governance.announceKey governance/no-vote': (chain) => announcement(chain, 'maker'),
  'governance.announceKey governance/bad-key': (chain) => announcement(chain, 'ptb', '0'.repeat(64)),
  'governance.announceKey governance/key-used': (chain) => announcement(chain, 'ptb', CONSENSUS_KEYS[0]),
  'governance.view governance/unknown-view': (chain) => code(chain.ask('governance.view', { id: 9 })),
  'governance.proposal governance/unknown-proposal': (chain) => code(chain.ask('governance.proposal', { id: 9 })),

  'identity.enroll identity/bad-key': (chain) => enroll(chain, { publicKey: '05'.repeat(33) }),
  'identity.enroll identity/key-taken': (chain) => {
    enroll(chain, {})
    return enroll(chain, { name: 'second' })
  },
  'identity.enroll identity/name-taken': (chain) => enroll(chain, { name: 'admin' }),
  'identity.rotate identity/bad-key': (chain) => rotate(chain, { publicKey: '05'.repeat(33) }),
  'identity.rotate identity/key-taken': (chain) => {
    enroll(chain, {})
    return rotate(chain, {})
  },
  'identity.rotate identity/unknown-member': (chain) => rotate(chain, { name: 'nobody' }),
  'identity.rotate identity/already-retired': (chain) => {
    retire(chain, 'operator')
    return rotate(chain, {})
  },
  'identity.rotate identity/not-yourself': (chain) => rotate(chain, { name: 'admin' }, 'operator'),
  'identity.retire identity/unknown-member': (chain) => retire(chain, 'nobody'),
  'identity.retire identity/already-retired': (chain) => {
    retire(chain, 'operator')
    return retire(chain, 'operator')
  },
  'identity.retire identity/last-admin': (chain) => retire(chain, 'admin'),
  'identity.organization identity/unknown-organization': (chain) =>
    code(chain.ask('identity.organization', { id: 'nobody' })),
  'identity.member identity/unknown-member': (chain) =>
    code(chain.ask('identity.member', { organization: 'maker', name: 'nobody' })),
  'identity.did identity/bad-did': (chain) => code(chain.ask('identity.did', { id: 'did:etalon:0:maker' })),
  'identity.did identity/unknown-organization': (chain) => code(chain.ask('identity.did', { id: didOf('nobody') })),
  'identity.did identity/unknown-member': (chain) => code(chain.ask('identity.did', { id: didOf('maker:nobody') })),
  'identity.members identity/unknown-organization': (chain) =>
    code(chain.ask('identity.members', { organization: 'nobody' })),

  ...PKI_CASES,
}

const faulty: Contract = {
  name: 'faulty',
  version: '1.0.0',
  summary: 'Fails.',
  reads: [],
  events: {},
  refusals: {},
  methods: {
    fail: defineMethod({
      summary: 'Fails.',
      args: Type.Object({}, { additionalProperties: false }),
      roles: 'any',
      events: [],
      refusals: [],
      handler() {
        throw new TypeError('a bug')
      },
    }),
  },
  queries: {
    fail: defineQuery({
      summary: 'Fails.',
      args: Type.Object({}, { additionalProperties: false }),
      refusals: [],
      handler() {
        throw new TypeError('a bug')
      },
    }),
  },
}

const RUNTIME_CASES: Readonly<Record<string, Case>> = {
  'runtime/unknown-contract': (chain) => chain.send('nothing.append', { from: 'maker' }).code,
  'runtime/unknown-method': (chain) => chain.send('logbook.erase', { from: 'maker' }).code,
  'runtime/unknown-query': (chain) => code(chain.ask('logbook.everything')),
  'runtime/invalid-arguments': (chain) => chain.send('logbook.append', { from: 'maker', args: { category: 7 } }).code,
  'runtime/signature-required': (chain) =>
    chain.send('identity.retire', { from: 'maker', client: 'c', args: { name: 'operator' } }).code,
  'runtime/contract-fault': (chain) => chain.send('faulty.fail', { from: 'maker' }).code,
  'identity/unknown-organization': (chain) =>
    chain.send('logbook.append', { from: 'nobody', client: 'c', args: { category: 'a', subject: 'b' } }).code,
  'identity/organization-expelled': () => {
    const chain = new Chain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW }))
    proposal(chain, 'maker', [{ kind: 'expel', organization: 'grid' }])
    ballot(chain, 'ptb', 0)
    ballot(chain, 'inmetro', 0)
    return chain.send('logbook.append', { from: 'grid', client: 'c', args: { category: 'a', subject: 'b' } }).code
  },
  'identity/unknown-key': (chain) =>
    chain.send('logbook.append', {
      from: 'maker',
      authentication: { mode: 'signed', keyType: 'p256', publicKey: other.compressed },
      args: { category: 'a', subject: 'b' },
    }).code,
  'identity/wrong-organization': (chain) =>
    chain.send('logbook.append', {
      from: 'maker',
      authentication: keyOf('grid'),
      args: { category: 'a', subject: 'b' },
    }).code,
  'identity/invalid-client': (chain) =>
    chain.send('logbook.append', { from: 'maker', client: '', args: { category: 'a', subject: 'b' } }).code,
  'identity/not-authorized': (chain) => chain.endorse('meter', 'grid').code,
}

describe('refusals', () => {
  const { contracts, refusals } = new Chain().runtime.describe()
  const documented = contracts.flatMap(({ name, methods, queries }) =>
    [...methods, ...queries].flatMap((it) => it.refusals.map((refusal) => `${name}.${it.name} ${refusal.code}`)),
  )

  it('covers every documented refusal of every method and query, and no other', () => {
    expect(documented.length).toBeGreaterThan(30)
    expect(Object.keys(CASES).sort()).toEqual([...documented].sort())
    expect(Object.keys(RUNTIME_CASES).sort()).toEqual(refusals.map((refusal) => refusal.code).sort())
  })

  it('documents every refusal with a sentence', () => {
    const all = [...refusals, ...contracts.flatMap((it) => [...it.methods, ...it.queries]).flatMap((it) => it.refusals)]
    for (const { code: name, text } of all) expect(text, name).toMatch(/^[A-Z].{10,}\.$/)
  })

  it.each(Object.entries(CASES))('%s', async (name, produce) => {
    const chain = new MeterChain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW }))
    expect(await produce(chain)).toBe(name.split(' ')[1])
    expect(chain.faults).toEqual([])
  })

  it.each(Object.entries(RUNTIME_CASES))('runtime: %s', async (name, produce) => {
    expect(await produce(new Chain([...BUILT_IN_CONTRACTS, faulty]))).toBe(name)
  })

  it('gives a refused transaction no result, no events and no changes', () => {
    const chain = new Chain()
    chain.propose('meter', one)
    const { receipt } = chain.propose('meter', two)
    expect(receipt).toMatchObject({ status: 'refused', code: 'pki/already-registered', events: [] })
    expect(receipt.result).toHaveLength(0)
    expect(receipt.detail).toContain('maker')
    expect(chain.changes).toEqual([])
  })
})
