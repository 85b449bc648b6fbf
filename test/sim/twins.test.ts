import { describe, expect, it } from 'vitest'
import { runSeed } from '../../src/sim/run-seed.js'
import { enumerateTwins, planOfTwins, type TwinsScenario } from '../../src/sim/twins.js'

/** Every scenario of one round, told by whose names stand together; names that are alike are tried in every way. */
function classesOfOneRound(): number {
  const classes = new Set<string>()
  for (const twin of ['a', 'b', 'c', 'd']) {
    for (let mask = 0; mask < 32; mask++) {
      const sides = [...'abcdt'].map((name, bit): [string, boolean] => [name, ((mask >> bit) & 1) === 1])
      // With one round, a and b lead in it; c and d are alike, and so are the twins.
      const texts = [false, true].map((swapped) => {
        const exchange = (name: string): string =>
          swapped && name === 'c' ? 'd' : swapped && name === 'd' ? 'c' : name
        const name = (from: string): string => (from === 't' || from === twin ? 'twin' : exchange(from))
        const side = (wanted: boolean): string =>
          sides
            .filter(([, of]) => of === wanted)
            .map(([from]) => name(from))
            .sort()
            .join()
        return `${exchange(twin)}: ${[side(true), side(false)].sort().join(' | ')}`
      })
      classes.add(texts.sort()[0] ?? '')
    }
  }
  return classes.size
}

describe('Twins', () => {
  it('enumerates every scenario once, up to names', () => {
    expect(enumerateTwins(1)).toHaveLength(classesOfOneRound())
    // Burnside: of 16 partitions a swap of the twins leaves 8 as they are; four replicas can be twinned.
    expect(enumerateTwins(2)).toHaveLength((4 * (16 ** 2 + 8 ** 2)) / 2)
    expect(enumerateTwins(3)).toHaveLength((4 * (16 ** 3 + 8 ** 3)) / 2)
    const texts = enumerateTwins(2).map((scenario) => JSON.stringify(scenario))
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('holds with one replica twinned', async () => {
    const scenarios = enumerateTwins(2)
    for (let index = 0; index < scenarios.length; index += 32) {
      const scenario = scenarios[index] as TwinsScenario
      const { result } = await runSeed(index + 1, 1, planOfTwins(scenario))
      expect(result.violations, JSON.stringify(scenario)).toEqual([])
      expect(result.acknowledged).toBeGreaterThan(0)
      expect(result.faults).toEqual({ split: 2 })
    }
  }, 120_000)

  it('finds that agreement is broken with two of four replicas twinned', async () => {
    // Machines 0 and 4 are replica 0, machines 1 and 5 replica 1: with one correct replica each they are a quorum on either side.
    const scenario = { twins: [0, 1], groups: [0b111000] }
    const { result } = await runSeed(1, 1, planOfTwins(scenario))
    expect(result.violations.map(({ kind }) => kind)).toContain('agreement')
  })

  it('takes no word of a twin', async () => {
    // The only replica is twinned: each twin orders and answers, and nobody is told anything that counts.
    const rounds = [{ lastsMs: 4_000, restMs: 0, faults: [] }]
    const plan = { ...planOfTwins({ twins: [0], groups: [] }), n: 1, rounds }
    const { result } = await runSeed(1, 1, plan)
    expect(result).toMatchObject({ acknowledged: 0, height: 0 })
    expect(result.violations.map(({ kind }) => kind)).toEqual(['stuck'])
    const { result: trusted } = await runSeed(1, 1, { ...plan, twins: [] })
    expect(trusted.acknowledged).toBeGreaterThan(0)
    expect(trusted.violations).toEqual([])
  })
})
