import { describe, expect, it } from 'vitest'
import { plantOtherCode } from './measuring-cases.js'
import { CAR, codeHash, Measuring } from './measuring-support.js'
import { Chain } from './support.js'

interface Finding {
  readonly values: readonly { readonly name: string; readonly value: string }[]
  readonly checks: readonly { readonly rule: string; readonly holds: boolean }[]
  readonly verdict: string
}

const finding = ({ value }: { readonly value: Record<string, unknown> }): Finding => value.finding as Finding
const figure = (of: Finding, name: string): string | undefined => of.values.find((it) => it.name === name)?.value
const holds = (of: Finding, rule: string): boolean | undefined => of.checks.find((it) => it.rule === rule)?.holds

/** docs/contracts/measuring.md, "Approval"; WELMEC 7.2, extension D. */
describe('a version of software', () => {
  it('is approved by k of n authorities, by the hashes that they examined', () => {
    const it = new Measuring(new Chain())
    const proposed = it.propose('brake-2', '1.0.0')
    expect(proposed.value).toMatchObject({ status: 'proposed', approvalsNeeded: 2 })
    expect(it.approve(proposed, 'inmetro').value).toMatchObject({ status: 'proposed', approvals: 1 })
    const last = it.approve(proposed, 'body')
    expect(last.value).toMatchObject({ status: 'approved', approvals: 2 })
    expect(last.events.map(({ name }) => name)).toEqual(['measuring/vote', 'measuring/approved'])
    expect(last.events[1]?.data).toMatchObject({ codeHash: codeHash('brake-2') })
  })

  it('may not be proposed by who does not make it, nor approved by who is no authority', () => {
    const it = new Measuring(new Chain())
    expect(it.propose('brake-2', '1.0.0', {}, 'grid').code).toBe('identity/not-authorized')
    expect(it.approve(it.propose('brake-2', '1.0.0'), 'grid').code).toBe('identity/not-authorized')
  })

  it('is in force from its height on', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0', { allowedFrom: 6 })
    it.register('b-1', 'brake')
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ reason: 'not-yet-allowed' })
    expect(it.chain.height).toBe(5)
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ outcome: 'measured' })
  })

  it('ends where an approved one that supersedes it begins, and not before', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-1', '1.0.0')
    it.register('b-1', 'brake')
    const next = it.propose('brake-2', '2.0.0', { supersedes: '1.0.0', allowedFrom: 9 })
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ outcome: 'measured' })
    for (const from of ['inmetro', 'body']) it.approve(next, from)
    expect(it.chain.height).toBe(8)
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ reason: 'superseded' })
    expect(it.measure('b-1', '2.0.0', { brake: CAR }).value).toMatchObject({ outcome: 'measured' })
  })

  it('is not used once it is withdrawn, and a withdrawn successor does not bring it back', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-1', '1.0.0')
    it.approved('brake-2', '2.0.0', { supersedes: '1.0.0' })
    it.register('b-1', 'brake')
    it.withdraw('brake', '2.0.0')
    expect(it.measure('b-1', '2.0.0', { brake: CAR }).value).toMatchObject({ reason: 'withdrawn' })
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ reason: 'superseded' })
  })

  it('is not used once its algorithm is not what was approved', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    it.register('b-1', 'brake')
    plantOtherCode(it.chain, 'brake', '1.0.0')
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({ reason: 'code-changed' })
  })

  it('identifies itself on demand (WELMEC 7.2, P1)', async () => {
    const it = new Measuring(new Chain())
    it.approved('brake-1', '1.0.0')
    it.approved('brake-2', '2.0.0', { supersedes: '1.0.0' })
    it.propose('brake-2', '2.1.0')
    it.register('b-1', 'brake')
    const answer = await it.chain.ask('measuring.identify', { system: 'b-1', height: it.chain.height })
    expect(answer).toMatchObject({
      ok: true,
      value: {
        software: 'brake',
        contract: { code: expect.stringMatching(/^[0-9a-f]{64}$/) },
        versions: [
          { version: '1.0.0', codeHash: codeHash('brake-1'), status: 'superseded' },
          { version: '2.0.0', codeHash: codeHash('brake-2'), status: 'in-force', approvedBy: ['inmetro', 'body'] },
          { version: '2.1.0', status: 'not-approved', approvedBy: [] },
        ],
      },
    })
  })
})

