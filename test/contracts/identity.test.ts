import { describe, expect, it } from 'vitest'
import { BUILT_IN_CONTRACTS, createRuntime } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { Genesis, GenesisOrganization } from '../../src/types/index.js'
import { Chain, genesisOf, p256Key } from './support.js'

const ED25519 = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'

describe('genesis', () => {
  it('enrols organizations, members and keys, ascending by key', () => {
    const changes = new Chain().runtime.genesisState()
    const keys = changes.map(({ key }) => key)
    expect(keys).toEqual([...keys].sort())
    expect(keys.filter((key) => key.startsWith('identity/organizations/'))).toHaveLength(6)
    expect(keys.filter((key) => key.startsWith('identity/members/'))).toHaveLength(12)
    expect(keys.filter((key) => key.startsWith('identity/keys/'))).toHaveLength(12)
  })

  const [first, second] = genesisOf().organizations as [GenesisOrganization, GenesisOrganization]
  const [admin] = first.members as [GenesisOrganization['members'][number]]
  const withMember = (change: object) => [{ ...first, members: [admin, { ...admin, name: 'x', ...change }] }]
  it.each<[string, readonly object[]]>([
    ['an organization twice', [first, { ...second, id: first.id }]],
    ['a key in two organizations', [first, { ...second, members: first.members }]],
    ['a member twice', withMember({ name: 'admin', publicKey: p256Key(9).compressed })],
    ['no admin', [{ ...first, members: [{ ...admin, kind: 'operator' }] }]],
    ['an id with a slash', [{ ...first, id: 'a/b' }]],
    ['a name with a slash', withMember({ name: 'a/b', publicKey: p256Key(9).compressed })],
    ['a role that does not exist', [{ ...first, roles: ['king'] }]],
    ['a key that is no point', withMember({ publicKey: '07'.repeat(33) })],
    ['a key of small order', withMember({ keyType: 'ed25519', publicKey: `01${'00'.repeat(31)}` })],
    ['a key in capitals', withMember({ keyType: 'ed25519', publicKey: ED25519.toUpperCase() })],
  ])('is refused with %s', (_, organizations) => {
    const genesis = genesisOf({ organizations: organizations as Genesis['organizations'] })
    const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis })
    expect(() => runtime.genesisState()).toThrow(expect.objectContaining({ code: 'identity/bad-genesis' }))
  })
})

describe('enroll and retire', () => {
  const enroll = (chain: Chain, args: object, kind?: 'operator') =>
    chain.send('identity.enroll', {
      from: 'maker',
      ...(kind === undefined ? {} : { kind }),
      args: { name: 'robot', keyType: 'ed25519', publicKey: ED25519, kind: 'operator', ...args },
    })

  it('lets an admin enrol a key, which may then act for the organization', async () => {
    const chain = new Chain()
    const { value, events } = enroll(chain, {})
    expect(value).toEqual({ organization: 'maker', name: 'robot' })
    expect(events).toEqual([
      {
        name: 'identity/enrolled',
        data: {
          organization: 'maker',
          name: 'robot',
          kind: 'operator',
          keyType: 'ed25519',
          publicKey: ED25519,
          by: 'admin',
        },
      },
    ])
    expect(await chain.ask('identity.member', { organization: 'maker', name: 'robot' })).toEqual({
      ok: true,
      value: {
        organization: 'maker',
        name: 'robot',
        kind: 'operator',
        keyType: 'ed25519',
        publicKey: ED25519,
        enrolled: { height: 1, timeMs: 2_000 },
        retired: null,
      },
    })
  })

  it('is for admins with their own signature only', () => {
    const chain = new Chain()
    expect(enroll(chain, {}, 'operator').code).toBe('identity/not-authorized')
    const args = { name: 'robot', keyType: 'ed25519', publicKey: ED25519, kind: 'client' }
    expect(chain.send('identity.enroll', { from: 'maker', client: 'admin', args }).code).toBe(
      'runtime/signature-required',
    )
  })

  it('never gives a name or a key again', () => {
    const chain = new Chain()
    enroll(chain, {})
    chain.send('identity.retire', { from: 'maker', args: { name: 'robot' } })
    expect(enroll(chain, { publicKey: `${ED25519.slice(0, -2)}00` }).code).toBe('identity/name-taken')
    expect(enroll(chain, { name: 'robot-2' }).code).toBe('identity/key-taken')
    const grid = { name: 'robot', keyType: 'ed25519', publicKey: ED25519, kind: 'client' }
    expect(chain.send('identity.enroll', { from: 'grid', args: grid }).code).toBe('identity/key-taken')
  })

  it('retires members of the own organization, and keeps one admin', async () => {
    const chain = new Chain()
    expect(chain.send('identity.retire', { from: 'maker', args: { name: 'operator' } }).code).toBe('')
    expect(
      chain.send('pki.endorse', { from: 'maker', kind: 'operator', args: { instrument: 'm' } }).receipt.detail,
    ).toBe('the key of operator of maker is retired')
    expect(chain.send('identity.retire', { from: 'maker', args: { name: 'admin' } }).code).toBe('identity/last-admin')
    expect(await chain.ask('identity.member', { organization: 'maker', name: 'operator' })).toMatchObject({
      value: { retired: { height: 1, timeMs: 2_000 } },
    })
  })

  it('retires an admin while another stays', async () => {
    const [maker] = genesisOf().organizations.filter(({ id }) => id === 'maker')
    if (maker === undefined) throw new Error('no maker')
    const second = { name: 'second', keyType: 'p256', publicKey: p256Key(8).compressed, kind: 'admin' } as const
    const chain = new Chain(
      BUILT_IN_CONTRACTS,
      genesisOf({ organizations: [{ ...maker, members: [...maker.members, second] }] }),
    )
    expect(chain.send('identity.retire', { from: 'maker', args: { name: 'second' } }).code).toBe('')
    expect(await chain.ask('identity.organization', { id: 'maker' })).toMatchObject({ value: { admins: 1 } })
    expect(chain.send('identity.retire', { from: 'maker', args: { name: 'admin' } }).code).toBe('identity/last-admin')
  })
})

describe('queries', () => {
  it('list organizations and members in pages', async () => {
    const chain = new Chain()
    const ids = async (args: object) => {
      const answer = await chain.ask('identity.organizations', args)
      return answer.ok ? (answer.value as readonly { id: string }[]).map(({ id }) => id) : answer.code
    }
    expect(await ids({ limit: 2 })).toEqual(['body', 'grid'])
    expect(await ids({ limit: 2, after: 'grid' })).toEqual(['inmetro', 'maker'])
    expect(await ids({})).toHaveLength(6)
    expect(await ids({ limit: 101 })).toBe('runtime/invalid-arguments')
    expect(await chain.ask('identity.members', { organization: 'grid', after: 'admin' })).toMatchObject({
      ok: true,
      value: [{ name: 'operator', kind: 'operator' }],
    })
  })
})
