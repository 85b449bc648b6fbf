import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.js'
import { encodeCanonical } from '../../../src/contracts/canonical.js'
import { type Judgement, judge } from '../../../src/contracts/fuel/judge.js'
import type { Readings } from '../../../src/contracts/fuel/statistics/readings.js'
import { SETTINGS } from './support.js'

interface Row {
  readonly vehicle: number
  readonly organization: number
  readonly dispenser: number
  readonly logRatioPpm: number
}

const ORGANIZATIONS = 6

/** Readings of an honest crowd: every vehicle at dispensers of its own choice, with a bias of its own. */
function crowd(
  seed: number,
  dispensers: number,
  vehicles: number,
  errors: Readonly<Record<number, number>> = {},
): Row[] {
  const random = new Random(seed)
  const normal = () =>
    Math.sqrt(-2 * Math.log((random.uint32() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * random.uint32()) / 2 ** 32)
  return Array.from({ length: vehicles }, (_, vehicle) => {
    const bias = 30_000 * normal()
    return Array.from({ length: 8 }, () => {
      const dispenser = random.below(dispensers)
      const logRatioPpm = Math.round((errors[dispenser] ?? 0) + bias + 50_000 * normal())
      return { vehicle, organization: vehicle % ORGANIZATIONS, dispenser, logRatioPpm }
    })
  }).flat()
}

/** Vehicles of organization 0 that say the same of one dispenser. */
const chorus = (dispenser: number, logRatioPpm: number, count: number): Row[] =>
  Array.from({ length: count * 4 }, (_, i) => ({
    vehicle: 10_000 + (i % count),
    organization: 0,
    dispenser,
    logRatioPpm,
  }))

function readingsOf(rows: readonly Row[], dispensers: number): Readings {
  const vehicles = new Map<number, number>()
  for (const { vehicle } of rows) if (!vehicles.has(vehicle)) vehicles.set(vehicle, vehicles.size)
  return {
    dispensers,
    vehicles: vehicles.size,
    organizations: ORGANIZATIONS,
    dispenser: rows.map(({ dispenser }) => dispenser),
    vehicle: rows.map(({ vehicle }) => vehicles.get(vehicle) ?? 0),
    organization: rows.map(({ organization }) => organization),
    logRatioPpm: rows.map(({ logRatioPpm }) => logRatioPpm),
  }
}

const DISPENSERS = 30
const ANCHORS = [0, 1, 2].map((dispenser) => ({ dispenser, errorPpm: 0, uncertaintyPpm: 500 }))

function judged(rows: readonly Row[], anchors = ANCHORS, settings = SETTINGS): Judgement {
  const suspects = Array.from({ length: DISPENSERS }, (_, i) => ({ dispenser: `d${i}`, epoch: 0, before: undefined }))
  return judge(readingsOf(rows, DISPENSERS), suspects, anchors, 3_005, settings)
}

const suspectsOf = ({ findings }: Judgement) => findings.flatMap(({ verdict }, i) => (verdict === 'suspect' ? [i] : []))

describe('verdicts', () => {
  it('finds short measure, estimates it, and calls no honest dispenser suspect', () => {
    const judgement = judged(crowd(1, DISPENSERS, 400, { 7: -51_293, 8: -83_382 }))
    expect(suspectsOf(judgement)).toEqual([7, 8])
    const found = judgement.findings[7]
    expect(Math.abs((found?.errorPpm ?? 0) + 51_293)).toBeLessThan(3 * (found?.deviationPpm ?? 0))
    expect(found?.bases).toContain('sequential')
    const conforming = judgement.findings.filter(({ verdict }) => verdict === 'conforming')
    expect(conforming.length).toBeGreaterThan(10)
  })

  it('is about vehicles, not about their biases: the noise between them is estimated and taken out', () => {
    const { readingNoisePpm, vehicleNoisePpm } = judged(crowd(2, DISPENSERS, 400))
    expect(Math.abs(readingNoisePpm - 50_000)).toBeLessThan(2_500)
    expect(Math.abs(vehicleNoisePpm - 30_000)).toBeLessThan(4_000)
  })

  it('is inconclusive without an anchor, for only differences are known then', () => {
    const judgement = judged(crowd(3, DISPENSERS, 400, { 7: -51_293 }), [])
    for (const { verdict, reasons, errorPpm } of judgement.findings) {
      expect({ verdict, reasons, errorPpm }).toEqual({
        verdict: 'inconclusive',
        reasons: ['no-anchor'],
        errorPpm: null,
      })
    }
  })

  it('does not carry a level over to dispensers that no vehicle connects to an anchor', () => {
    const island = crowd(4, 5, 100, { 3: -105_361 }).map((row) => ({
      ...row,
      vehicle: row.vehicle + 5_000,
      dispenser: row.dispenser + 25,
    }))
    const rows = [...crowd(5, 25, 300, { 9: -51_293 }), ...island]
    const judgement = judged(rows)
    expect(suspectsOf(judgement)).toEqual([9])
    for (const { reasons } of judgement.findings.slice(25)) expect(reasons).toEqual(['no-anchor'])
  })

  it('sees by anchors that all others are short, which differences cannot show', () => {
    const errors = Object.fromEntries(Array.from({ length: 27 }, (_, i) => [i + 3, -30_459]))
    expect(suspectsOf(judged(crowd(6, DISPENSERS, 900, errors))).length).toBeGreaterThan(20)
  })

  it('takes an anchor by the error that was found, and outvotes one that was honest for its test only', () => {
    const errors = { 0: -105_361, 9: -51_293 }
    const five = [0, 1, 2, 3, 4].map((dispenser) => ({ dispenser, errorPpm: 0, uncertaintyPpm: 500 }))
    const { findings } = judged(crowd(7, DISPENSERS, 600, errors), five)
    const honest = findings.filter((_, i) => i !== 0 && i !== 9).map(({ errorPpm }) => errorPpm ?? 0)
    expect(Math.abs(honest.reduce((sum, error) => sum + error, 0) / honest.length)).toBeLessThan(8_000)
    expect(findings[0]?.verdict).toBe('suspect')
    expect(findings[9]?.verdict).toBe('suspect')
  })

  it('needs enough vehicles and enough organizations', () => {
    const rows = crowd(8, DISPENSERS, 400, { 7: -105_361 })
    const few = rows.filter(({ dispenser, vehicle }) => dispenser !== 7 || vehicle % 50 === 0)
    expect(judged(few).findings[7]).toMatchObject({
      verdict: 'inconclusive',
      reasons: ['few-vehicles', 'few-organizations'],
    })
    const two = rows.filter(({ dispenser, organization }) => dispenser !== 7 || organization < 2)
    expect(judged(two).findings[7]).toMatchObject({ verdict: 'inconclusive', reasons: ['few-organizations'] })
  })
})

describe('organizations that collude', () => {
  const rows = crowd(11, DISPENSERS, 500, { 7: -51_293 })

  it('cannot clear a fraudulent dispenser by vehicles that praise it', () => {
    expect(suspectsOf(judged([...rows, ...chorus(7, 0, 60)]))).toContain(7)
    expect(suspectsOf(judged([...rows, ...chorus(7, 50_000, 60)]))).toContain(7)
  })

  it('cannot accuse an honest dispenser by vehicles that slander it', () => {
    for (const slander of [-30_000, -51_293, -105_361, -300_000]) {
      expect(suspectsOf(judged([...rows, ...chorus(12, slander, 60)]))).toEqual([7])
    }
  })

  it('has no more than its share of what is known of a dispenser', () => {
    const { findings } = judged([...rows, ...chorus(12, -51_293, 400)])
    expect(Math.abs(findings[12]?.errorPpm ?? 0)).toBeLessThan(25_000)
  })

  /** Genuine vehicles of organization 0, which lie about dispenser 12 only, so that nothing else betrays them. */
  const lies = (by: number, share: (row: Row) => boolean = () => true) =>
    rows
      .filter((row) => row.dispenser !== 12 || share(row))
      .map((row) =>
        row.dispenser === 12 && row.organization === 0 ? { ...row, logRatioPpm: row.logRatioPpm + by } : row,
      )

  it('has less weight the further it is from all others, even within its share', () => {
    const truth = judged(rows).findings[12]?.errorPpm ?? 0
    const moved = (by: number) => Math.abs((judged(lies(by)).findings[12]?.errorPpm ?? 0) - truth)
    expect(moved(-80_000)).toBeLessThan(8_000)
    expect(moved(-160_000)).toBeLessThan(8_000)
  })

  it('accuses alone: the verdict is inconclusive, and says that it rests on one organization', () => {
    const mostly = lies(-90_000, ({ vehicle, organization }) => organization === 0 || vehicle % 4 === 0)
    const uncapped = { ...SETTINGS, organizationSharePpm: 900_000 }
    const finding = judged(mostly, ANCHORS, uncapped).findings[12]
    expect(finding).toMatchObject({ verdict: 'inconclusive', bases: [], reasons: ['one-organization'] })
    expect(finding?.withoutOnePpm).toBeLessThan(20_000)
    expect(finding?.conformingPpm).toBeLessThan(100_000)
  })

  it('cannot stuff one vehicle with votes', () => {
    const stuffed = Array.from({ length: 300 }, () => ({
      vehicle: 20_000,
      organization: 1,
      dispenser: 12,
      logRatioPpm: -300_000,
    }))
    expect(suspectsOf(judged([...rows, ...stuffed]))).toEqual([7])
  })
})

describe('determinism', () => {
  it('depends on the readings, not on their order', () => {
    const rows = crowd(21, DISPENSERS, 200, { 7: -51_293 })
    const shuffled = [...rows].sort((a, b) => a.logRatioPpm - b.logRatioPpm)
    const [one, two] = [judged(rows), judged(shuffled)]
    one.findings.forEach(({ errorPpm, verdict }, i) => {
      expect(Math.abs((errorPpm ?? 0) - (two.findings[i]?.errorPpm ?? 0))).toBeLessThan(5)
      expect(two.findings[i]?.verdict).toBe(verdict)
    })
  })

  it.each<[string, readonly Row[]]>([
    ['nothing at all', []],
    ['one reading', [{ vehicle: 0, organization: 0, dispenser: 0, logRatioPpm: 0 }]],
    ['all zero', crowd(1, DISPENSERS, 50).map((row) => ({ ...row, logRatioPpm: 0 }))],
    ['all at the bound', crowd(1, DISPENSERS, 50).map((row) => ({ ...row, logRatioPpm: -300_000 }))],
    [
      'both bounds',
      crowd(1, DISPENSERS, 50).map((row, i) => ({ ...row, logRatioPpm: i % 2 === 0 ? 300_000 : -300_000 })),
    ],
    ['one vehicle only', crowd(1, DISPENSERS, 200).map((row) => ({ ...row, vehicle: 0 }))],
    ['minus one everywhere', crowd(1, DISPENSERS, 50).map((row) => ({ ...row, logRatioPpm: -1 }))],
  ])('gives safe integers that can be stored for %s', (_, rows) => {
    expect(() => encodeCanonical(judged(rows) as never)).not.toThrow()
  })
})