/** WELMEC 7.2, extensions L and T. */
describe('the event log of a system', () => {
  it('has every attempt, wrong software included, with counters without a gap that lead back to the first', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    const results = [
      it.register('b-1', 'brake'),
      it.measure('b-1', '1.0.0', { brake: CAR }),
      it.measure('b-1', '9.9.9', { brake: CAR }),
      it.measure('b-1', '1.0.0', { brake: CAR }),
      it.retire('b-1'),
    ]
    expect(results.map(({ receipt }) => receipt.status)).toEqual(Array.from({ length: 5 }, () => 'done'))
    const ids = results.map(({ receipt }) => receipt.transaction)
    const events = results.map(({ events: [event] }) => event)
    expect(events.map((event) => event?.name)).toEqual([
      'measuring/registered',
      'measuring/measured',
      'measuring/version-refused',
      'measuring/measured',
      'measuring/retired',
    ])
    expect(events.map((event) => event?.data.counter)).toEqual([1, 2, 3, 4, 5])
    expect(events.map((event) => event?.data.previous)).toEqual([null, ...ids.slice(0, 4)])
    const end = JSON.parse(new TextDecoder().decode(it.chain.state.get('measuring/logs/b-1'))) as object
    expect(end).toMatchObject({ counter: 5, last: ids[4] })
  })

  it('says which version was tried, why it was not used, and on which data', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    it.register('b-1', 'brake')
    const refused = it.measure('b-1', '3.0.0', { brake: CAR })
    expect(refused.value).toMatchObject({ outcome: 'refused-version', reason: 'unknown', version: '3.0.0', counter: 2 })
    const accepted = it.measure('b-1', '1.0.0', { brake: CAR })
    expect(refused.value.inputHash).toBe((accepted.value.finding as { inputHash: string }).inputHash)
    expect(refused.events[0]?.data).toMatchObject({ organization: 'grid', by: 'collector' })
  })

  it('is that of one system', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    it.register('b-1', 'brake')
    expect(it.register('b-2', 'brake').value).toMatchObject({ counter: 1 })
  })
})

/** docs/contracts/measuring.md, "Roller brake tester": the published prototype's fault and its correction. */
describe('a faulty version and the one that supersedes it', () => {
  const poor = { ...CAR, axles: CAR.axles.map((axle) => ({ ...axle, leftForceNewton: 900, rightForceNewton: 880 })) }

  it('v1 passes a vehicle that hardly brakes, v2 does not', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-1', '1.0.0')
    it.register('b-1', 'brake')
    const wrong = finding(it.measure('b-1', '1.0.0', { brake: poor }))
    expect([figure(wrong, 'total-efficiency'), wrong.verdict]).toEqual(['212.68', 'conforming'])
    it.approved('brake-2', '2.0.0', { supersedes: '1.0.0' })
    const right = finding(it.measure('b-1', '2.0.0', { brake: poor }))
    expect([figure(right, 'total-efficiency'), right.verdict]).toEqual(['27.40', 'not-conforming'])
    expect(holds(right, 'parking-efficiency')).toBe(true)
  })

  it('both can be computed again, bit for bit, after one is superseded and the other withdrawn', async () => {
    const it = new Measuring(new Chain())
    it.approved('brake-1', '1.0.0')
    it.register('b-1', 'brake')
    const old = it.measure('b-1', '1.0.0', { brake: poor })
    it.approved('brake-2', '2.0.0', { supersedes: '1.0.0' })
    const renewed = it.measure('b-1', '2.0.0', { brake: poor })
    it.withdraw('brake', '2.0.0')
    for (const result of [old, renewed]) {
      const again = await it.reevaluate(result, { brake: poor })
      expect(again).toMatchObject({ ok: true, value: { same: true, finding: result.value.finding } })
    }
  })

  it('a result that is not that of the data is told', async () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    it.register('b-1', 'brake')
    const answer = await it.reevaluate(
      it.measure('b-1', '1.0.0', { brake: CAR }),
      { brake: CAR },
      { findingHash: 'f'.repeat(64) },
    )
    expect(answer).toMatchObject({ ok: true, value: { same: false } })
  })

  it('a result names the code of the contract and of the algorithm, parameters and data', () => {
    const it = new Measuring(new Chain())
    it.approved('brake-2', '1.0.0')
    it.register('b-1', 'brake')
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(it.measure('b-1', '1.0.0', { brake: CAR }).value).toMatchObject({
      producer: { code: hash, parameters: hash },
      findingHash: hash,
      finding: { codeHash: codeHash('brake-2'), parametersHash: hash, inputHash: hash, algorithm: 'brake-2' },
    })
  })
})

