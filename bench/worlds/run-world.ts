import type { Finding } from '../../src/contracts/fuel/records.js'
import { type City, makeCity } from './city.js'
import { Field } from './field.js'
import { looksOf, WORLD_BY_NAME, type World } from './worlds.js'

/** What came of one seed of one world. Counts, so that seeds can be summed. */
export interface Outcome {
  readonly fraudulent: number
  readonly honest: number
  readonly found: number
  readonly falselySuspected: number
  /** False among the suspects at the end, 0 without suspects. */
  readonly falseShare: number
  /** Honest dispensers that were suspect at any look. */
  readonly everFalselySuspected: number
  /** Mean over the looks of the share of false ones among the suspects. */
  readonly falseShareOfLooks: number
  /** Fraudulent dispensers that are connected to an anchor, and those of them that were found. */
  readonly anchored: number
  readonly anchoredFound: number
  /** Fraudulent ones called conforming. */
  readonly excused: number
  /** Refuels at each fraudulent dispenser when it was first suspect. */
  readonly delays: readonly number[]
  /** The same for the sequential test alone. */
  readonly sequentialDelays: readonly number[]
  /** Verdicts other than inconclusive on dispensers that no anchor reaches. */
  readonly unfounded: number
}

/** Of the refuels in the run without anchors, which no number of refuels helps. */
const BLIND_SHARE = 0.2
const PERIOD_MS = 70 * 86_400_000

/** Runs one seed of a world known by its name. */
export function runSeed(name: string, seed: number): Outcome {
  const world = WORLD_BY_NAME[name]
  if (world === undefined) throw new RangeError(`no world ${name}`)
  return runWorld(name, world, seed)
}

/** @param name goes into the seed */
export function runWorld(name: string, world: World, seed: number): Outcome {
  const city = makeCity(name, world, seed)
  const outcome = runCity(world, city)
  if (!world.alsoWithoutAnchors) return outcome
  const blind = new Field(world, city, false)
  const some = city.refuels.slice(0, Math.floor(city.refuels.length * BLIND_SHARE))
  blind.refuel(some, city.enrollers, Math.floor(PERIOD_MS / city.refuels.length))
  return { ...outcome, unfounded: outcome.unfounded + unfounded(blind.analyse()) }
}

function runCity(world: World, city: City): Outcome {
  const field = new Field(world, city, true)
  const stepMs = Math.floor(PERIOD_MS / city.refuels.length)
  const delays = new Map<number, number>()
  const sequentialDelays = new Map<number, number>()
  const falsely = new Set<number>()
  const falseShares: number[] = []
  let findings: Finding[] = []
  let done = 0
  let ungrounded = 0
  for (const look of looksOf(city.refuels.length, world.dispensers)) {
    field.refuel(city.refuels.slice(done, look), city.enrollers, stepMs)
    done = look
    findings = field.analyse()
    ungrounded += unfounded(findings)
    const suspects = numbersOf(findings, (finding) => finding.verdict === 'suspect')
    for (const i of suspects) {
      if (!city.fraudulent.has(i)) falsely.add(i)
      else if (!delays.has(i)) delays.set(i, field.counted[i] as number)
    }
    for (const i of numbersOf(findings, ({ bases }) => bases.includes('sequential'))) {
      if (city.fraudulent.has(i) && !sequentialDelays.has(i)) sequentialDelays.set(i, field.counted[i] as number)
    }
    falseShares.push(falseShareOf(suspects, city))
  }
  const suspects = new Set(numbersOf(findings, ({ verdict }) => verdict === 'suspect'))
  const anchored = numbersOf(findings, ({ errorPpm }) => errorPpm !== null).filter((i) => city.fraudulent.has(i))
  return {
    fraudulent: city.fraudulent.size,
    honest: world.dispensers - city.fraudulent.size,
    found: [...suspects].filter((i) => city.fraudulent.has(i)).length,
    falselySuspected: [...suspects].filter((i) => !city.fraudulent.has(i)).length,
    falseShare: falseShareOf([...suspects], city),
    everFalselySuspected: falsely.size,
    falseShareOfLooks: falseShares.reduce((sum, share) => sum + share, 0) / falseShares.length,
    anchored: anchored.length,
    anchoredFound: anchored.filter((i) => suspects.has(i)).length,
    excused: numbersOf(findings, ({ verdict }) => verdict === 'conforming').filter((i) => city.fraudulent.has(i))
      .length,
    delays: [...delays.values()],
    sequentialDelays: [...sequentialDelays.values()],
    unfounded: ungrounded,
  }
}

/** Dispensers are registered in the order of their numbers, and findings stand in that order. */
function numbersOf(findings: readonly Finding[], fits: (finding: Finding) => boolean): number[] {
  return findings.flatMap((finding, i) => (fits(finding) ? [i] : []))
}

function falseShareOf(suspects: readonly number[], { fraudulent }: City): number {
  if (suspects.length === 0) return 0
  return suspects.filter((i) => !fraudulent.has(i)).length / suspects.length
}

function unfounded(findings: readonly Finding[]): number {
  return findings.filter(({ errorPpm, verdict }) => errorPpm === null && verdict !== 'inconclusive').length
}
