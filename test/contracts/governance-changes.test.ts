import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_CONTRACTS, type Contract, createRuntime, defineMethod } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { Chain, ed25519Key, genesisOf, transaction, VIEW } from './support.js'

/** What organizations decide besides the view (docs/contracts/governance.md). The window of the test network is 8. */

const WINDOW = 8
const NOTHING = Type.Object({}, { additionalProperties: false })
const LIMIT = Type.Object({ limit: Type.Integer({ minimum: 0, maximum: 9 }) }, { additionalProperties: false })

/** A contract in two versions that say which they are. */
const version = (number: string) =>
  ({
    name: 'dial',
    version: number,
    summary: 'Says its version.',
    reads: [],
    events: {},
    refusals: {},
    methods: {
      say: defineMethod({
        summary: 'Says it.',
        args: NOTHING,
        roles: 'any',
        events: [],
        refusals: [],
        handler: (ctx) => ({ version: number, ...ctx.producer(), ...ctx.settings<{ limit: number }>() }),
      }),
    },
    queries: {},
    parameters: { schema: LIMIT, defaults: { limit: 3 } },
  }) satisfies Contract

const OLD = version('1.0.0')
const NEW = version('2.0.0')

const start = (...contracts: readonly Contract[]) =>
  new Chain([...BUILT_IN_CONTRACTS, ...contracts], genesisOf({ replicas: VIEW }))

/** Proposes changes and gives them the votes that they need. */
function decide(chain: Chain, ...changes: readonly object[]) {
  const args = { title: 'a change', changes, expiresMs: chain.timeMs + 1_000_000 }
  const proposed = chain.send('governance.propose', { from: 'maker', args })
  if (proposed.code !== '') throw new Error(`${proposed.code}: ${proposed.receipt.detail}`)
  const { proposal } = proposed.value
  chain.send('governance.vote', { from: 'inmetro', args: { proposal, approve: true } })
  return chain.send('governance.vote', { from: 'ptb', args: { proposal, approve: true } })
}

const say = (chain: Chain) => chain.send('dial.say', { from: 'grid', client: 'c' })
const LATE = {
  from: 'late',
  authentication: { mode: 'signed', keyType: 'ed25519', publicKey: ed25519Key(77) },
} as const
const admission = {
  kind: 'admit',
  organization: 'late',
  name: 'Late Laboratory',
  roles: ['laboratory'],
  admin: { name: 'admin', keyType: 'ed25519', publicKey: ed25519Key(77) },
}