describe('raw data that are not those of the algorithm', () => {
  const refused = (algorithm: string, inputs: object): readonly string[] => {
    const it = new Measuring(new Chain())
    it.approved(algorithm, '1.0.0')
    const [software = ''] = algorithm.split('-')
    it.register('s-1', software)
    const { code, receipt } = it.measure('s-1', '1.0.0', inputs)
    expect(it.chain.faults).toEqual([])
    return [code, receipt.detail]
  }
  const still = { leftForceNewton: 0, rightForceNewton: 0, weightNewton: 0 }
  const monday = Date.UTC(2026, 10, 23)

  it.each<[string, string, object, string]>([
    [
      'of another algorithm',
      'brake-2',
      { speed: { passages: [{ firstNanosecond: 0, secondNanosecond: 1 }] } },
      'brake-2 takes inputs under the name brake, and no others',
    ],
    [
      'of two algorithms',
      'brake-2',
      { brake: CAR, speed: { passages: [{ firstNanosecond: 0, secondNanosecond: 1 }] } },
      'brake-2 takes inputs under the name brake, and no others',
    ],
    ['without a weight', 'brake-2', { brake: { ...CAR, axles: [still] } }, 'the vehicle has no weight'],
    [
      'without a force, for the faulty version',
      'brake-1',
      { brake: { axles: [{ ...still, weightNewton: 9 }], parking: { leftForceNewton: 0, rightForceNewton: 0 } } },
      'there is no braking force at all',
    ],
    [
      'of a vehicle that stands still',
      'speed-1',
      { speed: { passages: [{ firstNanosecond: 5, secondNanosecond: 5 }] } },
      'passage 1 reaches the second sensor no later than the first',
    ],
    [
      'that begin between intervals',
      'energy-1',
      { energy: { startMs: monday + 1, intervalMinutes: 15, energyWattHour: [1] } },
      'the start does not lie on the grid of the intervals',
    ],
    [
      'before the offsets',
      'energy-1',
      { energy: { startMs: Date.UTC(2020, 0, 1), intervalMinutes: 15, energyWattHour: [1] } },
      `the offset from UTC is not known before ${Date.UTC(2025, 9, 26, 1)}`,
    ],
  ])('%s', (_, algorithm, inputs, detail) => {
    expect(refused(algorithm, inputs)).toEqual(['measuring/bad-input', detail])
  })

  it.each<[string, string, object]>([
    ['a negative force', 'brake-2', { brake: { ...CAR, parking: { leftForceNewton: -1, rightForceNewton: 0 } } }],
    ['nine axles', 'brake-2', { brake: { ...CAR, axles: Array.from({ length: 9 }, () => still) } }],
    ['a fraction', 'speed-1', { speed: { passages: [{ firstNanosecond: 0, secondNanosecond: 1.5 }] } }],
    ['intervals of seven minutes', 'energy-1', { energy: { startMs: 0, intervalMinutes: 7, energyWattHour: [1] } }],
  ])('%s', (_, algorithm, inputs) => {
    expect(refused(algorithm, inputs)[0]).toBe('runtime/invalid-arguments')
  })
})
