import { describe, expect, it } from 'vitest'
import { commitStatement } from '../../../src/codec/fuel.js'
import { OPEN_REFUELS_MAX, REGION_DISPENSERS_MAX, VISITS_MAX } from '../../../src/contracts/fuel/records.js'
import { ed25519Key, hashOf, p256Key } from '../support.js'
import { DAY_MS, Forecourt, LITRE, SETTINGS, signedDeclaration, signWith, TANK } from './support.js'

function ready(): Forecourt {
  const field = new Forecourt(['d1', 'd2'])
  field.enrol('car', 'club')
  return field
}

const open = { vehicle: 'car', dispenser: 'd1' }

describe('a refuel: commit, declare, reveal', () => {
  it('is settled with the logarithm of the ratio, and leaves nothing open', async () => {
    const field = ready()
    const result = field.refuel({ ...open, declared: 20 * LITRE, reading: { volumeMicrolitre: 19 * LITRE } })
    // ln(19 / 20) = -0.0512932944
    expect(result.value).toMatchObject({ logRatioPpm: -51_293, counting: 'counted' })
    expect(result.events).toMatchObject([{ name: 'fuel/refuelled', data: { dispenser: 'd1', logRatioPpm: -51_293 } }])
    expect([...field.state.entries.keys()].filter((key) => key.startsWith('fuel/refuels/'))).toEqual([])
    expect(await field.ask('fuel.vehicle', { vehicle: 'car' })).toMatchObject({
      ok: true,
      value: { open: [], counted: 1, sequence: 1, visits: ['d1'] },
    })
    expect(await field.ask('fuel.dispenser', { dispenser: 'd1' })).toMatchObject({ ok: true, value: { counted: 1 } })
  })

  it('changes three keys at most in each call, however many readings there are', () => {
    const field = new Forecourt(['d1'])
    for (let i = 0; i < 40; i++) {
      field.enrol(`car-${i}`)
      const { organization, commit, declare, reveal } = field.plan({ vehicle: `car-${i}`, dispenser: 'd1' })
      field.must('commit', organization, commit)
      expect(field.changes.length).toBeLessThanOrEqual(2)
      field.must('declare', 'oil', declare)
      expect(field.changes.length).toBe(1)
      field.must('reveal', organization, reveal)
      expect(field.changes.length).toBeLessThanOrEqual(4)
      for (const { value } of field.changes) expect(value?.length ?? 0).toBeLessThan(2_000)
    }
  })

  it.each<[string, Parameters<Forecourt['refuel']>[0], string]>([
    ['a vehicle that moved', { ...open, reading: { stationary: false } }, 'not-stationary'],
    ['a median of few samples', { ...open, reading: { samples: 30 } }, 'few-samples'],
    ['a small volume', { ...open, declared: 4_999_999 }, 'small-volume'],
  ])('settles, and does not count, %s', (_, plan, counting) => {
    const field = ready()
    expect(field.refuel(plan).value).toMatchObject({ counting })
  })

  it("does not count an owner's own vehicles", () => {
    const field = new Forecourt()
    field.must('registerStation', 'rival', { station: 's2', region: 'sp' })
    field.must('registerDispenser', 'rival', { dispenser: 'r1', station: 's2' })
    field.enrol('own', 'rival')
    const { commit, declare, reveal } = field.plan({ vehicle: 'own', dispenser: 'r1' })
    field.must('commit', 'rival', commit)
    field.must('declare', 'rival', declare)
    expect(field.must('reveal', 'rival', reveal).value).toMatchObject({ counting: 'own-dispenser' })
  })

  it('gives a vehicle one vote at a dispenser in each window, the first', () => {
    const field = ready()
    expect(field.refuel(open).value).toMatchObject({ counting: 'counted' })
    expect(field.refuel(open).value).toMatchObject({ counting: 'voted' })
    expect(field.refuel({ ...open, dispenser: 'd2' }).value).toMatchObject({ counting: 'counted' })
    field.timeMs += SETTINGS.windowMs
    expect(field.refuel(open).value).toMatchObject({ counting: 'counted' })
  })

  it('bounds the votes of a vehicle in a window', () => {
    const ids = Array.from({ length: VISITS_MAX + 1 }, (_, i) => `p${i}`)
    const field = new Forecourt(ids)
    field.enrol('car')
    const countings = ids.map((dispenser) => field.refuel({ vehicle: 'car', dispenser }).value.counting)
    expect(countings.at(-2)).toBe('counted')
    expect(countings.at(-1)).toBe('many-visits')
  })

  it('does not count what was committed in an older window than the last vote', () => {
    const field = ready()
    const old = field.plan({ ...open, dispenser: 'd2' })
    field.timeMs = Math.trunc(field.timeMs / SETTINGS.windowMs + 1) * SETTINGS.windowMs - 3_000
    field.must('commit', 'club', old.commit)
    field.timeMs += 10_000
    field.refuel(open)
    field.must('declare', 'oil', old.declare)
    expect(field.must('reveal', 'club', old.reveal).value).toMatchObject({ counting: 'late-window' })
  })

  it('does not count what was committed before an inspection', () => {
    const field = ready()
    const { commit, declare, reveal } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(field.inspect('d1').code).toBe('')
    field.must('declare', 'oil', declare)
    expect(field.must('reveal', 'club', reveal).value).toMatchObject({ counting: 'before-inspection' })
  })
})

