import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.js'
import { batchOf, entitlementOf, instrumentStateKey, isInBatch } from '../../src/client/index.js'
import { nobleSuite } from '../../src/crypto/noble.js'
import type { InstrumentRecord } from '../../src/formats/pki-status.js'
import { MeterChain, testKey } from '../contracts/pki-support.js'

const key = testKey('p256', 1)

describe('entitlement by a proven record', () => {
  const chain = new MeterChain()
  chain.enliven('meter', key)
  const at = chain.timeMs
  chain.suspend('meter')
  const stateKey = instrumentStateKey('meter')
  const value = JSON.parse(new TextDecoder().decode(chain.state.get(stateKey))) as InstrumentRecord
  const state = { key: stateKey, value, height: chain.height }

  it('is what the contract says', () => {
    expect(entitlementOf(state, { timeMs: at })).toMatchObject({
      status: 'active',
      entitled: true,
      key: 1,
      usages: ['measure'],
      publicKey: key.key,
    })
    expect(entitlementOf(state, { timeMs: chain.timeMs })).toMatchObject({ status: 'suspended', entitled: false })
    expect(entitlementOf(state, { timeMs: chain.timeMs, knownAtHeight: chain.height - 1 })).toMatchObject({
      status: 'active',
    })
  })

  it('claims no knowledge beyond the height of the proof', () => {
    expect(entitlementOf(state, { timeMs: at, knownAtHeight: 10_000 }).knownAtHeight).toBe(chain.height)
  })

  it('is unknown of what is not there, and refused of what is no instrument', () => {
    const absent = entitlementOf({ ...state, value: undefined }, { timeMs: at })
    expect(absent).toMatchObject({ instrument: 'meter', key: 0, status: 'unknown', entitled: false })
    expect(() => entitlementOf({ ...state, key: 'identity/organizations/maker' }, { timeMs: at })).toThrow(
      'not the record',
    )
  })
})

describe('batches', () => {
  const { sha256 } = nobleSuite
  const record = (counter: number) => ({
    format: 'etalon-1' as const,
    message: `reading\n${counter}`,
    counter,
    signature: 'AA==',
  })

  it('prove each of their records at its place, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 40 }),
        fc.nat(39),
        fc.nat(39),
        (counters, i, j) => {
          const records = counters.sort((a, b) => a - b).map(record)
          const { statement, path } = batchOf(sha256, 'meter', records)
          expect(statement).toMatchObject({
            count: records.length,
            firstCounter: counters[0],
            lastCounter: counters.at(-1),
          })
          const [place, other] = [i % records.length, j % records.length]
          const tree = { root: fromHex(statement.root) as Uint8Array, count: statement.count }
          const check = (at: number) => isInBatch(sha256, tree, record(counters[place] as number), at, path(at))
          expect(check(place)).toBe(true)
          expect(check(other)).toBe(place === other)
          const changed = { ...record(counters[place] as number), message: 'other' }
          expect(isInBatch(sha256, tree, changed, place, path(place))).toBe(false)
        },
      ),
    )
  })

  it('need counters that grow', () => {
    expect(() => batchOf(sha256, 'meter', [])).toThrow('there is none')
    expect(() => batchOf(sha256, 'meter', [record(2), record(2)])).toThrow('not above 2')
    const { counter: _, ...without } = record(1)
    expect(() => batchOf(sha256, 'meter', [without])).toThrow('no counter')
    expect(() => batchOf(sha256, 'meter', [{ format: 'ocmf', message: 'x' }])).toThrow('record 1')
  })
})
