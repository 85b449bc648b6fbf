import type { Basis, Finding, Reason, Verdict } from './records.js'
import type { Settings } from './settings.js'
import { cusumMilli, eBenjaminiHochberg, eValueMilli, type Score, scoreOf, soundMilli } from './statistics/evidence.js'
import { type Fit, fitEffects } from './statistics/fit.js'
import { divide, squareRoot } from './statistics/integers.js'
import { type Anchor, type Estimate, estimates } from './statistics/level.js'
import { at, byVehicle, components, type Readings } from './statistics/readings.js'
import { groupsOf, likelyFraud } from './statistics/shares.js'

/** What an analysis knows of one dispenser beside its readings. */
export interface Suspect {
  readonly dispenser: string
  readonly epoch: number
  /** Of the analysis before, when it was of the same epoch. */
  readonly before: Finding | undefined
}

export interface Judgement {
  readonly findings: readonly Finding[]
  readonly readingNoisePpm: number
  readonly vehicleNoisePpm: number
  readonly fraudSharePpm: number
}

/** How many there are behind an estimate. */
interface Breadth {
  readonly readings: number
  readonly vehicles: number
  readonly organizations: number
}

/**
 * Judges all dispensers of a region together. Suspect is what the sequential test finds under e-BH, what the posterior
 * probabilities find, or the CUSUM; and only where enough vehicles of enough organizations stand behind it, the level is
 * anchored, and no single organization's vehicles carry it.
 */
export function judge(
  readings: Readings,
  suspects: readonly Suspect[],
  anchors: readonly Anchor[],
  shortMpePpm: number,
  settings: Settings,
): Judgement {
  const fitted = fitEffects(readings, {
    votesPerVehicle: settings.votesPerVehicle,
    organizationSharePpm: settings.organizationSharePpm,
    nominal: { readingPpm: settings.readingNoisePpm, vehiclePpm: settings.vehicleNoisePpm },
  })
  const found = estimates(readings, components(readings, byVehicle(readings)), fitted, anchors)
  const breadths = breadthsOf(readings)
  const evidence = weigh(found, breadths, suspects, shortMpePpm, settings)
  const least = withoutOne(readings, fitted, found)
  const findings = suspects.map((suspect, i) => {
    const mine = evidence.of[i] as Evidence
    const without = least[i] ?? null
    const bases = without !== null && without.surePpm > shortMpePpm ? mine.bases : []
    const breadth = breadths[i] as Breadth
    const reasons = reasonsOf(breadth, mine, bases, settings)
    return {
      dispenser: suspect.dispenser,
      epoch: suspect.epoch,
      verdict: verdictOf(bases, reasons),
      reasons: bases.length > 0 ? [] : reasons,
      bases,
      ...breadth,
      errorPpm: mine.estimate?.errorPpm ?? null,
      deviationPpm: mine.estimate?.deviationPpm ?? null,
      withoutOnePpm: without?.shortagePpm ?? null,
      eValueMilli: mine.eValueMilli,
      conformingPpm: mine.conformingPpm,
      cusumMilli: mine.cusumMilli,
      ...mine.score,
    }
  })
  const { readingPpm, vehiclePpm } = fitted.noise
  return {
    findings,
    readingNoisePpm: readingPpm,
    vehicleNoisePpm: vehiclePpm,
    fraudSharePpm: evidence.fraudSharePpm,
  }
}

function verdictOf(bases: readonly Basis[], reasons: readonly Reason[]): Verdict {
  if (bases.length > 0) return 'suspect'
  return reasons.length > 0 ? 'inconclusive' : 'conforming'
}

function breadthsOf({ dispensers, dispenser, vehicle, organization }: Readings): Breadth[] {
  const sets = Array.from({ length: dispensers }, () => ({
    readings: 0,
    vehicles: new Set<number>(),
    organizations: new Set<number>(),
  }))
  dispenser.forEach((i, reading) => {
    const set = sets[i]
    if (set === undefined) return
    set.readings += 1
    set.vehicles.add(at(vehicle, reading))
    set.organizations.add(at(organization, reading))
  })
  return sets.map((set) => ({
    readings: set.readings,
    vehicles: set.vehicles.size,
    organizations: set.organizations.size,
  }))
}

const isBroad = ({ vehicles, organizations }: Breadth, { vehiclesMin, organizationsMin }: Settings): boolean =>
  vehicles >= vehiclesMin && organizations >= organizationsMin

interface Evidence {
  readonly estimate: Estimate | undefined
  readonly bases: readonly Basis[]
  readonly eValueMilli: number
  readonly conformingPpm: number
  readonly cusumMilli: number
  readonly soundMilli: number
  readonly score: Score
}

const NO_SCORE: Score = { score: 0, information: 0 }
const CERTAIN_PPM = 1_000_000

