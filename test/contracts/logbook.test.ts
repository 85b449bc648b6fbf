import { describe, expect, it } from 'vitest'
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