describe('organizations', () => {
  it('are admitted with an admin, who acts from then on', async () => {
    const chain = start()
    const enrol = () =>
      chain.send('identity.enroll', {
        ...LATE,
        args: { name: 'robot', keyType: 'ed25519', publicKey: ed25519Key(78), kind: 'client' },
      })
    expect(enrol().code).toBe('identity/unknown-key')
    expect(decide(chain, admission).value).toMatchObject({ status: 'approved' })
    expect(enrol().code).toBe('')
    expect(await chain.ask('identity.organization', { id: 'late' })).toMatchObject({
      value: { name: 'Late Laboratory', roles: ['laboratory'], admins: 1 },
    })
  })

  it('may be admitted together with their replica', async () => {
    const chain = start()
    const replica = { organization: 'late', consensusKey: ed25519Key(79), peerId: 'peer9', addresses: [] }
    expect(decide(chain, admission, { kind: 'add', ...replica }).value).toMatchObject({ status: 'approved' })
    expect(await chain.ask('governance.view')).toMatchObject({ value: { id: 1 } })
  })

  it('are not admitted with the key of another one of the same proposal', () => {
    const second = { ...admission, organization: 'later' }
    expect(() => decide(start(), admission, second)).toThrow('governance/key-used')
    const own = { ...second, admin: { ...admission.admin, publicKey: ed25519Key(78) } }
    expect(decide(start(), admission, own).value).toMatchObject({ status: 'approved' })
  })

  it('that are expelled act no more, whoever signs or vouches, and their id is never given again', () => {
    const chain = start()
    expect(decide(chain, { kind: 'expel', organization: 'grid' }).value).toMatchObject({ status: 'approved' })
    const args = { category: 'a', subject: 'b', payload: 'c' }
    expect(chain.send('logbook.append', { from: 'grid', args }).code).toBe('identity/organization-expelled')
    expect(chain.send('logbook.append', { from: 'grid', client: 'c', args }).code).toBe(
      'identity/organization-expelled',
    )
    expect(() => decide(chain, { ...admission, organization: 'grid' })).toThrow('governance/organization-known')
    expect(() => decide(chain, { kind: 'expel', organization: 'grid' })).toThrow('governance/unknown-organization')
  })

  it('that run a replica are expelled together with it, or not at all', async () => {
    const chain = start()
    const expel = { kind: 'expel', organization: 'body' }
    expect(() => decide(chain, expel)).toThrow('governance/runs-a-replica')
    expect(decide(chain, expel, { kind: 'remove', replica: 2 }).value).toMatchObject({ status: 'approved' })
    expect(await chain.ask('governance.view')).toMatchObject({ value: { replicas: [{ id: 0 }, { id: 1 }] } })
  })

  it('have the roles that were voted for', () => {
    const chain = start()
    expect(decide(chain, { kind: 'roles', organization: 'grid', roles: ['nmi'] }).code).toBe('')
    expect(chain.send('pki.endorse', { from: 'grid', args: { instrument: 'meter' } }).code).toBe(
      'pki/unknown-instrument',
    )
  })

  it('all changes of a proposal together or none: one that cannot be done any more voids the others', async () => {
    const chain = start(OLD)
    const both = [{ kind: 'parameters', contract: 'dial', values: '{"limit":5}' }, admission]
    const args = { title: 'two', changes: both, expiresMs: chain.timeMs + 1_000_000 }
    chain.send('governance.propose', { from: 'grid', args })
    decide(chain, admission)
    chain.send('governance.vote', { from: 'inmetro', args: { proposal: 0, approve: true } })
    const last = chain.send('governance.vote', { from: 'ptb', args: { proposal: 0, approve: true } })
    expect(last.value).toMatchObject({ status: 'void' })
    expect(await chain.ask('governance.parameters', { contract: 'dial' })).toMatchObject({ value: null })
  })
})

describe('parameters', () => {
  it('are in force from the next transaction on', async () => {
    const chain = start(OLD)
    const before = say(chain).value
    expect(before).toMatchObject({ limit: 3 })
    decide(chain, { kind: 'parameters', contract: 'dial', values: '{"limit":5}' })
    const after = say(chain).value
    expect(after).toMatchObject({ limit: 5, code: before.code })
    expect(after.parameters).not.toBe(before.parameters)
    expect(await chain.ask('governance.parameters', { contract: 'dial' })).toMatchObject({
      value: { values: { limit: 5 }, proposal: 0 },
    })
  })

  it.each<[string, string, string]>([
    ['that do not fit', 'dial', '{"limit":10}'],
    ['with a field too many', 'dial', '{"limit":1,"more":1}'],
    ['that are not JSON', 'dial', '{limit}'],
    ['with a float', 'dial', '{"limit":1.5}'],
    ['of no contract', 'dials', '{"limit":1}'],
    ['of a contract without any', 'identity', '{}'],
  ])('%s are refused', (_, contract, values) => {
    expect(() => decide(start(OLD), { kind: 'parameters', contract, values })).toThrow('governance/bad-parameters')
  })
})

