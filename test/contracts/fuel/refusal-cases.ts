import { utf8 } from '../../../src/base/bytes.js'
import { commitStatement } from '../../../src/codec/fuel.js'
import { ENROLLERS_MAX, REGION_DISPENSERS_MAX } from '../../../src/contracts/fuel/records.js'
import { ed25519Key, hashOf } from '../support.js'
import { DAY_MS, Forecourt, LITRE, SETTINGS, signWith, TANK } from './support.js'

/** How to get every refusal that a method or query of fuel documents, for the table of refusals.test.ts. */

type Act = (field: Forecourt) => string | Promise<string>

function ready(): Forecourt {
  const field = new Forecourt(['d1', 'd2'])
  field.enrol('car', 'club')
  return field
}

const on = (act: Act) => () => act(ready())

/** Calls a method that is refused. */
const call = (method: string, from: string, args: unknown) => on((field) => field.do(method, from, args).code)

const asks = (query: string, args: unknown) =>
  on(async (field) => {
    const answer = await field.ask(`fuel.${query}`, args)
    return answer.ok ? '' : answer.code
  })

type Stage = 'commit' | 'declare' | 'reveal'
const STAGES: readonly Stage[] = ['commit', 'declare', 'reveal']
const FROM = { commit: 'club', declare: 'oil', reveal: 'club' } as const

/** The stages of a refuel before the one that is refused, which is called with changes, from `from`, after `before`. */
function at(
  stage: Stage,
  changes: object,
  { from = FROM[stage], before = () => undefined }: { from?: string; before?: (field: Forecourt) => unknown } = {},
) {
  return on((field) => {
    const plan = field.plan({ vehicle: 'car', dispenser: 'd1', ...('plan' in changes ? (changes.plan as object) : {}) })
    for (const earlier of STAGES.slice(0, STAGES.indexOf(stage))) field.must(earlier, FROM[earlier], plan[earlier])
    before(field)
    const { plan: _, ...args } = changes as { plan?: unknown }
    return field.do(stage, from, { ...plan[stage], ...args }).code
  })
}

const NOTHING = { commitment: hashOf('nothing') }
const INSPECTION = { dispenser: 'd1', errorPpm: 0, uncertaintyPpm: 500, passed: true }
const condemn = (field: Forecourt) => field.inspect('d1', -50_000, false)
const withdraw = (field: Forecourt) => field.must('withdrawDispenser', 'oil', { dispenser: 'd1' })
const later = (ms: number) => (field: Forecourt) => {
  field.timeMs += ms
}

/** Takes Brazil out of the parameters, as governance may. */
function withoutBrazil(field: Forecourt): void {
  const countries = SETTINGS.countries.filter(({ country }) => country !== 'br')
  const record = { values: { ...SETTINGS, countries } }
  field.state.entries.set('governance/parameters/fuel', utf8(JSON.stringify(record)))
}

const inspected = (changes: object, from = 'inmetro', before: (field: Forecourt) => unknown = () => undefined) =>
  on((field) => {
    before(field)
    return field.do('inspect', from, { ...INSPECTION, untilMs: field.timeMs + DAY_MS, ...changes }).code
  })

const CAR = { vehicle: 'car', tankMicrolitre: TANK, sensorClass: 'obd', key: ed25519Key(1) }

