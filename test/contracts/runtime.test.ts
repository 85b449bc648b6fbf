import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { utf8 } from '../../src/base/bytes.js'
import { STATE_CHANGES_MAX } from '../../src/contracts/block-state.js'
import {
  BUILT_IN_CONTRACTS,
  type Contract,
  createRuntime,
  defineMethod,
  defineQuery,
  identity,
  type Json,
  logbook,
  type Method,
  type MethodContext,
  pki,
  type QueryContext,
  StateUnreadable,
} from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import type { Transaction } from '../../src/types/index.js'
import { Chain, genesisOf, MemoryState, p256Key, transaction } from './support.js'

const NOTHING = Type.Object({}, { additionalProperties: false })

/** A contract of one method `run`, to try what a handler may do. */
function trial(
  handler: (ctx: MethodContext) => unknown,
  changes: Partial<Contract> & { method?: Partial<Method> } = {},
) {
  const { method, ...rest } = changes
  const contract: Contract = {
    name: 'trial',
    version: '1.0.0',
    summary: 'A trial.',
    reads: ['identity'],
    events: { 'trial/happened': 'It happened.' },
    refusals: { 'trial/no': 'It must not be.' },
    methods: {
      run: {
        ...defineMethod({
          summary: 'Runs.',
          args: NOTHING,
          roles: 'any',
          events: ['trial/happened'],
          refusals: ['trial/no'],
          handler: (ctx) => handler(ctx) as Json,
        }),
        ...method,
      },
    },
    queries: {},
    ...rest,
  }
  return new Chain([...BUILT_IN_CONTRACTS, contract])
}

const run = (chain: Chain) => chain.send('trial.run', { from: 'grid', client: 'c' })

