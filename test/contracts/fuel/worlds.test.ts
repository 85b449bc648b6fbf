import { describe, expect, it } from 'vitest'
import { makeCity } from '../../../bench/worlds/city.js'
import { reportOf } from '../../../bench/worlds/report.js'
import { runWorld } from '../../../bench/worlds/run-world.js'
import { looksOf, WORLDS, type World } from '../../../bench/worlds/worlds.js'

/** The worlds of docs/contracts/fuel-worlds.md, small enough for every run of the tests; the full ones are `npm run worlds`. */
const SMALL: World = { ...WORLDS.baseline, dispensers: 30, vehicles: 150 }

describe('worlds of the fuel contract', () => {
  it('a small city: all fraud is found, hardly anyone else', () => {
    const outcomes = [1, 2].map((seed) => runWorld('small', SMALL, seed))
    const report = reportOf('baseline', outcomes)
    expect(report.sensitivity).toBeGreaterThanOrEqual(0.8)
    expect(report.specificity).toBeGreaterThanOrEqual(0.96)
    expect(report.unfounded).toBe(0)
  })

  it('fakes of one organization do not hide it', () => {
    const outcomes = [4].map((seed) => runWorld('small', { ...SMALL, fakeShare: 0.1 }, seed))
    expect(reportOf('fakes-10', outcomes).sensitivity).toBeGreaterThanOrEqual(0.6)
  })

  it('all dispensers shifted: without anchors nothing is said', () => {
    const world = { ...WORLDS.shifted, dispensers: 20, vehicles: 100 }
    expect(runWorld('small', world, 6).unfounded).toBe(0)
  })

  it('vehicles of one station: a verdict only where an anchor reaches', () => {
    const outcome = runWorld('small', { ...SMALL, singleStation: true, inspectedShare: 0.05 }, 7)
    expect(outcome.unfounded).toBe(0)
    expect(outcome.anchored).toBeLessThan(outcome.fraudulent)
  })

  it('is the same for the same seed, and another for another', () => {
    expect(makeCity('small', SMALL, 8)).toEqual(makeCity('small', SMALL, 8))
    expect(makeCity('small', SMALL, 8).refuels).not.toEqual(makeCity('small', SMALL, 9).refuels)
    expect(makeCity('small', SMALL, 8).refuels).not.toEqual(makeCity('other', SMALL, 8).refuels)
  })

  it('looks often at first, and last of all at the end', () => {
    expect(looksOf(1_000, 100)).toEqual([300, 400, 500, 600, 700, 800, 900, 1_000])
  })

  it('a missed target is named', () => {
    const outcome = runWorld('small', { ...SMALL, vehicles: 40 }, 10)
    expect(reportOf('baseline', [outcome]).missed.join()).toContain('sensitivity')
  })
})
