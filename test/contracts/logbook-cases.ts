import { type Chain, hashOf, type Result } from './support.js'

/** How to get every refusal of the contract logbook (refusals.test.ts). */

type Case = (chain: Chain) => string | Promise<string>

const append = (chain: Chain, args: object) =>
  chain.send('logbook.append', { from: 'maker', client: 'c', args: { category: 'a', subject: 'b', ...args } }).code

export const recorded = (chain: Chain, args: object): Result =>
  chain.send('logbook.record', { from: 'maker', client: 'c', args: { category: 'a', subject: 'b', ...args } })

export const registered = (chain: Chain, identifier: string, args: object = {}, from = 'body'): Result =>
  chain.send('logbook.registerDcc', {
    from,
    args: {
      identifier,
      hash: hashOf(identifier),
      schemaVersion: '3.3.0',
      laboratory: 'Calibration Laboratory of the North',
      items: [{ name: 'Thermometer', identifications: [{ issuer: 'manufacturer', value: 'SN-4711' }] }],
      performed: { begin: '2026-03-04', end: '2026-03-05' },
      ...args,
    },
  })

export const revoked = (chain: Chain, identifier: string, from = 'body'): Result =>
  chain.send('logbook.revokeDcc', { from, args: { identifier, reason: 'wrong reference' } })

export const LOGBOOK_CASES: Readonly<Record<string, Case>> = {
  'logbook.append logbook/empty': (chain) => append(chain, {}),
  'logbook.append logbook/hash-mismatch': (chain) => append(chain, { payload: 'x', payloadHash: hashOf('y') }),
  'logbook.record logbook/empty': (chain) => recorded(chain, {}).code,
  'logbook.record logbook/hash-mismatch': (chain) => recorded(chain, { payload: 'x', payloadHash: hashOf('y') }).code,
  'logbook.record logbook/bad-quantity': (chain) =>
    recorded(chain, { quantities: [{ name: 'energy', value: '1', unit: 'kWh' }] }).code,
  'logbook.registerDcc logbook/dcc-exists': (chain) => {
    registered(chain, 'D-1')
    return registered(chain, 'D-1', { hash: hashOf('another file') }).code
  },
  'logbook.registerDcc logbook/dcc-same-file': (chain) => {
    registered(chain, 'D-1')
    return registered(chain, 'D-2', { hash: hashOf('D-1') }).code
  },
  'logbook.registerDcc logbook/dcc-unknown': (chain) => registered(chain, 'D-2', { supersedes: 'D-1' }).code,
  'logbook.registerDcc logbook/dcc-bad-dates': (chain) =>
    registered(chain, 'D-1', { performed: { begin: '2026-02-29', end: '2026-03-05' } }).code,
  'logbook.registerDcc logbook/dcc-not-issuer': (chain) => {
    registered(chain, 'D-1')
    return registered(chain, 'D-2', { supersedes: 'D-1' }, 'inmetro').code
  },
  'logbook.registerDcc logbook/dcc-superseded': (chain) => {
    registered(chain, 'D-1')
    registered(chain, 'D-2', { supersedes: 'D-1' })
    return registered(chain, 'D-3', { supersedes: 'D-1' }).code
  },
  'logbook.revokeDcc logbook/dcc-unknown': (chain) => revoked(chain, 'D-1').code,
  'logbook.revokeDcc logbook/dcc-not-issuer': (chain) => {
    registered(chain, 'D-1')
    return revoked(chain, 'D-1', 'rival').code
  },
  'logbook.revokeDcc logbook/dcc-revoked': (chain) => {
    registered(chain, 'D-1')
    revoked(chain, 'D-1')
    return revoked(chain, 'D-1').code
  },
  'logbook.dccByHash logbook/dcc-unknown': async (chain) => {
    const answer = await chain.ask('logbook.dccByHash', { hash: hashOf('x') })
    return answer.ok ? '' : answer.code
  },
}
