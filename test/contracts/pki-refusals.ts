import { utf8 } from '../../src/base/bytes.js'
import { encodeCanonical } from '../../src/contracts/canonical.js'
import type { InstrumentRecord } from '../../src/formats/pki-status.js'
import { type MeterChain, newKey, testKey } from './pki-support.js'
import type { Chain, Result } from './support.js'

/** How to get each refusal that a method or query of pki documents. */

export type Case = (chain: Chain) => string | Promise<string>

const one = testKey('p256', 101)
const two = testKey('p256', 102)
const three = testKey('ed25519', 103)

const on =
  (produce: (chain: MeterChain) => Result | Promise<Result>): Case =>
  async (chain) =>
    (await produce(chain as MeterChain)).code

const ask =
  (query: string, args: object, before: (chain: MeterChain) => unknown = () => undefined): Case =>
  async (chain) => {
    before(chain as MeterChain)
    const answer = await chain.ask(`pki.${query}`, args)
    return answer.ok ? '' : answer.code
  }

const alive = (chain: MeterChain): MeterChain => {
  chain.enliven('meter', one)
  return chain
}
const registered = (chain: MeterChain): MeterChain => {
  chain.register('meter', one)
  return chain
}

/** Changes the record of the instrument as no method would. */
function patch(chain: MeterChain, change: (record: InstrumentRecord) => InstrumentRecord): MeterChain {
  const key = 'pki/instruments/meter'
  const record = JSON.parse(new TextDecoder().decode(chain.state.get(key))) as InstrumentRecord
  chain.state.apply([{ key, value: utf8(encodeCanonical(change(record))) }])
  return chain
}

/** No room for further events, not even revocations. */
const full = (chain: MeterChain): MeterChain =>
  patch(chain, (record) => {
    const [entry] = record.history
    return { ...record, history: [...record.history, ...Array.from({ length: 128 }, () => entry as never)] }
  })

const manyKeys = (chain: MeterChain): MeterChain =>
  patch(alive(chain), (record) => {
    const [key] = record.keys
    const more = Array.from({ length: 15 }, (_, i) => ({ ...(key as never as object), number: i + 2, usages: ['tls'] }))
    return { ...record, keys: [...record.keys, ...(more as never[])] }
  })

const METER = { instrument: 'meter' }
const NINTH = { key: 9 }

type Call = (chain: MeterChain, args?: object, instrument?: string) => Result

const rotate: Call = (chain, args = {}, instrument = 'meter') => chain.rotate(instrument, one, two, args)
const emergency: Call = (chain, args = {}, instrument = 'meter') => chain.emergencyRotate(instrument, two, 0, args)
const own: Call = (chain, args = {}, instrument = 'meter') => chain.own(instrument, one, 1, args)
const batch: Call = (chain, args = {}, instrument = 'meter') =>
  chain.batch({ ...chain.batchOf('meter', 1, 3), instrument }, one, args)
const endorse: Call = (chain, args = {}, instrument = 'meter') =>
  chain.send('pki.endorse', { from: 'body', args: { instrument, ...args } })

/** A key that may not sign, for each reason; the same for every method that needs an active one. */
function notActive(method: string, call: Call): Readonly<Record<string, Case>> {
  const states: Readonly<Record<string, (chain: MeterChain) => unknown>> = {
    'not-endorsed': registered,
    suspended: (chain) => alive(chain).suspend('meter'),
    'seal-broken': (chain) => alive(chain).breakSeal('meter'),
    expired: (chain) => {
      chain.enliven('meter', one, { validUntilMs: chain.timeMs + 4_500 })
      chain.block()
    },
    retired: (chain) => alive(chain).retire('meter'),
    revoked: (chain) => alive(chain).withdraw('meter', 0),
  }
  const cases = Object.entries(states).map(([state, reach]) => {
    const produce = on((chain) => {
      reach(chain)
      return call(chain, { key: 1 })
    })
    return [`pki.${method} pki/${state}`, produce] as const
  })
  return Object.fromEntries(cases)
}