export const FUEL_CASES: Readonly<Record<string, () => string | Promise<string>>> = {
  'fuel.openRegion fuel/already-registered': call('openRegion', 'watch', { region: 'sp', country: 'br' }),
  'fuel.openRegion fuel/unknown-country': call('openRegion', 'watch', { region: 'x', country: 'xx' }),
  'fuel.registerStation fuel/already-registered': call('registerStation', 'oil', { station: 's1', region: 'sp' }),
  'fuel.registerStation fuel/unknown-region': call('registerStation', 'oil', { station: 's9', region: 'x' }),
  'fuel.registerDispenser fuel/already-registered': call('registerDispenser', 'oil', {
    dispenser: 'd1',
    station: 's1',
  }),
  'fuel.registerDispenser fuel/unknown-station': call('registerDispenser', 'oil', { dispenser: 'd9', station: 's9' }),
  'fuel.registerDispenser fuel/foreign-organization': call('registerDispenser', 'rival', {
    dispenser: 'd9',
    station: 's1',
  }),
  'fuel.registerDispenser fuel/unknown-instrument': call('registerDispenser', 'oil', {
    dispenser: 'd9',
    station: 's1',
    instrument: 'none',
  }),
  'fuel.registerDispenser fuel/region-full': () => {
    const field = new Forecourt(Array.from({ length: REGION_DISPENSERS_MAX }, (_, i) => `d${i}`))
    return field.do('registerDispenser', 'oil', { dispenser: 'more', station: 's1' }).code
  },
  'fuel.withdrawDispenser fuel/unknown-dispenser': call('withdrawDispenser', 'oil', { dispenser: 'x' }),
  'fuel.withdrawDispenser fuel/foreign-organization': call('withdrawDispenser', 'rival', { dispenser: 'd1' }),
  'fuel.withdrawDispenser fuel/withdrawn': on((field) => {
    withdraw(field)
    return field.do('withdrawDispenser', 'oil', { dispenser: 'd1' }).code
  }),
  'fuel.registerVehicle fuel/already-registered': call('registerVehicle', 'taxi', CAR),
  'fuel.registerVehicle fuel/too-many-enrollers': on((field) => {
    const names = Array.from({ length: ENROLLERS_MAX }, (_, i) => `other-${i}`)
    field.state.entries.set('fuel/enrollers', utf8(JSON.stringify(names)))
    return field.do('registerVehicle', 'taxi', { ...CAR, vehicle: 'cab' }).code
  }),
  'fuel.rotateKey fuel/unknown-vehicle': call('rotateKey', 'club', { vehicle: 'x', key: ed25519Key(5) }),
  'fuel.rotateKey fuel/foreign-organization': call('rotateKey', 'taxi', { vehicle: 'car', key: ed25519Key(5) }),
  'fuel.rotateKey fuel/key-in-use': call('rotateKey', 'club', { vehicle: 'car', key: ed25519Key(1_000) }),

  'fuel.commit fuel/unknown-vehicle': at('commit', { vehicle: 'x' }),
  'fuel.commit fuel/foreign-organization': at('commit', {}, { from: 'taxi' }),
  'fuel.commit fuel/unknown-dispenser': at('commit', { dispenser: 'x' }),
  'fuel.commit fuel/not-in-service': at('commit', {}, { before: condemn }),
  'fuel.commit fuel/sequence-replayed': at(
    'commit',
    { sequence: 1 },
    { before: (field) => field.must('commit', 'club', field.plan({ vehicle: 'car', dispenser: 'd1' }).commit) },
  ),
  'fuel.commit fuel/key-expired': at('commit', {}, { before: later(SETTINGS.keyMs) }),
  'fuel.commit fuel/commitment-reused': on((field) => {
    field.enrol('copy', 'taxi')
    const { commit, commitment } = field.plan({ vehicle: 'car', dispenser: 'd1' })
    field.must('commit', 'club', commit)
    const signature = signWith(1_001, commitStatement('copy', 'd1', 1, commitment))
    return field.do('commit', 'taxi', { ...commit, vehicle: 'copy', signature }).code
  }),
  'fuel.commit fuel/too-many-open': on((field) => {
    const one = () => field.do('commit', 'club', field.plan({ vehicle: 'car', dispenser: 'd1' }).commit).code
    return [one(), one(), one(), one(), one()].at(-1) ?? ''
  }),
  'fuel.commit fuel/bad-signature': at('commit', { signature: '00'.repeat(64) }),

  'fuel.declare fuel/not-committed': at('declare', NOTHING),
  'fuel.declare fuel/other-dispenser': at('declare', { dispenser: 'd2' }),
  'fuel.declare fuel/unknown-dispenser': at('declare', { dispenser: 'x' }),
  'fuel.declare fuel/foreign-organization': at('declare', {}, { from: 'rival' }),
  'fuel.declare fuel/not-in-service': at('declare', {}, { before: withdraw }),
  'fuel.declare fuel/already-declared': on((field) => {
    const { commit, declare } = field.plan({ vehicle: 'car', dispenser: 'd1' })
    field.must('commit', 'club', commit)
    field.must('declare', 'oil', declare)
    return field.do('declare', 'oil', declare).code
  }),
  'fuel.declare fuel/stale': at('declare', {}, { before: later(SETTINGS.declareMs) }),
  'fuel.declare fuel/zero-volume': at('declare', { volumeMicrolitre: 0 }),
  'fuel.declare fuel/beyond-tank': at('declare', { volumeMicrolitre: 2 * TANK }),
  'fuel.declare fuel/unknown-instrument': () => signedCase('revoked'),
  'fuel.declare fuel/bad-signature': () => signedCase('unsigned'),

  'fuel.reveal fuel/not-committed': at('reveal', NOTHING),
  'fuel.reveal fuel/foreign-organization': at('reveal', {}, { from: 'taxi' }),
  'fuel.reveal fuel/not-declared': on((field) => {
    const { commit, reveal } = field.plan({ vehicle: 'car', dispenser: 'd1' })
    field.must('commit', 'club', commit)
    return field.do('reveal', 'club', reveal).code
  }),
  'fuel.reveal fuel/stale': at('reveal', {}, { before: later(SETTINGS.revealMs) }),
  'fuel.reveal fuel/commitment-mismatch': at('reveal', { volumeMicrolitre: LITRE }),
  'fuel.reveal fuel/zero-volume': at('reveal', { plan: { reading: { volumeMicrolitre: 0 } } }),
  'fuel.reveal fuel/beyond-tank': at('reveal', { plan: { reading: { volumeMicrolitre: 2 * TANK } } }),

  'fuel.inspect fuel/unknown-dispenser': inspected({ dispenser: 'x' }),
  'fuel.inspect fuel/withdrawn': inspected({}, 'inmetro', withdraw),
  'fuel.inspect fuel/foreign-organization': on((field) => {
    field.must('registerStation', 'rival', { station: 's2', region: 'sp' })
    field.must('registerDispenser', 'rival', { dispenser: 'r1', station: 's2' })
    return field.inspect('r1', 0, true, 'rival').code
  }),
  'fuel.inspect fuel/bad-expiry': inspected({ untilMs: 1 }),
  'fuel.inspect fuel/inconsistent-inspection': inspected({ errorPpm: -50_000 }),
  'fuel.inspect fuel/unknown-country': inspected({}, 'inmetro', withoutBrazil),
  'fuel.analyse fuel/unknown-region': call('analyse', 'watch', { region: 'x' }),
  'fuel.analyse fuel/unknown-country': on((field) => {
    withoutBrazil(field)
    return field.do('analyse', 'watch', { region: 'sp' }).code
  }),
  'fuel.analyse fuel/too-soon': on((field) => {
    field.analyse()
    return field.do('analyse', 'watch', { region: 'sp' }).code
  }),

  'fuel.verdict fuel/unknown-dispenser': asks('verdict', { dispenser: 'x' }),
  'fuel.verdict fuel/not-analysed': asks('verdict', { dispenser: 'd1' }),
  'fuel.ranking fuel/unknown-region': asks('ranking', { region: 'x' }),
  'fuel.ranking fuel/not-analysed': asks('ranking', { region: 'sp' }),
  'fuel.dispenser fuel/unknown-dispenser': asks('dispenser', { dispenser: 'x' }),
  'fuel.vehicle fuel/unknown-vehicle': asks('vehicle', { vehicle: 'x' }),
  'fuel.station fuel/unknown-station': asks('station', { station: 'x' }),
  'fuel.refuel fuel/not-committed': asks('refuel', NOTHING),
  'fuel.region fuel/unknown-region': asks('region', { region: 'x' }),
}

/** A declaration at a dispenser whose pulser has a key in pki. */
function signedCase(how: 'revoked' | 'unsigned'): string {
  const field = ready()
  field.pulser('pulser-1', 'signed')
  const { commit, declare } = field.plan({ vehicle: 'car', dispenser: 'signed' })
  field.must('commit', 'club', commit)
  if (how === 'revoked') field.revoke('pulser-1', field.timeMs)
  return field.do('declare', 'oil', declare).code
}