describe('a method call', () => {
  it('sees block, transaction, caller and parameters', () => {
    const chain = trial(({ height, timeMs, transaction: id, caller, parameters }) => {
      return { height, timeMs, id, caller, endorsements: parameters.endorsements } as unknown as Json
    })
    const { value, receipt } = run(chain)
    expect(value).toEqual({
      height: 1,
      timeMs: 2_000,
      id: receipt.transaction,
      caller: { organization: 'grid', roles: ['utility'], member: 'c', kind: 'client', mode: 'vouched' },
      endorsements: 2,
    })
    expect(chain.send('trial.run', { from: 'ptb', kind: 'operator' }).value.caller).toEqual({
      organization: 'ptb',
      roles: ['nmi', 'notified-body'],
      member: 'operator',
      kind: 'operator',
      mode: 'signed',
    })
  })

  it('reads and writes only its own name space, and reads declared ones', () => {
    const chain = trial((ctx) => {
      ctx.state.set('a', { count: (ctx.state.get<{ count: number }>('a')?.count ?? 0) + 1 })
      return [ctx.state.get('a') ?? null, ctx.other('identity').get('organizations/grid') ?? null]
    })
    run(chain)
    expect(run(chain).value).toEqual([
      { count: 2 },
      { id: 'grid', name: expect.anything(), roles: ['utility'], admins: 1 },
    ])
    expect(chain.changes).toEqual([{ key: 'trial/a', value: utf8('{"count":2}') }])
  })

  it('gets values of its own: changing one without `set` changes nothing', () => {
    const chain = trial((ctx) => {
      ctx.state.set('a', { list: [1] })
      ctx.state.get<{ list: number[] }>('a')?.list.push(2)
      return ctx.state.get('a') ?? null
    })
    expect(run(chain).value).toEqual({ list: [1] })
  })

  it('leaves nothing behind when it refuses, not even when the handler catches the refusal', () => {
    for (const caught of [false, true]) {
      const chain = trial((ctx) => {
        ctx.state.set('a', 1)
        ctx.emit('trial/happened', {})
        try {
          ctx.refuse('trial/no', 'no')
        } catch (error) {
          if (!caught) throw error
        }
        return 1
      })
      const { receipt } = run(chain)
      expect(receipt).toMatchObject({ status: 'refused', code: 'trial/no', detail: 'no', events: [] })
      expect(chain.changes).toEqual([])
    }
  })

  it('cuts long details without halving a character', () => {
    const chain = trial((ctx) => ctx.refuse('trial/no', `${'x'.repeat(511)}😀`))
    const { detail } = run(chain).receipt
    expect(detail).toBe(`${'x'.repeat(511)}\ufffd`)
  })

  const recurse = (n: number): number => recurse(n + 1) + 1
  it.each<[string, (ctx: MethodContext) => unknown]>([
    [
      'an exception',
      () => {
        throw new TypeError('boom')
      },
    ],
    [
      'something thrown that is no error',
      () => {
        throw 'boom'
      },
    ],
    ['a stack overflow', () => recurse(0)],
    ['a result with a float', () => 0.5],
    ['no result', () => undefined],
    ['a promise', () => Promise.resolve(1)],
    ['a result that is too long', () => 'x'.repeat(70_000)],
    ['an undeclared event', (ctx) => ctx.emit('trial/else', {})],
    [
      'too many events',
      (ctx) => {
        for (let i = 0; i < 65; i++) ctx.emit('trial/happened', {})
      },
    ],
    ['an undeclared refusal', (ctx) => ctx.refuse('trial/maybe', '')],
    ['an undeclared read', (ctx) => ctx.other('pki').get('a')],
    ['a write to another contract', (ctx) => (ctx.other('identity') as typeof ctx.state).set('a', 1)],
    ['a delete in another contract', (ctx) => (ctx.other('identity') as typeof ctx.state).delete('a')],
    ['a value with a float', (ctx) => ctx.state.set('a', 0.1)],
    ['a value that is too long', (ctx) => ctx.state.set('a', 'x'.repeat(70_000))],
    ['a key that is too long', (ctx) => ctx.state.set('é'.repeat(254), 1)],
    ['a key with half of a surrogate pair', (ctx) => ctx.state.set('\ud800', 1)],
    [
      'too many changes',
      (ctx) => {
        for (let i = 0; i <= STATE_CHANGES_MAX; i++) ctx.state.set(`${i}`, 1)
      },
    ],
  ])('becomes the same receipt on every replica for %s', (_, handler) => {
    const chain = trial((ctx) => {
      ctx.state.set('before', 1)
      return handler(ctx)
    })
    const { receipt } = run(chain)
    expect(receipt).toMatchObject({
      status: 'refused',
      code: 'runtime/contract-fault',
      detail: 'the contract failed; nothing was changed',
    })
    expect(chain.changes).toEqual([])
    expect(chain.faults).toHaveLength(1)
    expect(chain.faults[0]).toMatchObject({ contract: 'trial', method: 'run' })
  })

  it('takes a key of 512 bytes', () => {
    const chain = trial((ctx) => {
      ctx.state.set('é'.repeat(253), 1)
      return null
    })
    expect(run(chain).receipt.status).toBe('done')
  })

  it('stops the replica when its state cannot be read, whatever the handler does about it', () => {
    for (const swallow of [false, true]) {
      const chain = trial((ctx) => {
        try {
          return ctx.state.get('a') ?? null
        } catch (error) {
          if (!swallow) throw error
          return null
        }
      })
      const broken = {
        get(key: string) {
          if (key.startsWith('trial/')) throw new Error('EIO')
          return chain.state.get(key)
        },
      }
      const sent = transaction('trial.run', { from: 'grid', client: 'c' })
      expect(() => chain.runtime.execute({ height: 1, timeMs: 1 }, [sent], broken)).toThrow(StateUnreadable)
    }
  })

  it.each([Uint8Array.of(0xff), utf8('{')])('stops the replica when a value of the state is damaged', (value) => {
    const chain = trial((ctx) => ctx.state.get('a') ?? null)
    chain.state.entries.set('trial/a', value)
    const sent = transaction('trial.run', { from: 'grid', client: 'c' })
    expect(() => chain.runtime.execute({ height: 1, timeMs: 1 }, [sent], chain.state)).toThrow(StateUnreadable)
    expect(chain.faults).toEqual([])
  })

  it('cannot change its arguments', () => {
    const chain = trial(() => null, {
      method: {
        args: Type.Object({ list: Type.Array(Type.Boolean(), { maxItems: 2 }) }, { additionalProperties: false }),
        handler: (_: MethodContext, args: never) => (args as { list: boolean[] }).list.push(true),
      },
    })
    expect(chain.send('trial.run', { from: 'grid', client: 'c', args: { list: [] } }).code).toBe(
      'runtime/contract-fault',
    )
  })
})