/** What is wrong with a key that comes in. */
function badKeys(method: string, call: (chain: MeterChain, args: object) => Result): Readonly<Record<string, Case>> {
  return {
    [`pki.${method} pki/bad-key`]: on((chain) => call(chain, { publicKey: 'nonsense' })),
    [`pki.${method} pki/bad-possession`]: on((chain) => call(chain, { possession: three.sign('x') })),
    [`pki.${method} pki/bad-validity`]: on((chain) => call(chain, { validUntilMs: 1 })),
    [`pki.${method} pki/key-in-use`]: on((chain) => {
      chain.register('other', two)
      return call(chain, {})
    }),
  }
}

/** Every method of an instrument refuses one that is not there, and a key that it does not have. */
function unknown(method: string, call: Call, hasKey = true): Readonly<Record<string, Case>> {
  return {
    [`pki.${method} pki/unknown-instrument`]: on((chain) => call(chain)),
    ...(hasKey ? { [`pki.${method} pki/unknown-key`]: on((chain) => call(alive(chain), NINTH)) } : {}),
  }
}

const PROPOSAL: Readonly<Record<string, Case>> = {
  'pki.propose pki/already-registered': on((chain) => registered(chain).register('meter', two)),
  ...badKeys('propose', (chain, args) => chain.register('meter', two, args)),
  'pki.propose pki/unknown-organization': on((chain) => chain.register('meter', one, { operator: 'nobody' })),
  'pki.propose pki/unknown-approval': on((chain) => chain.register('meter', one, { approval: 'A-1' })),
  'pki.propose pki/approval-not-valid': on((chain) => {
    chain.approveType('A-1')
    chain.withdrawType('A-1')
    return chain.register('meter', one, { approval: 'A-1' })
  }),
  'pki.propose pki/approval-required': on((chain) => {
    const values = { values: { approvalRequired: true }, proposal: 0, set: { height: 1, timeMs: 1 } }
    chain.state.apply([{ key: 'governance/parameters/pki', value: utf8(encodeCanonical(values)) }])
    return chain.register('meter', one)
  }),
  'pki.addKey pki/unknown-instrument': on((chain) => chain.addKey('meter', one)),
  'pki.addKey pki/not-proposer': on((chain) => alive(chain).addKey('meter', two, {}, 'rival')),
  'pki.addKey pki/usage-taken': on((chain) => alive(chain).addKey('meter', two)),
  ...badKeys('addKey', (chain, args) => alive(chain).addKey('meter', two, { usages: ['config'], ...args })),
  'pki.addKey pki/too-many-keys': on((chain) => manyKeys(chain).addKey('meter', two, { usages: ['config'] })),
  'pki.addKey pki/history-full': on((chain) => full(alive(chain)).addKey('meter', two, { usages: ['config'] })),
  ...unknown('endorse', endorse),
  'pki.endorse pki/revoked': on((chain) => {
    registered(chain).withdraw('meter', 0)
    return endorse(chain)
  }),
  'pki.endorse pki/retired': on((chain) => {
    registered(chain).retire('meter')
    return endorse(chain)
  }),
  'pki.endorse pki/expired': on((chain) => {
    chain.register('meter', one, { validUntilMs: chain.timeMs + 1_500 })
    return endorse(chain)
  }),
  'pki.endorse pki/already-active': on((chain) => endorse(alive(chain))),
  'pki.endorse pki/own-proposal': on((chain) => {
    chain.register('meter', one, {}, 'rival')
    return chain.send('pki.endorse', { from: 'rival', args: METER })
  }),
  'pki.endorse pki/already-endorsed': on((chain) => {
    endorse(registered(chain))
    return endorse(chain)
  }),
  'pki.endorse pki/history-full': on((chain) => endorse(full(registered(chain)))),
  'pki.approveType pki/approval-exists': on((chain) => {
    chain.approveType('A-1')
    return chain.approveType('A-1', {}, 'inmetro')
  }),
  'pki.approveType pki/unknown-organization': on((chain) => chain.approveType('A-1', { manufacturer: 'nobody' })),
  'pki.approveType pki/bad-validity': on((chain) => chain.approveType('A-1', { validUntilMs: 1 })),
  'pki.withdrawType pki/unknown-approval': on((chain) => chain.withdrawType('A-1')),
  'pki.withdrawType pki/approval-not-valid': on((chain) => {
    chain.approveType('A-1')
    chain.withdrawType('A-1')
    return chain.withdrawType('A-1')
  }),
  'pki.withdrawType pki/not-proposer': on((chain) => {
    chain.approveType('A-1')
    return chain.withdrawType('A-1', 'body')
  }),
}

