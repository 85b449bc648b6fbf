import { describe, expect, it } from 'vitest'
import { recorded, registered, revoked } from './logbook-cases.js'
import { Chain, hashOf } from './support.js'

const append = (chain: Chain, args: object) =>
  chain.send('logbook.append', {
    from: 'grid',
    client: 'collector',
    args: { category: 'audit', subject: 'meter-1', ...args },
  })

describe('logbook.append', () => {
  it('puts the fact into the receipt and nothing into the state', () => {
    const chain = new Chain()
    const { receipt, value, events } = append(chain, { payload: 'seal 42 opened', references: ['a', 'b'] })
    const payloadHash = hashOf('seal 42 opened')
    expect(value).toEqual({ entry: receipt.transaction, payloadHash })
    expect(events).toEqual([
      {
        name: 'logbook/appended',
        data: {
          category: 'audit',
          subject: 'meter-1',
          payloadHash,
          references: ['a', 'b'],
          organization: 'grid',
          member: 'collector',
        },
      },
    ])
    expect(chain.changes).toEqual([])
  })

  it('takes a hash alone, and a payload with its hash', () => {
    const chain = new Chain()
    expect(append(chain, { payloadHash: hashOf('x') }).value).toMatchObject({ payloadHash: hashOf('x') })
    expect(append(chain, { payload: 'é😀', payloadHash: hashOf('é😀') }).code).toBe('')
    expect(append(chain, { payload: '' }).value).toMatchObject({ payloadHash: hashOf('') })
  })

  it('takes payloads of 4096 characters, however many bytes they have', () => {
    const chain = new Chain()
    for (const character of ['x', 'é', '😀', '\u0000']) {
      expect(append(chain, { payload: character.repeat(4096) }).value).toMatchObject({
        payloadHash: hashOf(character.repeat(4096)),
      })
      expect(append(chain, { payload: character.repeat(4097) }).code).toBe('runtime/invalid-arguments')
    }
  })

  it.each<[string, object]>([
    ['an empty category', { category: '' }],
    ['a hash in capitals', { payloadHash: 'A'.repeat(64) }],
    ['seventeen references', { payload: '', references: Array.from({ length: 17 }, () => 'r') }],
    ['an unknown argument', { payload: '', admin: true }],
    ['null', { payload: null }],
  ])('refuses %s', (_, args) => {
    expect(append(new Chain(), args).code).toBe('runtime/invalid-arguments')
  })
})

/** docs/contracts/logbook.md, "Entries". */
describe('logbook.record', () => {
  const quantity = {
    name: 'error',
    value: '0.050',
    unit: '\\degreecelsius',
    uncertainty: '0.020',
    coverageFactor: '2',
    coverageProbability: '0.95',
  }
  const end = (chain: Chain, key: string): unknown => {
    const bytes = chain.state.get(`logbook/${key}`)
    return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
  }

  it('makes a chain of each subject and of each category', () => {
    const chain = new Chain()
    const one = recorded(chain, { subject: 's', category: 'c', payload: '1' })
    const two = recorded(chain, { subject: 's', category: 'd', payload: '2' })
    const three = recorded(chain, { subject: 't', category: 'c', payload: '3' })
    const id = ({ receipt }: typeof one): string => receipt.transaction
    expect(one.value).toMatchObject({
      inSubject: { counter: 1, previous: null },
      inCategory: { counter: 1, previous: null },
    })
    expect(two.value).toMatchObject({
      inSubject: { counter: 2, previous: id(one) },
      inCategory: { counter: 1, previous: null },
    })
    expect(three.events[0]?.data).toMatchObject({
      inSubject: { counter: 1, previous: null },
      inCategory: { counter: 2, previous: id(one) },
    })
    expect(end(chain, 'subjects/s')).toMatchObject({ counter: 2, last: id(two) })
    expect(end(chain, 'categories/c')).toMatchObject({ counter: 2, last: id(three) })
  })

  it('keeps the digits of quantities as they were given, and units in their canonical form', () => {
    const { events } = recorded(new Chain(), {
      quantities: [quantity, { name: 'a', value: '1', unit: '\\metre\\metre' }],
    })
    expect(events[0]?.data).toMatchObject({
      quantities: [quantity, { name: 'a', value: '1', unit: '\\metre\\tothe{2}' }],
      payloadHash: null,
    })
  })

  it.each<[string, object, string]>([
    ['a unit that is none', { unit: '\\degC' }, 'error: \\degC is no unit or prefix of the D-SI'],
    ['a decimal comma', { value: '0,05' }, 'error: the value is not a decimal number'],
    [
      'an uncertainty alone',
      { coverageFactor: undefined },
      'error: uncertainty, coverageFactor and coverageProbability stand together',
    ],
  ])('refuses %s', (_, change, detail) => {
    const { code, receipt } = recorded(new Chain(), { quantities: [{ ...quantity, ...change }] })
    expect([code, receipt.detail]).toEqual(['logbook/bad-quantity', detail])
  })

  it('takes the longest subject in any script', () => {
    const chain = new Chain()
    expect(recorded(chain, { subject: '😀'.repeat(96), category: '😀'.repeat(64), payload: '' }).code).toBe('')
    expect(recorded(chain, { subject: '😀'.repeat(97), payload: '' }).code).toBe('runtime/invalid-arguments')
    expect(chain.faults).toEqual([])
  })

  it('lists subjects and categories with their ends', async () => {
    const chain = new Chain()
    for (const subject of ['b', 'a', 'b']) recorded(chain, { subject, category: 'c', payload: 'x' })
    expect(await chain.ask('logbook.subjects')).toMatchObject({
      value: [
        { name: 'a', counter: 1 },
        { name: 'b', counter: 2 },
      ],
    })
    expect(await chain.ask('logbook.subjects', { after: 'a', limit: 1 })).toMatchObject({ value: [{ name: 'b' }] })
    expect(await chain.ask('logbook.categories')).toMatchObject({ value: [{ name: 'c', counter: 3 }] })
  })
})