/** Evidence for each dispenser; only those with an estimate and enough behind it take part in the choice among them. */
function weigh(
  found: readonly (Estimate | undefined)[],
  breadths: readonly Breadth[],
  suspects: readonly Suspect[],
  shortMpePpm: number,
  settings: Settings,
): { readonly of: readonly Evidence[]; readonly fraudSharePpm: number } {
  const judged: { readonly i: number; readonly estimate: Estimate; readonly score: Score }[] = []
  found.forEach((estimate, i) => {
    if (estimate === undefined || !isBroad(breadths[i] as Breadth, settings)) return
    judged.push({ i, estimate, score: scoreOf(estimate, shortMpePpm) })
  })
  const logs = judged.map(({ score }) => eValueMilli(score, shortMpePpm))
  const groups = groupsOf(
    judged.map(({ estimate }) => estimate),
    {
      conformingSpreadPpm: settings.conformingSpreadPpm,
      fraudPpm: settings.fraudSharePpm,
      priorDispensers: settings.priorDispensers,
    },
  )
  const sequential = eBenjaminiHochberg(logs, settings.sequentialRatePpm)
  const likely = likelyFraud(groups.conformingPpm, settings.posteriorRatePpm)
  const of: Evidence[] = found.map((estimate) => ({
    estimate,
    bases: [],
    eValueMilli: 0,
    conformingPpm: CERTAIN_PPM - settings.fraudSharePpm,
    cusumMilli: 0,
    soundMilli: 0,
    score: NO_SCORE,
  }))
  judged.forEach(({ i, estimate, score }, k) => {
    const before = suspects[i]?.before
    const cusum = cusumMilli(before?.cusumMilli ?? 0, before ?? NO_SCORE, score, shortMpePpm)
    const bases: Basis[] = []
    if (sequential.has(k)) bases.push('sequential')
    if (likely.has(k)) bases.push('posterior')
    if (cusum >= settings.cusumMilli) bases.push('cusum')
    of[i] = {
      estimate,
      bases,
      eValueMilli: at(logs, k),
      conformingPpm: at(groups.conformingPpm, k),
      cusumMilli: cusum,
      soundMilli: soundMilli(estimate, settings.soundShortagePpm),
      score,
    }
  })
  return { of, fraudSharePpm: groups.fraudPpm }
}

function reasonsOf(breadth: Breadth, evidence: Evidence, bases: readonly Basis[], settings: Settings): Reason[] {
  const reasons: Reason[] = []
  if (breadth.vehicles < settings.vehiclesMin) reasons.push('few-vehicles')
  if (breadth.organizations < settings.organizationsMin) reasons.push('few-organizations')
  if (evidence.estimate === undefined) reasons.push('no-anchor')
  if (evidence.bases.length > bases.length) reasons.push('one-organization')
  if (reasons.length === 0 && evidence.soundMilli < settings.soundMilli) reasons.push('weak-evidence')
  return reasons
}

interface WithoutOne {
  readonly shortagePpm: number
  /** One standard deviation less. */
  readonly surePpm: number
}

/** The least shortage that remains when the vehicles of one enrolling organization are left out, over all of them. */
function withoutOne(
  readings: Readings,
  { weights, vehiclesPpm, effectsPpm }: Fit,
  found: readonly (Estimate | undefined)[],
): (WithoutOne | undefined)[] {
  const { dispenser, vehicle, organization, logRatioPpm, organizations } = readings
  const sums = Array.from({ length: readings.dispensers }, () =>
    Array.from({ length: organizations }, () => ({ weight: 0, value: 0 })),
  )
  weights.forEach((weight, reading) => {
    const sum = sums[at(dispenser, reading)]?.[at(organization, reading)]
    if (sum === undefined) return
    sum.weight += weight
    sum.value += weight * (at(logRatioPpm, reading) - at(vehiclesPpm, at(vehicle, reading)))
  })
  return found.map((estimate, i) => {
    if (estimate === undefined) return undefined
    const levelPpm = at(effectsPpm, i) - estimate.errorPpm
    return leastOf(sums[i] ?? [], levelPpm, estimate.deviationPpm)
  })
}

function leastOf(
  sums: readonly { readonly weight: number; readonly value: number }[],
  levelPpm: number,
  deviationPpm: number,
): WithoutOne | undefined {
  const weight = sums.reduce((total, sum) => total + sum.weight, 0)
  const value = sums.reduce((total, sum) => total + sum.value, 0)
  let least: WithoutOne | undefined
  for (const sum of sums) {
    const rest = weight - sum.weight
    if (sum.weight === 0 || rest <= 0) continue
    const shortagePpm = levelPpm - divide(value - sum.value, rest)
    const deviation = Math.trunc((deviationPpm * squareRoot(Math.trunc((weight * 10_000) / rest))) / 100)
    if (least === undefined || shortagePpm - deviation < least.surePpm) {
      least = { shortagePpm, surePpm: shortagePpm - deviation }
    }
  }
  return least
}