const LIFE: Readonly<Record<string, Case>> = {
  ...unknown('suspend', (chain, args) => chain.suspend('meter', args)),
  'pki.suspend pki/wrong-state': on((chain) => registered(chain).suspend('meter')),
  'pki.suspend pki/already-suspended': on((chain) => {
    alive(chain).suspend('meter')
    return chain.suspend('meter')
  }),
  'pki.suspend pki/invalid-since-in-future': on((chain) => alive(chain).suspend('meter', { sinceMs: 1e12 })),
  'pki.suspend pki/history-full': on((chain) => full(alive(chain)).suspend('meter')),
  ...unknown('resume', (chain, args) => chain.resume('meter', args)),
  'pki.resume pki/not-suspended': on((chain) => alive(chain).resume('meter')),
  'pki.resume pki/history-full': on((chain) => {
    alive(chain).suspend('meter')
    patch(chain, (record) => ({
      ...record,
      history: [...Array.from({ length: 128 }, () => record.history[0] as never), ...record.history],
    }))
    return chain.resume('meter')
  }),
  ...unknown('revoke', (chain, args) => chain.withdraw('meter', 0, args)),
  'pki.revoke pki/not-proposer': on((chain) => alive(chain).withdraw('meter', 0, {}, 'rival')),
  'pki.revoke pki/invalid-since-in-future': on((chain) => alive(chain).withdraw('meter', 1e12)),
  'pki.revoke pki/already-revoked': on((chain) => {
    alive(chain).withdraw('meter', 1_500)
    return chain.withdraw('meter', 1_500)
  }),
  'pki.revoke pki/history-full': on((chain) => full(alive(chain)).withdraw('meter', 0)),
  ...unknown('retire', (chain, args) => chain.retire('meter', args)),
  'pki.retire pki/not-operator': on((chain) => alive(chain).retire('meter', {}, 'rival')),
  'pki.retire pki/wrong-state': on((chain) => {
    alive(chain).retire('meter')
    return chain.retire('meter')
  }),
  'pki.retire pki/history-full': on((chain) => full(alive(chain)).retire('meter')),
  ...unknown('breakSeal', (chain, args) => chain.breakSeal('meter', args), false),
  'pki.breakSeal pki/not-concerned': on((chain) => alive(chain).breakSeal('meter', {}, 'grid')),
  'pki.breakSeal pki/seal-already-broken': on((chain) => {
    alive(chain).breakSeal('meter')
    return chain.breakSeal('meter')
  }),
  'pki.breakSeal pki/invalid-since-in-future': on((chain) => alive(chain).breakSeal('meter', { sinceMs: 1e12 })),
  'pki.breakSeal pki/history-full': on((chain) => full(alive(chain)).breakSeal('meter')),
  ...unknown('renewSeal', (chain) => chain.renewSeal('meter'), false),
  'pki.renewSeal pki/own-proposal': on((chain) => {
    chain.register('meter', one, {}, 'rival')
    return chain.renewSeal('meter', ['S-1'], 'rival')
  }),
  'pki.renewSeal pki/history-full': on((chain) => full(alive(chain)).renewSeal('meter')),
  ...unknown('rotate', rotate),
  'pki.rotate pki/not-operator': on((chain) => alive(chain).rotate('meter', one, two, {}, 'grid')),
  ...notActive('rotate', rotate),
  ...badKeys('rotate', (chain, args) => rotate(alive(chain), args)),
  'pki.rotate pki/bad-co-signature': on((chain) => rotate(alive(chain), { coSignature: two.sign('x') })),
  'pki.rotate pki/too-many-keys': on((chain) => rotate(manyKeys(chain))),
  'pki.rotate pki/history-full': on((chain) => rotate(full(alive(chain)))),
  ...unknown('emergencyRotate', emergency),
  'pki.emergencyRotate pki/wrong-state': on((chain) => registered(chain).emergencyRotate('meter', two, 0)),
  'pki.emergencyRotate pki/invalid-since-in-future': on((chain) => alive(chain).emergencyRotate('meter', two, 1e12)),
  'pki.emergencyRotate pki/usage-taken': on((chain) => {
    rotate(alive(chain))
    return chain.emergencyRotate('meter', three, 0, { key: 1 })
  }),
  ...badKeys('emergencyRotate', (chain, args) => emergency(alive(chain), args)),
  'pki.emergencyRotate pki/too-many-keys': on((chain) => emergency(manyKeys(chain), { key: 1 })),
  'pki.emergencyRotate pki/history-full': on((chain) => emergency(full(alive(chain)))),
}

