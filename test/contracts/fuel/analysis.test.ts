import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.js'
import { STATE_VALUE_LENGTH_MAX } from '../../../src/contracts/block-state.js'
import { canonicalBytes } from '../../../src/contracts/canonical.js'
import {
  FINDINGS_SIZE,
  type HeadRecord,
  PAGE_READINGS_MAX,
  PAGES_MAX,
  pageKey,
  REGION_DISPENSERS_MAX,
} from '../../../src/contracts/fuel/records.js'
import { Forecourt, SETTINGS } from './support.js'

const IDS = Array.from({ length: 12 }, (_, i) => `d${i}`)
const VEHICLES = 60

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log((random.uint32() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * random.uint32()) / 2 ** 32)
}

/** Readings as reveals would have left them: every vehicle once at every dispenser. */
function fill(field: Forecourt, errors: Readonly<Record<string, number>>, seed = 1, ids = IDS): void {
  const random = new Random(seed)
  const biases = Array.from({ length: VEHICLES }, () => 30_000 * normal(random))
  for (const id of ids) {
    const readings = biases.flatMap((bias, vehicle) => {
      const logRatio = (errors[id] ?? 0) + bias + 50_000 * normal(random)
      return [vehicle, vehicle % 4, Math.round(logRatio) + 0]
    })
    const before = field.state.entries.get(`fuel/heads/${id}`)
    const head = before === undefined ? undefined : (JSON.parse(new TextDecoder().decode(before)) as HeadRecord)
    const width = PAGE_READINGS_MAX * 3
    const value = { epoch: head?.epoch ?? 0, counted: VEHICLES, pages: 1, tail: readings.slice(width) }
    field.state.entries.set(`fuel/${pageKey(id, 0)}`, canonicalBytes(readings.slice(0, width)))
    field.state.entries.set(`fuel/heads/${id}`, canonicalBytes(value))
  }
}

function analysed(errors: Readonly<Record<string, number>>): Forecourt {
  const field = new Forecourt(IDS)
  for (const id of ['d0', 'd1', 'd2']) field.inspect(id)
  fill(field, errors)
  return field
}