describe('a block', () => {
  it('shows each transaction what those before it changed, and gives net changes in order of the UTF-8 bytes', () => {
    const keys = ['b', '\uffff', '\u{10000}', 'a', 'gone']
    const chain = trial((ctx) => {
      const step = ctx.state.get<number>('step') ?? 0
      for (const key of keys) {
        if (step === 0) ctx.state.set(key, step)
        else if (key === 'gone') ctx.state.delete(key)
        else ctx.state.set(key, (ctx.state.get<number>(key) ?? 0) + 10)
      }
      ctx.state.set('step', step + 1)
      return step
    })
    const sent = () => transaction('trial.run', { from: 'grid', client: 'c' })
    const results = chain.block(sent(), sent(), sent())
    expect(results.map(({ value }) => value)).toEqual([0, 1, 2])
    expect(chain.changes.map(({ key }) => key)).toEqual(
      ['a', 'b', 'step', '\uffff', '\u{10000}'].map((it) => `trial/${it}`),
    )
    expect(chain.changes[0]).toEqual({ key: 'trial/a', value: utf8('20') })
  })

  it('removes what the ledger holds, and says nothing of what it never held', () => {
    const chain = trial((ctx) => {
      if (ctx.state.get('a') === undefined) ctx.state.set('a', 1)
      else ctx.state.delete('a')
      ctx.state.delete('never')
      return null
    })
    run(chain)
    expect(chain.changes).toEqual([{ key: 'trial/a', value: utf8('1') }])
    run(chain)
    expect(chain.changes).toEqual([{ key: 'trial/a', value: undefined }])
    expect(chain.state.entries.has('trial/a')).toBe(false)
  })

  it('knows at once whom it enrolled and retired', () => {
    const key = p256Key(77)
    const robot = { mode: 'signed', keyType: 'p256', publicKey: key.compressed } as const
    const entry = { from: 'maker', authentication: robot, args: { category: 'a', subject: 'b', payload: '' } }
    const enrolment = { name: 'robot', keyType: 'p256', publicKey: key.compressed, kind: 'client' }
    const results = new Chain().block(
      transaction('logbook.append', entry),
      transaction('identity.enroll', { from: 'maker', args: enrolment }),
      transaction('logbook.append', entry),
      transaction('identity.retire', { from: 'maker', args: { name: 'robot' } }),
      transaction('logbook.append', entry),
    )
    expect(results.map(({ code }) => code)).toEqual(['identity/unknown-key', '', '', '', 'identity/unknown-key'])
  })

  it('is empty without transactions', () => {
    const chain = new Chain()
    expect(chain.block()).toEqual([])
    expect(chain.changes).toEqual([])
  })
})

describe('determinism', () => {
  const key = p256Key(5)
  const step = fc.oneof(
    fc.record({
      method: fc.constant('logbook.append'),
      args: fc.record({ category: fc.string(), subject: fc.string(), payload: fc.string({ unit: 'binary' }) }),
    }),
    fc.record({ method: fc.constant('pki.endorse'), args: fc.constant({ instrument: 'meter' }) }),
    fc.record({
      method: fc.constant('pki.revoke'),
      args: fc.record({ instrument: fc.constant('meter'), reason: fc.string(), invalidSinceMs: fc.nat(5_000) }),
    }),
    fc.record({
      method: fc.constant('identity.retire'),
      args: fc.record({ name: fc.constantFrom('operator', 'admin') }),
    }),
    fc.record({
      method: fc.constantFrom('pki.propose', 'pki.anchor', 'identity.enroll', 'no.thing'),
      args: fc.jsonValue(),
    }),
  )
  const sent = fc.tuple(step, fc.constantFrom('inmetro', 'ptb', 'body', 'maker', 'rival'), fc.boolean())

  it('gives equal receipts and changes for equal transactions: other runtime, other crypto, admitted before or not', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 20 }), (steps) => {
        const chain = new Chain()
        chain.propose('meter', key)
        const transactions = steps.map(([{ method, args }, from, signed]) =>
          transaction(method, { from, args, ...(signed ? {} : { client: 'c' }) }),
        )
        const block = { height: 2, timeMs: 3_000 }
        const first = chain.runtime.execute(block, transactions, chain.state)
        const again = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nobleSuite, genesis: genesisOf() })
        const copies = transactions.map((it): Transaction => ({ ...it, args: it.args.slice() }))
        for (const it of copies) again.admit(it, chain.state, 1)
        const second = again.execute(block, copies, chain.state)
        expect(second).toEqual(first)
        expect(chain.runtime.execute(block, copies, chain.state)).toEqual(first)
      }),
      { numRuns: 40 },
    )
  })

  it('gives the refusals of admission as receipts, and admits nothing that execution then finds malformed', () => {
    fc.assert(
      fc.property(sent, ([{ method, args }, from, signed]) => {
        const chain = new Chain()
        const it = transaction(method, { from, args, ...(signed ? {} : { client: 'c' }) })
        const early = chain.runtime.admit(it, chain.state, 1)
        const [result] = chain.block(it)
        if (early !== undefined) expect(result?.receipt).toMatchObject({ status: 'refused', ...early })
        else expect(result?.code).not.toMatch(/^runtime\//)
      }),
    )
  })
})