describe('bad input of a refuel', () => {
  it('refuses a reveal without a commitment, and a declaration before it', () => {
    const field = ready()
    const { declare, reveal } = field.plan(open)
    expect(field.do('declare', 'oil', declare).code).toBe('fuel/not-committed')
    expect(field.do('reveal', 'club', reveal).code).toBe('fuel/not-committed')
    expect(field.changes).toEqual([])
  })

  it('refuses a reveal before the declaration: the owner must not know what the vehicle measured', () => {
    const field = ready()
    const { commit, reveal } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(field.do('reveal', 'club', reveal).code).toBe('fuel/not-declared')
  })

  it('refuses a second reveal, and a second declaration', () => {
    const field = ready()
    const { commit, declare, reveal } = field.plan(open)
    field.must('commit', 'club', commit)
    field.must('declare', 'oil', declare)
    expect(field.do('declare', 'oil', { ...declare, volumeMicrolitre: LITRE }).code).toBe('fuel/already-declared')
    field.must('reveal', 'club', reveal)
    expect(field.do('reveal', 'club', reveal).code).toBe('fuel/not-committed')
  })

  it.each([
    ['volumeMicrolitre', 29 * LITRE],
    ['samples', 32],
    ['stationary', false],
    ['nonce', hashOf('another')],
  ])('refuses a reveal with another %s than was committed to', (name, value) => {
    const field = ready()
    const { commit, declare, reveal } = field.plan(open)
    field.must('commit', 'club', commit)
    field.must('declare', 'oil', declare)
    expect(field.do('reveal', 'club', { ...reveal, [name]: value }).code).toBe('fuel/commitment-mismatch')
  })

  it('refuses volumes of zero and beyond the tank, of the dispenser and of the vehicle', () => {
    const field = ready()
    const most = Math.trunc((TANK * (1_000_000 + SETTINGS.tankMarginPpm)) / 1_000_000)
    const first = field.plan(open)
    field.must('commit', 'club', first.commit)
    expect(field.do('declare', 'oil', { ...first.declare, volumeMicrolitre: 0 }).code).toBe('fuel/zero-volume')
    expect(field.do('declare', 'oil', { ...first.declare, volumeMicrolitre: most + 1 }).code).toBe('fuel/beyond-tank')
    field.must('declare', 'oil', { ...first.declare, volumeMicrolitre: most })
    for (const [volumeMicrolitre, code] of [
      [0, 'fuel/zero-volume'],
      [most + 1, 'fuel/beyond-tank'],
    ] as const) {
      const { commit, declare, reveal } = field.plan({ ...open, reading: { volumeMicrolitre } })
      field.must('commit', 'club', commit)
      field.must('declare', 'oil', declare)
      expect(field.do('reveal', 'club', reveal).code).toBe(code)
    }
  })

  it.each<[string, unknown]>([
    ['a negative volume', { volumeMicrolitre: -1 }],
    ['a fraction', { volumeMicrolitre: 1.5 }],
    ['a text', { volumeMicrolitre: '1' }],
    ['more than any tank', { volumeMicrolitre: 1e12 }],
  ])('refuses as arguments %s', (_, changes) => {
    const field = ready()
    const { commit, declare } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(field.do('declare', 'oil', { ...declare, ...(changes as object) }).code).toBe('runtime/invalid-arguments')
  })

  it('refuses foreign organizations', () => {
    const field = ready()
    const { commit, declare, reveal } = field.plan(open)
    expect(field.do('commit', 'taxi', commit).code).toBe('fuel/foreign-organization')
    expect(field.do('commit', 'oil', commit).code).toBe('identity/not-authorized')
    field.must('commit', 'club', commit)
    expect(field.do('declare', 'rival', declare).code).toBe('fuel/foreign-organization')
    field.must('declare', 'oil', declare)
    expect(field.do('reveal', 'taxi', reveal).code).toBe('fuel/foreign-organization')
  })

  it('refuses unknown vehicles and dispensers, and the wrong dispenser', () => {
    const field = ready()
    const { commit, declare } = field.plan(open)
    expect(field.do('commit', 'club', { ...commit, vehicle: 'ghost' }).code).toBe('fuel/unknown-vehicle')
    expect(field.do('commit', 'club', { ...commit, dispenser: 'ghost' }).code).toBe('fuel/unknown-dispenser')
    field.must('commit', 'club', commit)
    expect(field.do('declare', 'oil', { ...declare, dispenser: 'd2' }).code).toBe('fuel/other-dispenser')
  })

  it('refuses a signature by another key, and over other data', () => {
    const field = ready()
    const { commit } = field.plan(open)
    const { vehicle, dispenser, sequence, commitment } = commit
    const forged = signWith(7, commitStatement(vehicle, dispenser, sequence, commitment))
    expect(field.do('commit', 'club', { ...commit, signature: forged }).code).toBe('fuel/bad-signature')
    expect(field.do('commit', 'club', { ...commit, dispenser: 'd2' }).code).toBe('fuel/bad-signature')
  })

  it('refuses sequence numbers that do not grow, so that a commitment is used once', () => {
    const field = ready()
    const { commit, declare, reveal } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(field.do('commit', 'club', commit).code).toBe('fuel/sequence-replayed')
    field.must('declare', 'oil', declare)
    field.must('reveal', 'club', reveal)
    expect(field.do('commit', 'club', commit).code).toBe('fuel/sequence-replayed')
  })

  it('refuses the commitment of an open refuel under another name', () => {
    const field = ready()
    field.enrol('copy', 'taxi')
    const { commit } = field.plan(open)
    field.must('commit', 'club', commit)
    const { commitment } = commit
    const signature = signWith(1_001, commitStatement('copy', 'd1', 1, commitment))
    const copied = { vehicle: 'copy', dispenser: 'd1', sequence: 1, commitment, signature }
    expect(field.do('commit', 'taxi', copied).code).toBe('fuel/commitment-reused')
  })

  it('refuses stale declarations and reveals', () => {
    const field = ready()
    const first = field.plan(open)
    field.must('commit', 'club', first.commit)
    field.timeMs += SETTINGS.declareMs
    expect(field.do('declare', 'oil', first.declare).code).toBe('fuel/stale')
    const second = field.plan(open)
    field.must('commit', 'club', second.commit)
    field.must('declare', 'oil', second.declare)
    field.timeMs += SETTINGS.revealMs
    expect(field.do('reveal', 'club', second.reveal).code).toBe('fuel/stale')
  })

  it('bounds open refuels, and drops stale ones with a note that they were withheld', async () => {
    const field = ready()
    for (let i = 0; i < OPEN_REFUELS_MAX; i++) field.must('commit', 'club', field.plan(open).commit)
    expect(field.do('commit', 'club', field.plan(open).commit).code).toBe('fuel/too-many-open')
    field.timeMs += SETTINGS.declareMs + SETTINGS.revealMs
    field.must('commit', 'club', field.plan(open).commit)
    expect(await field.ask('fuel.vehicle', { vehicle: 'car' })).toMatchObject({
      ok: true,
      value: { withheld: OPEN_REFUELS_MAX },
    })
    expect([...field.state.entries.keys()].filter((key) => key.startsWith('fuel/refuels/'))).toHaveLength(1)
  })

  it('refuses an expired pseudonym key until it is rotated', () => {
    const field = ready()
    field.timeMs += SETTINGS.keyMs
    const { commit } = field.plan(open)
    expect(field.do('commit', 'club', commit).code).toBe('fuel/key-expired')
    expect(field.do('rotateKey', 'taxi', { vehicle: 'car', key: ed25519Key(5) }).code).toBe('fuel/foreign-organization')
    expect(field.do('rotateKey', 'club', { vehicle: 'car', key: ed25519Key(1_000) }).code).toBe('fuel/key-in-use')
    field.must('rotateKey', 'club', { vehicle: 'car', key: ed25519Key(5) })
    expect(field.do('commit', 'club', commit).code).toBe('fuel/bad-signature')
    const signature = signWith(5, commitStatement('car', 'd1', commit.sequence, commit.commitment))
    expect(field.do('commit', 'club', { ...commit, signature }).code).toBe('')
  })
})