describe('versions of contracts', () => {
  const code = (contract: Contract): string => String(say(start({ ...contract })).value.code)
  const approval = (contract: Contract, from = 0) => ({
    kind: 'contract',
    contract: 'dial',
    version: contract.version,
    code: code(contract),
    from,
  })

  it('change at the height that was approved, a window after the vote at the earliest, on every replica alike', async () => {
    const chain = start(OLD, NEW)
    const set = () => chain.runtime.execute({ height: chain.height + 1, timeMs: 1 }, [], chain.state).contractSet
    const founding = set()
    expect(founding).toBe(chain.runtime.contractSetHash)
    decide(chain, approval(NEW))
    const from = chain.height + WINDOW + 1
    expect(await chain.ask('governance.versions', { contract: 'dial' })).toMatchObject({ value: [{ from }] })
    while (chain.height < from - 1) {
      expect(set()).toBe(founding)
      expect(say(chain).value).toMatchObject({ version: '1.0.0' })
    }
    expect(set()).not.toBe(founding)
    expect(say(chain).value).toMatchObject({ version: '2.0.0', code: code(NEW) })
  })

  it('of one contract in one proposal each begin above the one before', async () => {
    const at = (from: number) => approval(NEW, from)
    expect(() => decide(start(OLD, NEW), at(50), at(50))).toThrow('governance/bad-version')
    expect(() => decide(start(OLD, NEW), at(0), at(1))).toThrow('governance/bad-version')
    const chain = start(OLD, NEW)
    expect(decide(chain, at(50), at(60)).value).toMatchObject({ status: 'approved' })
    expect(await chain.ask('governance.versions', { contract: 'dial' })).toMatchObject({
      value: [{ from: 50 }, { from: 60 }],
    })
  })

  it('judge by the version in force what was admitted under the one before', () => {
    const chain = start(OLD, NEW)
    const kept = transaction('dial.say', { from: 'grid', client: 'c' })
    expect(chain.runtime.admit(kept, chain.state, 1)).toBeUndefined()
    decide(chain, approval(NEW))
    while (chain.height < 20) chain.block()
    expect(chain.block(kept)[0]?.value).toMatchObject({ version: '2.0.0' })
  })

  it.each<[string, readonly Contract[], object]>([
    ['that this release lacks', [OLD], {}],
    ['that is another under the same name', [OLD, NEW], { code: '0'.repeat(64) }],
  ])('stop a replica at a version %s, and not before', (_, contracts, changes) => {
    const chain = start(...contracts)
    decide(chain, { ...approval(NEW), ...changes })
    for (let i = 0; i < WINDOW; i++) chain.block()
    expect(() => chain.block()).toThrow('dial 2.0.0')
  })

  it('of a contract that is new in a release are in force by votes only, and headers before are those of any release', () => {
    const added = { ...OLD, byVotes: true } as const
    const [without, chain] = [start(), start(added)]
    expect(chain.runtime.contractSetHash).toBe(without.runtime.contractSetHash)
    expect(say(chain).code).toBe('runtime/unknown-contract')
    expect(decide(chain, approval(OLD)).value).toMatchObject({ status: 'approved' })
    const from = chain.height + WINDOW + 1
    while (chain.height < from - 1) expect(say(chain).code).toBe('runtime/unknown-contract')
    expect(say(chain).value).toMatchObject({ version: '1.0.0' })
  })

  it('found a network once, whatever their number', () => {
    const genesis = () => [{ key: 'first', value: 1 }]
    const chain = start({ ...OLD, genesis }, { ...NEW, genesis: () => [{ key: 'first', value: 2 }] })
    const entries = chain.runtime.genesisState().filter(({ key }) => key.startsWith('dial/'))
    expect(entries.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual(['1'])
  })

  it('are registered once each', () => {
    const contracts = [...BUILT_IN_CONTRACTS, OLD, { ...OLD, summary: 'Again.' }]
    expect(() => createRuntime({ contracts, suite: nativeSuite, genesis: genesisOf() })).toThrow('dial 1.0.0')
  })
})

describe('room for proposals', () => {
  const LATE_KEY = 200
  const admitted = (count: number): Chain => {
    const chain = start()
    for (let i = 0; i < count; i++) {
      const admin = { ...admission.admin, publicKey: ed25519Key(LATE_KEY + i) }
      decide(chain, { ...admission, organization: `late${i}`, admin })
    }
    return chain
  }
  const propose = (chain: Chain, from: string, changes: readonly object[]): string => {
    const args = { title: 'a change', changes, expiresMs: chain.timeMs + 1_000_000 }
    const late = /^late(\d+)$/.exec(from)?.[1]
    if (late === undefined) return chain.send('governance.propose', { from, args }).code
    const publicKey = ed25519Key(LATE_KEY + Number(late))
    const authentication = { mode: 'signed', keyType: 'ed25519', publicKey } as const
    return chain.send('governance.propose', { from, args, authentication }).code
  }

  it('is left for those who vote, however many others propose', () => {
    const chain = admitted(8)
    const roles = [{ kind: 'roles', organization: 'grid', roles: ['utility'] }]
    const four = (from: string) => Array.from({ length: 4 }, () => propose(chain, from, roles))
    const codes = Array.from({ length: 8 }, (_, i) => four(`late${i}`)).flat()
    expect(codes.filter((code) => code === '')).toHaveLength(16)
    expect(propose(chain, 'maker', roles)).toBe('governance/too-many-open')
    for (const from of ['ptb', 'inmetro', 'body']) {
      expect(four(from)).toEqual(['', '', '', ''])
      expect(propose(chain, from, roles)).toBe('governance/too-many-open')
    }
  })

  it('is bounded in replicas that they would add, so that the list of them stays a value of the state', () => {
    const chain = admitted(13)
    const adding = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        kind: 'add',
        organization: `late${i}`,
        consensusKey: ed25519Key(1_000 + i),
        peerId: `${i}`.padStart(128, 'x'),
        addresses: [`/${'a'.repeat(127)}`, `/${'b'.repeat(127)}`],
      }))
    expect(propose(chain, 'ptb', adding(1))).toBe('')
    expect(propose(chain, 'ptb', adding(8))).toBe('governance/too-many-open')
    const codes = Array.from({ length: 13 }, (_, i) => propose(chain, `late${i}`, adding(8)))
    expect(codes.filter((code) => code === '')).toHaveLength(11)
    expect(new Set(codes)).toEqual(new Set(['', 'governance/too-many-open']))
  })
})

