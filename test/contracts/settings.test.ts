import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { canonicalBytes } from '../../src/contracts/canonical.js'
import { CODE_HASHES } from '../../src/contracts/generated/code-hashes.js'
import {
  BUILT_IN_CONTRACTS,
  type Contract,
  createRuntime,
  defineMethod,
  defineQuery,
  type Json,
} from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { Chain, genesisOf } from './support.js'

const Closed = { additionalProperties: false } as const
const NOTHING = Type.Object({}, Closed)
const parameters = {
  schema: Type.Object({ limit: Type.Integer({ minimum: 0, maximum: 9 }) }, Closed),
  defaults: { limit: 3 },
}

const dial = {
  name: 'dial',
  version: '1.0.0',
  summary: 'Says its parameters.',
  reads: [],
  events: {},
  refusals: {},
  methods: {
    say: defineMethod({
      summary: 'Says them.',
      args: NOTHING,
      roles: 'any',
      events: [],
      refusals: [],
      handler: (ctx) => ({ ...ctx.settings<{ limit: number }>(), ...ctx.producer() }),
    }),
    bend: defineMethod({
      summary: 'Tries to change them.',
      args: NOTHING,
      roles: 'any',
      events: [],
      refusals: [],
      handler: (ctx) => {
        ctx.settings<{ limit: number }>().limit = 9
        return null
      },
    }),
  },
  queries: {
    ask: defineQuery({
      summary: 'Says them.',
      args: NOTHING,
      refusals: [],
      handler: (ctx) => ({ ...ctx.settings<{ limit: number }>(), ...ctx.producer() }),
    }),
  },
  parameters,
} satisfies Contract

const chainOf = (contract: Contract = dial) => new Chain([...BUILT_IN_CONTRACTS, contract])
const set = (chain: Chain, values: Json) =>
  chain.state.apply([
    {
      key: 'governance/parameters/dial',
      value: canonicalBytes({ values, proposal: 0, set: { height: 1, timeMs: 1 } }),
    },
  ])

describe('parameters of a contract', () => {
  it('are the defaults until others are set, for methods and queries alike', async () => {
    const chain = chainOf()
    const { value } = chain.send('dial.say', { from: 'grid', client: 'c' })
    expect(value).toMatchObject({ limit: 3 })
    expect(await chain.ask('dial.ask')).toEqual({ ok: true, value })
    set(chain, { limit: 7 })
    const changed = chain.send('dial.say', { from: 'grid', client: 'c' }).value
    expect(changed).toMatchObject({ limit: 7, code: value.code })
    expect(changed.parameters).not.toBe(value.parameters)
    expect(await chain.ask('dial.ask')).toEqual({ ok: true, value: changed })
  })

  it('are the same hash for the same values, and cannot be changed by a handler', () => {
    const chain = chainOf()
    const before = chain.send('dial.say', { from: 'grid', client: 'c' }).value
    set(chain, { limit: 3 })
    expect(chain.send('dial.say', { from: 'grid', client: 'c' }).value).toEqual(before)
    expect(chain.send('dial.bend', { from: 'grid', client: 'c' }).code).toBe('runtime/contract-fault')
    expect(chain.send('dial.say', { from: 'grid', client: 'c' }).value).toEqual(before)
  })

  it('count in the hash of the contract set', () => {
    const hash = (contract: Contract) =>
      createRuntime({ contracts: [contract], suite: nativeSuite, genesis: genesisOf() }).contractSetHash
    expect(hash({ ...dial, parameters: { ...parameters, defaults: { limit: 4 } } })).not.toBe(hash(dial))
  })

  it.each<[string, Contract['parameters']]>([
    ['defaults that do not fit', { ...parameters, defaults: { limit: 10 } }],
    ['an open schema', { schema: Type.Object({ limit: Type.Integer() }), defaults: { limit: 1 } }],
  ])('are refused at start with %s', (_, wrong) => {
    expect(() => chainOf({ ...dial, ...(wrong === undefined ? {} : { parameters: wrong }) })).toThrow(AssertionFailed)
  })
})

describe('the code of a contract', () => {
  it('has a hash for every built-in one', () => {
    const names = BUILT_IN_CONTRACTS.map(({ name, version }) => `${name}@${version}`)
    expect(Object.keys(CODE_HASHES)).toEqual(names)
    expect(new Set(Object.values(CODE_HASHES)).size).toBe(names.length)
  })

  it('is told by version and declaration where it is not built in', () => {
    const code = (contract: Contract) => chainOf(contract).send('dial.say', { from: 'grid', client: 'c' }).value.code
    expect(code({ ...dial, version: '1.0.1' })).not.toBe(code(dial))
    expect(code({ ...dial, summary: 'Other words.' })).toBe(code(dial))
  })
})