describe('dispensers', () => {
  it('never overwrites, and knows its owners', () => {
    const field = ready()
    expect(field.do('openRegion', 'watch', { region: 'sp', country: 'br' }).code).toBe('fuel/already-registered')
    expect(field.do('openRegion', 'watch', { region: 'x', country: 'xx' }).code).toBe('fuel/unknown-country')
    expect(field.do('openRegion', 'oil', { region: 'x', country: 'br' }).code).toBe('identity/not-authorized')
    expect(field.do('registerStation', 'rival', { station: 's1', region: 'sp' }).code).toBe('fuel/already-registered')
    expect(field.do('registerStation', 'oil', { station: 's9', region: 'no' }).code).toBe('fuel/unknown-region')
    const dispenser = (id: string, station: string, from = 'oil') =>
      field.do('registerDispenser', from, { dispenser: id, station }).code
    expect(dispenser('d1', 's1')).toBe('fuel/already-registered')
    expect(dispenser('d9', 's9')).toBe('fuel/unknown-station')
    expect(dispenser('d9', 's1', 'rival')).toBe('fuel/foreign-organization')
    const car = { vehicle: 'car', tankMicrolitre: TANK, sensorClass: 'obd', key: ed25519Key(1) }
    expect(field.do('registerVehicle', 'taxi', car).code).toBe('fuel/already-registered')
  })

  it('bounds a region, and its largest analysis stays within what a transaction may change', () => {
    const field = new Forecourt(Array.from({ length: REGION_DISPENSERS_MAX }, (_, i) => `d${i}`))
    expect(field.do('registerDispenser', 'oil', { dispenser: 'more', station: 's1' }).code).toBe('fuel/region-full')
    expect(field.analyse().value).toMatchObject({ dispensers: REGION_DISPENSERS_MAX, readings: 0 })
    expect(field.changes.length).toBeLessThan(20)
  })

  it('takes signed declarations only, where the pulser has a key in pki', () => {
    const field = ready()
    const pulser = p256Key(31)
    const args = { dispenser: 'signed', station: 's1', instrument: 'pulser-1' }
    expect(field.do('registerDispenser', 'oil', args).code).toBe('fuel/unknown-instrument')
    field.activate('pulser-1', pulser)
    field.must('registerDispenser', 'oil', args)
    const { commit, declare, reveal, commitment } = field.plan({ vehicle: 'car', dispenser: 'signed' })
    field.must('commit', 'club', commit)
    expect(field.do('declare', 'oil', declare).code).toBe('fuel/bad-signature')
    const other = signedDeclaration(pulser, 'signed', commitment, 29 * LITRE)
    expect(field.do('declare', 'oil', { ...declare, signature: other }).code).toBe('fuel/bad-signature')
    const signature = signedDeclaration(pulser, 'signed', commitment, 30 * LITRE)
    expect(field.do('declare', 'oil', { ...declare, signature }).value).toMatchObject({ signed: true })
    field.must('reveal', 'club', reveal)
  })

  it('refuses declarations of a pulser whose key was revoked', () => {
    const field = ready()
    const pulser = p256Key(32)
    field.activate('pulser-2', pulser)
    field.must('registerDispenser', 'oil', { dispenser: 'signed', station: 's1', instrument: 'pulser-2' })
    const { commit, declare, commitment } = field.plan({ vehicle: 'car', dispenser: 'signed' })
    field.must('commit', 'club', commit)
    field.revoke('pulser-2', field.timeMs)
    const signature = signedDeclaration(pulser, 'signed', commitment, 30 * LITRE)
    expect(field.do('declare', 'oil', { ...declare, signature }).code).toBe('fuel/unknown-instrument')
  })

  it('goes out of service by a failed inspection, back by a passed one, and away for ever when withdrawn', async () => {
    const field = ready()
    const { commit, declare } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(field.inspect('d1', -30_000, false).value).toMatchObject({ status: 'condemned', outcome: 'failed' })
    expect(field.do('declare', 'oil', declare).code).toBe('fuel/not-in-service')
    expect(field.do('commit', 'club', field.plan(open).commit).code).toBe('fuel/not-in-service')
    expect(field.inspect('d1').value).toMatchObject({ status: 'in-service', outcome: 'passed' })
    field.refuel(open)
    expect(field.do('withdrawDispenser', 'rival', { dispenser: 'd1' }).code).toBe('fuel/foreign-organization')
    field.must('withdrawDispenser', 'oil', { dispenser: 'd1' })
    expect(field.do('withdrawDispenser', 'oil', { dispenser: 'd1' }).code).toBe('fuel/withdrawn')
    expect(field.inspect('d1').code).toBe('fuel/withdrawn')
    expect(await field.ask('fuel.station', { station: 's1' })).toMatchObject({
      ok: true,
      value: {
        dispensers: [
          { dispenser: 'd1', status: 'withdrawn' },
          { dispenser: 'd2', status: 'in-service' },
        ],
      },
    })
  })

  it('is inspected by others than its owner, consistently, and for a bounded time', () => {
    const field = ready()
    field.must('registerStation', 'rival', { station: 's2', region: 'sp' })
    field.must('registerDispenser', 'rival', { dispenser: 'r1', station: 's2' })
    expect(field.inspect('r1', 0, true, 'rival').code).toBe('fuel/foreign-organization')
    expect(field.inspect('d1', 0, true, 'club').code).toBe('identity/not-authorized')
    // Inmetro: -60 mL and +100 mL on 20 L
    expect(field.inspect('d1', -3_001, true).code).toBe('fuel/inconsistent-inspection')
    expect(field.inspect('d1', -3_000, false).code).toBe('fuel/inconsistent-inspection')
    expect(field.inspect('d1', 5_001, true).code).toBe('fuel/inconsistent-inspection')
    expect(field.inspect('d1', 5_000, true).code).toBe('')
    const args = { dispenser: 'd1', errorPpm: 0, uncertaintyPpm: 500, passed: true }
    for (const untilMs of [field.timeMs, field.timeMs + SETTINGS.anchorMs + 10 * DAY_MS]) {
      expect(field.do('inspect', 'inmetro', { ...args, untilMs }).code).toBe('fuel/bad-expiry')
    }
    const untilMs = field.timeMs + DAY_MS
    const vouched = field.send('fuel.inspect', { from: 'inmetro', client: 'tablet', args: { ...args, untilMs } })
    expect(vouched.code).toBe('runtime/signature-required')
  })
})