const RECORDS: Readonly<Record<string, Case>> = {
  ...unknown('anchor', own),
  'pki.anchor pki/bad-record': on((chain) => own(alive(chain), { format: 'ocmf' })),
  'pki.anchor pki/counter-missing': on((chain) =>
    alive(chain).record({ instrument: 'meter', format: 'fabpki', message: '42', signature: one.sign('42') }, 'maker'),
  ),
  'pki.anchor pki/wrong-usage': on((chain) => {
    chain.enliven('meter', one, { usages: ['tls'] })
    return own(chain)
  }),
  ...notActive('anchor', own),
  'pki.anchor pki/not-operator': on((chain) => own(alive(chain), { format: 'fabpki', signature: one.sign('42') })),
  'pki.anchor pki/counter-replayed': on((chain) => {
    own(alive(chain))
    return own(chain)
  }),
  'pki.anchor pki/bad-signature': on((chain) => own(alive(chain), { message: '43' })),
  ...unknown('anchorBatch', batch),
  'pki.anchorBatch pki/bad-batch': on((chain) => alive(chain).batch(chain.batchOf('meter', 1, 3, 4), one)),
  'pki.anchorBatch pki/wrong-usage': on((chain) => {
    chain.enliven('meter', one, { usages: ['tls'] })
    return batch(chain)
  }),
  ...notActive('anchorBatch', batch),
  'pki.anchorBatch pki/not-operator': on((chain) =>
    alive(chain).send('pki.anchorBatch', { from: 'grid', client: 'c', args: chain.batchOf('meter', 1, 3) }),
  ),
  'pki.anchorBatch pki/counter-replayed': on((chain) => {
    batch(alive(chain))
    return chain.batch(chain.batchOf('meter', 3, 4), one)
  }),
  'pki.anchorBatch pki/bad-signature': on((chain) => batch(alive(chain), { lastCounter: 4 })),
}

const VERIFIED = { ...METER, message: '42', signature: 'x' }
const QUERIES: Readonly<Record<string, Case>> = {
  'pki.instrument pki/unknown-instrument': ask('instrument', METER),
  'pki.keyOwner pki/bad-key': ask('keyOwner', { publicKey: 'nonsense' }),
  'pki.keyOwner pki/unknown-key': ask('keyOwner', { publicKey: newKey('meter', one).publicKey, curve: 'p256' }),
  'pki.typeApproval pki/unknown-approval': ask('typeApproval', { approval: 'A-1' }),
  'pki.statusAt pki/unknown-instrument': ask('statusAt', { ...METER, timeMs: 0 }),
  'pki.statusAt pki/unknown-key': ask('statusAt', { ...METER, ...NINTH, timeMs: 0 }, alive),
  'pki.verify pki/unknown-instrument': ask('verify', VERIFIED),
  'pki.verify pki/unknown-key': ask('verify', { ...VERIFIED, ...NINTH }, alive),
  'pki.verify pki/counter-missing': ask('verify', { ...VERIFIED, format: 'etalon-1' }, alive),
  'pki.verify pki/bad-record': ask('verify', { ...VERIFIED, format: 'jws' }, alive),
}

export const PKI_CASES: Readonly<Record<string, Case>> = { ...PROPOSAL, ...LIFE, ...RECORDS, ...QUERIES }