describe('the log of what changed power or parameters', () => {
  it('has every proposal, vote, closing and view in order, page by page', async () => {
    const chain = start(OLD)
    decide(chain, { kind: 'remove', replica: 2 })
    const { value } = (await chain.ask('governance.audit')) as unknown as { value: { index: number; event: string }[] }
    expect(value.map(({ event }) => event.split('/')[1])).toEqual(['proposed', 'voted', 'voted', 'view', 'closed'])
    expect(value[0]).toMatchObject({ index: 0, organization: 'maker', member: 'admin', data: { title: 'a change' } })
    expect(await chain.ask('governance.audit', { after: 2, limit: 1 })).toMatchObject({ value: [{ index: 3 }] })
  })

  it('has enrolments, rotations and retirements of members', async () => {
    const chain = start()
    const key = { keyType: 'ed25519', publicKey: ed25519Key(80) }
    chain.send('identity.enroll', { from: 'maker', args: { name: 'second', ...key, kind: 'admin' } })
    chain.send('identity.rotate', { from: 'maker', args: { name: 'second', ...key, publicKey: ed25519Key(81) } })
    chain.send('identity.retire', { from: 'maker', args: { name: 'second' } })
    const { value } = (await chain.ask('identity.audit')) as unknown as { value: { event: string }[] }
    expect(value.map(({ event }) => event)).toEqual(['identity/enrolled', 'identity/key-rotated', 'identity/retired'])
  })
})

describe('a rotated key', () => {
  const signed = (seed: number) =>
    ({ from: 'maker', authentication: { mode: 'signed', keyType: 'ed25519', publicKey: ed25519Key(seed) } }) as const
  const entry = { category: 'a', subject: 'b', payload: 'c' }

  it('acts at once, and the old one never again', () => {
    const chain = start()
    const member = { name: 'robot', keyType: 'ed25519', publicKey: ed25519Key(82), kind: 'operator' }
    chain.send('identity.enroll', { from: 'maker', args: member })
    expect(chain.send('logbook.append', { ...signed(82), args: entry }).code).toBe('')
    // By itself, without an admin.
    const args = { name: 'robot', keyType: 'ed25519', publicKey: ed25519Key(83) }
    expect(chain.send('identity.rotate', { ...signed(82), args }).code).toBe('')
    expect(chain.send('logbook.append', { ...signed(82), args: entry }).code).toBe('identity/unknown-key')
    expect(chain.send('logbook.append', { ...signed(83), args: entry }).code).toBe('')
  })
})

it('no contract writes the state of another without saying so', () => {
  const thief: Contract = {
    ...OLD,
    methods: {
      say: defineMethod({
        summary: 'Steals.',
        args: NOTHING,
        roles: 'any',
        events: [],
        refusals: [],
        handler: (ctx) => {
          ctx.writable('identity').delete('organizations/ptb')
          return null
        },
      }),
    },
  }
  expect(say(start(thief)).code).toBe('runtime/contract-fault')
  expect(say(start({ ...thief, writes: ['identity'] })).code).toBe('')
})