describe('queries', () => {
  it('say what is not there', async () => {
    const field = ready()
    const code = async (query: string, args: unknown) => {
      const answer = await field.ask(`fuel.${query}`, args)
      return answer.ok ? '' : answer.code
    }
    expect(await code('verdict', { dispenser: 'x' })).toBe('fuel/unknown-dispenser')
    expect(await code('verdict', { dispenser: 'd1' })).toBe('fuel/not-analysed')
    expect(await code('ranking', { region: 'x' })).toBe('fuel/unknown-region')
    expect(await code('ranking', { region: 'sp' })).toBe('fuel/not-analysed')
    expect(await code('vehicle', { vehicle: 'x' })).toBe('fuel/unknown-vehicle')
    expect(await code('station', { station: 'x' })).toBe('fuel/unknown-station')
    expect(await code('region', { region: 'x' })).toBe('fuel/unknown-region')
    expect(await code('refuel', { commitment: hashOf('x') })).toBe('fuel/not-committed')
  })

  it('show an open refuel, a region and the parameters in force', async () => {
    const field = ready()
    const { commit, commitment } = field.plan(open)
    field.must('commit', 'club', commit)
    expect(await field.ask('fuel.refuel', { commitment })).toMatchObject({
      ok: true,
      value: { vehicle: 'car', dispenser: 'd1', declared: null },
    })
    expect(await field.ask('fuel.region', { region: 'sp' })).toMatchObject({
      ok: true,
      value: { country: 'br', dispensers: 2, analysis: null },
    })
    expect(await field.ask('fuel.parameters', {})).toEqual({ ok: true, value: SETTINGS })
  })
})
