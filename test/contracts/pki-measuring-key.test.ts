import { expect, it } from 'vitest'
import { viewOf } from '../../src/contracts/block-state.js'
import { type MeasuringKey, measuringKey, signedByKey } from '../../src/contracts/pki/measuring-key.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { MeterChain, testKey } from './pki-support.js'

/** What other contracts may ask of pki (docs/contracts/pki.md). */

it('gives the present measuring key with its status, and checks what it signed', () => {
  const chain = new MeterChain()
  const ask = () => measuringKey(viewOf(chain.state, 'pki'), 'meter', chain.timeMs)
  const [one, two, tls] = [testKey('p256', 1), testKey('ed25519', 2), testKey('p256', 3)]
  expect(ask()).toBeUndefined()
  chain.register('meter', one)
  expect(ask()).toMatchObject({ key: { number: 1, key: one.key }, status: 'proposed' })
  chain.endorseKey('meter', 1)
  chain.addKey('meter', tls, { usages: ['tls'] })
  expect(ask()).toMatchObject({ key: { number: 1 }, status: 'active' })
  chain.rotate('meter', one, two)
  const key = ask() as MeasuringKey
  expect(key).toMatchObject({ key: { number: 3, curve: 'ed25519' }, status: 'active' })
  expect(signedByKey(nativeSuite, key, 'text', two.sign('text'))).toBe('good')
  expect(signedByKey(nativeSuite, key, 'text', two.sign('other'))).toBe('bad')
  expect(signedByKey(nativeSuite, key, 'text', '?')).toBe('malformed')
  chain.suspend('meter')
  expect(ask()).toMatchObject({ status: 'suspended' })
})

it('gives none of an instrument that has no measuring key', () => {
  const chain = new MeterChain()
  chain.enliven('meter', testKey('p256', 1), { usages: ['config'] })
  expect(measuringKey(viewOf(chain.state, 'pki'), 'meter', chain.timeMs)).toBeUndefined()
})
