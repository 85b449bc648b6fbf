import { describe, expect, it } from 'vitest'
import { type Bounds, exhaust } from './exhaust.js'
import { FIRST_RUN } from './first-runs.js'
import { HISTORIES } from './histories.js'
import { PLANT_NAMES, PLANTS, type Plant, type PlantName } from './plants.js'
import { modelOf, type Scope } from './state.js'
import { VARIANTS } from './variants.js'
import { replay, report, type Walk, walkOnce } from './walk.js'

const TIMEOUT_MS = 24 * 3_600_000
/** Random runs of each variant, and of each planted bug that has no known run. */
const RUNS = Number(process.env.ETALON_MODEL_RUNS ?? 0)
/** The first run: another start is another exploration. */
const FIRST = Number(process.env.ETALON_MODEL_FIRST ?? 1)
/** Bound of the exhaustive searches that take long. */
const STATES = Number(process.env.ETALON_MODEL_STATES ?? 0)

const say = (text: string): boolean => process.stderr.write(`${text}\n`)

function walkMany(name: string, walk: Walk, runs: number): void {
  const started = performance.now()
  const sum = { actions: 0, certificates: 0, crashes: 0, checks: 0, viewOne: 0 }
  for (let run = FIRST; run < FIRST + runs; run++) {
    const found = walkOnce(walk, run)
    if (found.broken !== '') throw new Error(report(run, found))
    sum.actions += found.actions.length
    sum.certificates += found.state.certificates.length
    sum.crashes += found.state.crashes
    sum.checks += found.checks
    sum.viewOne += found.state.replicas.some(({ memory }) => memory.view === 1) ? 1 : 0
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(
    `${name}: ${runs} runs, ${sum.actions} actions, ${sum.certificates} certificates, ${sum.crashes} crashes, ` +
      `${sum.checks} progress checks, ${sum.viewOne} runs in view 1, ${seconds} s`,
  )
  // not for want of decisions
  expect(sum.certificates).toBeGreaterThan(runs / 2)
}

describe('written histories', () => {
  it.each(HISTORIES)(
    '$name is safe under the rules, and not without one ($plant)',
    ({ scope, actions, plant, broken }) => {
      expect(replay(modelOf(scope, 4), actions)).toBe('')
      expect(replay(modelOf({ ...scope, plant }, 4), actions, broken)).toContain(broken)
    },
  )
})

function walkOf(name: PlantName): Walk {
  const { scope, from, only }: Plant = PLANTS[name]
  const walk: Walk = { scope: { ...scope, plant: name }, ...(only === undefined ? {} : { only }) }
  if (from === undefined) return walk
  const history = HISTORIES.find((one) => one.name === from[0])
  if (history === undefined) throw new Error(`there is no history ${from[0]}`)
  const beginning = { scope: history.scope, actions: history.actions.slice(0, from[1]) }
  return { ...walk, beginning, steps: from[1] + 60 }
}

describe('planted bugs', () => {
  const found = PLANT_NAMES.filter((name) => FIRST_RUN[name] !== undefined)
  const hidden = PLANT_NAMES.filter((name) => !found.includes(name))

  it('has at least thirty that are found', () => expect(found.length).toBeGreaterThanOrEqual(30))

  it.each(found)('%s is found', (name) => {
    expect(walkOnce(walkOf(name), FIRST_RUN[name] ?? 0).broken).not.toBe('')
  })

  it.runIf(RUNS > 0).each(PLANT_NAMES)(
    '%s is found first at',
    (name) => {
      for (let run = FIRST; run < FIRST + RUNS; run++) {
        const { broken } = walkOnce(walkOf(name), run)
        if (broken === '') continue
        say(`${name}: run ${run}, ${broken}`)
        expect(hidden).not.toContain(name)
        return
      }
      say(`${name}: not within ${RUNS} runs`)
    },
    TIMEOUT_MS,
  )
})

describe('random walks under the rules', () => {
  it.each(VARIANTS)(
    'show no violation: $name',
    ({ name, walk }) => {
      const usual = walk.beginning === undefined ? 1500 : 120
      walkMany(name, walk, RUNS > 0 ? RUNS : usual)
    },
    TIMEOUT_MS,
  )
})

const ONE_HEIGHT: Scope = {
  w: 1,
  heights: 1,
  regencies: 2,
  byz: 0,
  change: 0,
  changeAt: 1,
  orderly: false,
  lost: 0,
  eager: false,
  freeStops: true,
  plant: undefined,
}
const LONG = 4_000_000
const bounds = (scope: Partial<Scope>, crashes: number, maxStates: number, settles = false): Bounds => ({
  scope: { ...ONE_HEIGHT, ...scope },
  crashes,
  settles,
  maxStates,
})

function exploreAll(searched: Bounds): ReturnType<typeof exhaust> {
  const started = performance.now()
  const found = exhaust(searched)
  const { w, heights, regencies, byz, orderly } = searched.scope
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(
    `W = ${w}, ${heights} heights, ${regencies} regencies, B = ${byz}, ${searched.crashes} crashes` +
      `${orderly ? ' or stops' : ''}${searched.settles ? ', settles' : ''}: ` +
      `${found.exhausted ? 'exhausted' : 'complete'} to depth ${found.depth}, ${found.states} states, ` +
      `${found.transitions} transitions, ${found.certificates} new certificates, ${seconds} s ${found.broken}`,
  )
  return found
}

describe('every state within bounds', () => {
  it(
    'is safe with one height, two values and two regencies',
    () => {
      const found = exploreAll(bounds({}, 0, LONG))
      expect(found.broken).toBe('')
      expect(found.exhausted).toBe(true)
      expect(found.certificates).toBeGreaterThan(1000)
    },
    TIMEOUT_MS,
  )

  it.each([
    ['no-bar', 1],
    ['lock-unsynced', 0],
    ['values-unsynced', 0],
    ['accept-quorum', 0],
    ['write-before-regency', 1],
  ] as const)(
    'shows %s',
    (plant, crashes) => {
      expect(exploreAll(bounds({ plant, byz: 2 }, crashes, 60_000)).broken).not.toBe('')
    },
    TIMEOUT_MS,
  )

  it
    .runIf(STATES > 0)
    .each([
      bounds({ byz: 2 }, 0, STATES),
      bounds({ byz: 0 }, 1, STATES),
      bounds({ byz: 1 }, 1, STATES),
      bounds({ byz: 2 }, 1, STATES),
      bounds({ byz: 0, orderly: true }, 1, STATES),
      bounds({ byz: 0 }, 0, STATES, true),
      bounds({ byz: -1 }, 0, STATES),
      bounds({ byz: 3, regencies: 3 }, 0, STATES),
      bounds({ byz: 2, heights: 2 }, 0, STATES),
      bounds({ byz: 2, heights: 2, w: 2 }, 0, STATES),
    ])('is safe within larger bounds %#', (searched) => expect(exploreAll(searched).broken).toBe(''), TIMEOUT_MS)
})