describe('analyse', () => {
  it('gives every dispenser a verdict with its evidence, and says what produced it', async () => {
    const field = analysed({ d7: -83_382 })
    const result = field.analyse()
    expect(result.value).toMatchObject({
      region: 'sp',
      serial: 1,
      dispensers: 12,
      readings: 720,
      anchors: 3,
      suspects: 1,
    })
    expect(result.value.producer).toEqual({
      code: expect.stringMatching(/^[0-9a-f]{64}$/),
      parameters: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const changed = result.events.find(({ name }) => name === 'fuel/verdict-changed')
    expect(changed?.data.changes).toContainEqual({ dispenser: 'd7', from: 'inconclusive', to: 'suspect' })
    expect(await field.verdict('d7')).toMatchObject({
      verdict: 'suspect',
      reasons: [],
      readings: 60,
      vehicles: 60,
      organizations: 4,
      analysis: { serial: 1 },
    })
    const { bases, conformingPpm } = await field.verdict('d7')
    expect(bases).toContain('posterior')
    expect(conformingPpm).toBeLessThan(1_000)
  })

  it('ranks for inspectors: suspects first, then by the probability to conform', async () => {
    const field = analysed({ d7: -83_382, d4: -30_459 })
    field.analyse()
    const answer = await field.ask('fuel.ranking', { region: 'sp', limit: 3 })
    if (!answer.ok) throw new Error(answer.code)
    const { dispensers } = answer.value as { dispensers: { dispenser: string; rank: number; verdict: string }[] }
    expect(dispensers.map(({ dispenser }) => dispenser).slice(0, 2)).toEqual(['d7', 'd4'])
    expect(dispensers.map(({ rank }) => rank)).toEqual([1, 2, 3])
  })

  it('an inspection confirms a suspicion, or clears it and begins a new epoch', async () => {
    const field = analysed({ d7: -83_382, d8: -83_382 })
    field.analyse()
    expect(field.inspect('d7', -80_000, false).value).toMatchObject({ outcome: 'confirmed', status: 'condemned' })
    expect(field.inspect('d8').value).toMatchObject({ outcome: 'cleared', status: 'in-service', epoch: 1 })
    expect(await field.verdict('d8')).toMatchObject({ verdict: 'inconclusive', reasons: ['no-readings'], epoch: 1 })
    const answer = await field.ask('fuel.ranking', { region: 'sp' })
    expect(JSON.stringify(answer)).not.toContain('"d8"')
    expect(field.analyse().value).toMatchObject({ suspects: 0, readings: 600 })
    expect(await field.verdict('d7')).toMatchObject({ verdict: 'inconclusive', status: 'condemned', cusumMilli: 0 })
  })

  it('the CUSUM begins anew with the epoch', async () => {
    const field = analysed({ d8: -105_361 })
    field.analyse()
    expect((await field.verdict('d8')).cusumMilli).toBeGreaterThan(12_000)
    field.inspect('d8')
    // the anchors expire, that of d8 with them, and others are inspected
    field.timeMs += SETTINGS.anchorMs
    for (const id of ['d0', 'd1', 'd2']) field.inspect(id)
    fill(field, {}, 3, ['d0', 'd1', 'd2', 'd8'])
    field.analyse()
    expect((await field.verdict('d8')).cusumMilli).toBeLessThan(2_000)
  })

  it('an anchor that expired is none: then only differences are known, and nothing is suspect', async () => {
    const field = analysed({ d7: -83_382 })
    field.timeMs += SETTINGS.anchorMs
    expect(field.analyse().value).toMatchObject({ anchors: 0, suspects: 0 })
    expect(await field.verdict('d7')).toMatchObject({ verdict: 'inconclusive', reasons: ['no-anchor'], errorPpm: null })
  })

  it('goes on with the CUSUM of the analysis before', async () => {
    const field = analysed({ d7: -83_382 })
    field.analyse()
    const first = (await field.verdict('d7')).cusumMilli as number
    field.analyse()
    expect((await field.verdict('d7')).cusumMilli).toBe(first)
    expect(first).toBeGreaterThan(0)
  })

  it('is the same on two replicas, and does not depend on what was analysed before', () => {
    const [one, two] = [analysed({ d7: -51_293 }), analysed({ d7: -51_293 })]
    one.analyse()
    two.analyse()
    expect([...one.state.entries].sort()).toEqual([...two.state.entries].sort())
  })

  it('keeps the newest readings of a dispenser only, in a bounded number of pages', () => {
    const field = analysed({})
    const head = { epoch: 1, counted: 99_999, pages: 3_000, tail: [] }
    field.state.entries.set('fuel/heads/d0', canonicalBytes(head))
    for (let page = 3_000 - PAGES_MAX; page < 3_000; page++) {
      const list = Array.from({ length: PAGE_READINGS_MAX }, (_, i) => [i, i % 4, page]).flat()
      field.state.entries.set(`fuel/${pageKey('d0', page)}`, canonicalBytes(list))
    }
    expect(field.analyse().value).toMatchObject({ readings: 11 * VEHICLES + PAGES_MAX * PAGE_READINGS_MAX })
  })

  it('the largest region fits a transaction: few keys, each well below the largest value', () => {
    const ids = Array.from({ length: REGION_DISPENSERS_MAX }, (_, i) =>
      `dispenser-with-a-long-name-${i}`.padEnd(64, 'x'),
    )
    const field = new Forecourt(ids)
    for (const id of ids.slice(0, 20)) field.inspect(id)
    fill(field, Object.fromEntries(ids.slice(100, 120).map((id) => [id, -105_361])), 2, ids)
    const result = field.analyse()
    expect([20, 21]).toContain(result.value.suspects)
    expect(field.changes.length).toBeLessThanOrEqual(REGION_DISPENSERS_MAX / FINDINGS_SIZE + 1)
    for (const { value } of field.changes) expect(value?.length ?? 0).toBeLessThan(STATE_VALUE_LENGTH_MAX / 4)
    for (const { data } of result.receipt.events) expect(data.length).toBeLessThan(STATE_VALUE_LENGTH_MAX / 2)
    expect(field.faults).toEqual([])
  })
})