describe('admission', () => {
  it('learns of a new key with the block that enrols it', () => {
    const chain = new Chain()
    const key = p256Key(77)
    const entry = transaction('logbook.append', {
      from: 'maker',
      authentication: { mode: 'signed', keyType: 'p256', publicKey: key.compressed },
      args: { category: 'a', subject: 'b', payload: '' },
    })
    expect(chain.runtime.admit(entry, chain.state, 1)?.code).toBe('identity/unknown-key')
    const args = { name: 'robot', keyType: 'p256', publicKey: key.compressed, kind: 'client' }
    chain.send('identity.enroll', { from: 'maker', args })
    expect(chain.runtime.admit(entry, chain.state, 1)).toBeUndefined()
    chain.send('identity.retire', { from: 'maker', args: { name: 'robot' } })
    expect(chain.runtime.admit(entry, chain.state, 1)?.code).toBe('identity/unknown-key')
  })

  it('judges a refusal afresh when the state came from elsewhere', () => {
    const chain = new Chain()
    const entries = new Map(chain.state.entries)
    chain.state.entries.clear()
    const entry = transaction('logbook.append', { from: 'maker', client: 'c', args: { category: 'a', subject: 'b' } })
    expect(chain.runtime.admit(entry, chain.state, 1)?.code).toBe('identity/unknown-organization')
    for (const [key, value] of entries) chain.state.entries.set(key, value)
    expect(chain.runtime.admit(entry, chain.state, 1)).toBeUndefined()
  })

  it('takes a key for what its own type says', () => {
    const chain = new Chain()
    const publicKey = p256Key(1).compressed
    const refusal = chain.runtime.admit(
      transaction('logbook.append', {
        from: 'maker',
        authentication: { mode: 'signed', keyType: 'ed25519', publicKey },
        args: { category: 'a', subject: 'b' },
      }),
      chain.state,
      1,
    )
    expect(refusal?.code).toBe('identity/unknown-key')
  })

  it('names the place and what was expected', () => {
    const chain = new Chain()
    const { receipt } = chain.send('logbook.append', { from: 'grid', client: 'c', args: { category: 'a', subject: 7 } })
    expect(receipt.detail).toBe('subject: expected a text of 1 to 128 characters')
  })
})

