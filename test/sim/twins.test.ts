import { describe, expect, it } from 'vitest'
import { runSeed } from '../../src/sim/run-seed.js'
import {
  countTwins,
  enumerateTwins,
  planOfTwins,
  sampleTwins,
  type TwinsScenario,
  twinsScenario,
} from '../../src/sim/twins.js'

const SIDES = ['a', 'b', 'both'] as const

/** Every scenario of one round, told by whose names stand together; names that are alike are tried in every way. */
function classesOfOneRound(): number {
  const classes = new Set<string>()
  const swap = { a: 'b', b: 'a', both: 'both' } as const
  for (const twin of ['a', 'b', 'c', 'd']) {
    for (let code = 0; code < 3 ** 5; code++) {
      const sides = [...'abcdt'].map((name, at) => [name, SIDES[Math.floor(code / 3 ** at) % 3] ?? 'a'] as const)
      // With one round, a and b lead in it; c and d are alike, and so are the twins, and the halves.
      const texts = [false, true].flatMap((swapped) => {
        const exchange = (name: string): string =>
          swapped && name === 'c' ? 'd' : swapped && name === 'd' ? 'c' : name
        const name = (from: string): string => (from === 't' || from === twin ? 'twin' : exchange(from))
        const text = (halves: typeof swap | undefined): string => {
          const placed = sides.map(([from, side]) => `${name(from)} ${halves?.[side] ?? side}`)
          return `${exchange(twin)}: ${placed.sort().join()}`
        }
        return [text(undefined), text(swap)]
      })
      classes.add(texts.sort()[0] ?? '')
    }
  }
  return classes.size
}

describe('Twins', () => {
  it('enumerates every scenario once, up to names', () => {
    expect(enumerateTwins(1)).toHaveLength(classesOfOneRound())
    expect(countTwins(1)).toBe(classesOfOneRound())
    const seeds = enumerateTwins(2)
    expect(seeds).toHaveLength(countTwins(2))
    expect(new Set(seeds.map((seed) => JSON.stringify(twinsScenario(seed, 2)))).size).toBe(seeds.length)
  })

  it('samples scenarios of more rounds than can all be run, the same for the same seed', () => {
    expect(countTwins(3)).toBeGreaterThan(1_000_000)
    const seeds = sampleTwins(3, 50, 7)
    expect(new Set(seeds).size).toBe(50)
    expect(sampleTwins(3, 50, 7)).toEqual(seeds)
    expect(sampleTwins(3, 50, 8)).not.toEqual(seeds)
    expect(sampleTwins(1, 1_000_000, 1)).toHaveLength(countTwins(1))
    for (const seed of sampleTwins(2, 50, 7)) expect(enumerateTwins(2)).toContain(seed)
  })

  it('lets machines hear one half, the other, or both', () => {
    const scenario: TwinsScenario = { twins: [0], rounds: [['a', 'b', 'both', 'a', 'b']] }
    const [round] = planOfTwins(scenario).rounds
    expect(round?.faults).toMatchObject([{ kind: 'split', targets: [1, 4], parameters: { both: 0b100 } }])
  })

  it('holds with one replica twinned', async () => {
    for (const seed of sampleTwins(2, 20, 3)) {
      const scenario = twinsScenario(seed, 2)
      const { result } = await runSeed(seed, 1, planOfTwins(scenario))
      expect(result.violations, JSON.stringify(scenario)).toEqual([])
      expect(result.acknowledged).toBeGreaterThan(0)
      expect(result.faults).toEqual({ split: 2 })
    }
  }, 120_000)

  it('finds that agreement is broken with two of four replicas twinned', async () => {
    // Machines 0 and 4 are replica 0, machines 1 and 5 replica 1: with one correct replica each they are a quorum on either side.
    const scenario: TwinsScenario = { twins: [0, 1], rounds: [['a', 'a', 'a', 'b', 'b', 'b']] }
    const { result } = await runSeed(1, 1, planOfTwins(scenario))
    expect(result.violations.map(({ kind }) => kind)).toContain('agreement')
  })

  it('takes no word of a twin', async () => {
    // The only replica is twinned: each twin orders and answers, and nobody is told anything that counts.
    const rounds = [{ lastsMs: 4_000, restMs: 0, faults: [] }]
    const plan = { ...planOfTwins({ twins: [0], rounds: [] }), n: 1, rounds }
    const { result } = await runSeed(1, 1, plan)
    expect(result).toMatchObject({ acknowledged: 0, height: 0 })
    expect(result.violations.map(({ kind }) => kind)).toEqual(['stuck'])
    const { result: trusted } = await runSeed(1, 1, { ...plan, twins: [] })
    expect(trusted.acknowledged).toBeGreaterThan(0)
    expect(trusted.violations).toEqual([])
  })
})