/** docs/contracts/logbook.md, "Certificates". */
describe('the registry of calibration certificates', () => {
  const status = async (chain: Chain, identifier: string, hash = hashOf(identifier)): Promise<unknown> => {
    const answer = await chain.ask('logbook.dcc', { identifier, hash })
    return answer.ok ? (answer.value as { status: unknown }).status : answer.code
  }

  it('knows what is valid, superseded, revoked, altered and unknown', async () => {
    const chain = new Chain()
    registered(chain, 'D-1')
    expect(await status(chain, 'D-1')).toBe('valid')
    expect(await status(chain, 'D-1', hashOf('changed'))).toBe('altered')
    expect(await status(chain, 'D-9')).toBe('unknown')
    const next = registered(chain, 'D-2', { supersedes: 'D-1' })
    expect(next.events.map(({ name }) => name)).toEqual(['logbook/dcc-superseded', 'logbook/dcc-registered'])
    expect(await status(chain, 'D-1')).toBe('superseded')
    revoked(chain, 'D-2', 'inmetro')
    expect(await status(chain, 'D-2')).toBe('revoked')
    expect(await status(chain, 'D-2', hashOf('changed'))).toBe('altered')
    revoked(chain, 'D-1')
    expect(await status(chain, 'D-1')).toBe('revoked')
  })

  it('finds a certificate by its file, and lists all with their status', async () => {
    const chain = new Chain()
    registered(chain, 'D-1')
    registered(chain, 'D-2', { supersedes: 'D-1' })
    expect(await chain.ask('logbook.dccByHash', { hash: hashOf('D-1') })).toMatchObject({
      value: { identifier: 'D-1' },
    })
    expect(await chain.ask('logbook.dccs')).toMatchObject({
      value: [
        { identifier: 'D-1', status: 'superseded', supersededBy: { identifier: 'D-2' } },
        { identifier: 'D-2', status: 'valid', supersedes: 'D-1' },
      ],
    })
  })

  it.each([
    ['2024-02-29', '2024-03-01', ''],
    ['2000-02-29', '2000-02-29', ''],
    ['2100-02-29', '2100-03-01', 'logbook/dcc-bad-dates'],
    ['2026-13-01', '2026-13-01', 'logbook/dcc-bad-dates'],
    ['2026-00-10', '2026-01-10', 'logbook/dcc-bad-dates'],
    ['2026-04-31', '2026-05-01', 'logbook/dcc-bad-dates'],
    ['2026-03-05', '2026-03-04', 'logbook/dcc-bad-dates'],
    ['2026-3-5', '2026-03-05', 'runtime/invalid-arguments'],
  ])('dates from %s to %s: %s', (begin, after, code) => {
    expect(registered(new Chain(), 'D-1', { performed: { begin, end: after } }).code).toBe(code)
  })

  it('takes identifiers of any script, but not white space at their ends', () => {
    expect(registered(new Chain(), '😀'.repeat(96)).code).toBe('')
    for (const bad of [' D', 'D ', 'a\nb', ''])
      expect(registered(new Chain(), bad).code).toBe('runtime/invalid-arguments')
  })

  it('is written by laboratories, notified bodies and NMIs alone', () => {
    expect(registered(new Chain(), 'D-1', {}, 'maker').code).toBe('identity/not-authorized')
  })
})