describe('queries', () => {
  const asking = (handler: (ctx: QueryContext) => Promise<Json> | Json) =>
    trial(() => null, {
      queries: { ask: defineQuery({ summary: 'Asks.', args: NOTHING, refusals: ['trial/no'], handler }) },
    })

  it('read own and declared state, and list in pages', async () => {
    const chain = asking(async (ctx) => {
      const first = await ctx.list<number>('n/', 2)
      const rest = await ctx.list<number>('n/', 2, first.at(-1)?.key)
      return [
        first.map(({ key }) => key),
        rest.map(({ value }) => value),
        ctx.other('identity').get('nothing') === undefined,
      ]
    })
    for (let i = 0; i < 3; i++) chain.state.entries.set(`trial/n/${i}`, utf8(String(i)))
    chain.state.entries.set('trial/o', utf8('1'))
    expect(await chain.ask('trial.ask')).toEqual({ ok: true, value: [['n/0', 'n/1'], [2], true] })
  })

  it.each<[string, (ctx: QueryContext) => Json]>([
    [
      'an exception',
      () => {
        throw new Error('boom')
      },
    ],
    ['a float', () => 0.5],
    ['an undeclared read', (ctx) => ctx.other('pki').get('a') ?? null],
    ['an undeclared refusal', (ctx) => ctx.refuse('trial/maybe', '')],
  ])('answer %s with a fault', async (_, handler) => {
    const chain = asking(handler)
    expect(await chain.ask('trial.ask')).toMatchObject({ ok: false, code: 'runtime/contract-fault' })
    expect(chain.faults).toHaveLength(1)
  })

  it('answer what they cannot take with a refusal', async () => {
    const chain = asking((ctx) => ctx.refuse('trial/no', 'no'))
    expect(await chain.ask('trial.ask')).toEqual({ ok: false, code: 'trial/no', detail: 'no' })
    expect(await chain.ask('nothing.ask')).toMatchObject({ code: 'runtime/unknown-contract' })
    expect(await chain.ask('trial.ask', { a: 1 })).toMatchObject({ code: 'runtime/invalid-arguments' })
    expect(await chain.ask('trial.ask', { a: 0.5 })).toMatchObject({ code: 'runtime/invalid-arguments' })
    expect(await chain.ask('trial.ask', null)).toMatchObject({ code: 'runtime/invalid-arguments' })
  })

  it('reject when the ledger fails', async () => {
    const chain = asking(async (ctx) => (await ctx.list('n/', 1)).length)
    class Broken extends MemoryState {
      override async list(): Promise<never> {
        throw new Error('EIO')
      }
    }
    await expect(chain.runtime.query('trial', 'ask', {}, new Broken(), 1)).rejects.toThrow(StateUnreadable)
    expect(chain.faults).toEqual([])
  })
})

describe('the contract set', () => {
  const set = (contracts: readonly Contract[]) => createRuntime({ contracts, suite: nativeSuite, genesis: genesisOf() })
  const all = [identity, logbook, pki]
  const propose: Method = pki.methods.propose

  it('has a hash that changes with versions, schemas and rules, but not with words', () => {
    const hash = set(all).contractSetHash
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(set(all).contractSetHash).toBe(hash)
    const changed = [
      set([identity, logbook]),
      set([identity, { ...logbook, version: '1.0.1' }, pki]),
      set([identity, logbook, { ...pki, methods: { ...pki.methods, propose: { ...propose, signed: true } } }]),
      set([identity, logbook, { ...pki, methods: { ...pki.methods, propose: { ...propose, roles: 'any' } } }]),
    ].map(({ contractSetHash }) => contractSetHash)
    expect(new Set([hash, ...changed]).size).toBe(5)
    expect(set([identity, { ...logbook, summary: 'Other words.' }, pki]).contractSetHash).toBe(hash)
  })

  it('describes itself as plain JSON', () => {
    const description = set(all).describe()
    expect(JSON.parse(JSON.stringify(description))).toEqual(description)
    const append = description.contracts[1]?.methods[0]
    expect(append).toMatchObject({ name: 'append', signed: false, roles: [], kinds: [] })
    expect(append?.args).toMatchObject({ type: 'object', additionalProperties: false })
  })

  it.each<[string, Partial<Contract>]>([
    ['a bad name', { name: 'Log Book' }],
    ['a bad version', { version: '1' }],
    ['an event of another contract', { events: { 'pki/proposed': 'Text.' } }],
    ['a refusal of another contract', { refusals: { 'pki/no': 'Text.' } }],
    ['a refusal that nothing gives', { refusals: { ...logbook.refusals, 'logbook/never': 'Text.' } }],
    ['an undocumented refusal', { refusals: {} }],
    ['an undocumented event', { events: {} }],
    ['a read of a contract that is not there', { reads: ['weather'] }],
    ['the name of another', { name: 'identity' }],
  ])('is refused at start with %s', (_, change) => {
    expect(() => set([identity, { ...logbook, ...change }])).toThrow(AssertionFailed)
  })
})
