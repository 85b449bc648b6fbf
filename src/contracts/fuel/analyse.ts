import { Type } from 'typebox'
import { defineMethod, type MethodContext, type StateView } from '../contract.js'
import { Id } from './arguments.js'
import { findingOf } from './inspect.js'
import { judge, type Suspect } from './judge.js'
import { readingsOf } from './reading.js'
import {
  type AnalysisRecord,
  analysisKey,
  type DispenserRecord,
  dispenserKey,
  FINDINGS_SIZE,
  type Finding,
  type FindingsRecord,
  findingsKey,
  type HeadRecord,
  headKey,
  NO_READINGS,
  READING_WIDTH,
  type ReadingList,
  type RegionRecord,
  ROSTER_SIZE,
  regionKey,
  rosterKey,
} from './records.js'
import { limitsOf, type Settings } from './settings.js'
import { lnRatioPpm } from './statistics/integers.js'
import type { Anchor } from './statistics/level.js'
import type { Readings } from './statistics/readings.js'

export const analyse = defineMethod({
  summary: 'Judges all dispensers of a region by the readings there are: estimates, evidence, and a verdict for each.',
  args: Type.Object({ region: Id }, { additionalProperties: false }),
  roles: ['nmi', 'notified-body', 'surveillance'],
  events: ['fuel/analysed', 'fuel/verdict-changed'],
  refusals: ['fuel/unknown-region', 'fuel/unknown-country', 'fuel/too-soon'],
  handler(ctx, { region: id }) {
    const region = ctx.state.get<RegionRecord>(regionKey(id))
    if (region === undefined) return ctx.refuse('fuel/unknown-region', `region ${id}`)
    const settings = ctx.settings<Settings>()
    const limits = limitsOf(settings, region.country)
    if (limits === undefined) return ctx.refuse('fuel/unknown-country', `no limits for ${region.country}`)
    const last = ctx.state.get<AnalysisRecord>(analysisKey(id))
    if (last !== undefined && ctx.timeMs < last.at.timeMs + settings.analysisMs) {
      return ctx.refuse('fuel/too-soon', `the last analysis was at ${last.at.timeMs}`)
    }
    const gathered = gather(ctx.state, region)
    const { readings, suspects, anchors } = columns(gathered, ctx.timeMs)
    const shortMpePpm = -lnRatioPpm(ONE - limits.shortMpePpm, ONE)
    const judgement = judge(readings, suspects, anchors, shortMpePpm, settings)
    const changes = keepFindings(ctx, region, gathered, judgement.findings)
    const record: AnalysisRecord = {
      region: id,
      at: { height: ctx.height, timeMs: ctx.timeMs },
      serial: (last?.serial ?? 0) + 1,
      dispensers: region.dispensers,
      readings: readings.dispenser.length,
      anchors: anchors.length,
      readingNoisePpm: judgement.readingNoisePpm,
      vehicleNoisePpm: judgement.vehicleNoisePpm,
      fraudSharePpm: judgement.fraudSharePpm,
      suspects: judgement.findings.filter(({ verdict }) => verdict === 'suspect').length,
      producer: ctx.producer(),
    }
    ctx.state.set(analysisKey(id), record)
    ctx.emit('fuel/analysed', record)
    if (changes.length > 0) ctx.emit('fuel/verdict-changed', { region: id, changes })
    return record
  },
})

const ONE = 1_000_000

interface Gathered {
  readonly dispenser: DispenserRecord
  readonly head: HeadRecord
  readonly lists: readonly ReadingList[]
  readonly before: Finding | undefined
}

/** Everything there is of a region, in the order of the dispensers' numbers. */
function gather(state: StateView, region: RegionRecord): Gathered[] {
  const gathered: Gathered[] = []
  for (let number = 0; number < region.dispensers; number++) {
    if (number % ROSTER_SIZE !== 0) continue
    for (const id of state.get<string[]>(rosterKey(region.region, number)) ?? []) {
      const dispenser = state.get<DispenserRecord>(dispenserKey(id))
      if (dispenser === undefined) continue
      const head = state.get<HeadRecord>(headKey(id)) ?? NO_READINGS
      const lists = readingsOf((key) => state.get<number[]>(key), id, head)
      gathered.push({ dispenser, head, lists, before: undefined })
    }
  }
  return withFindings(state, region, gathered)
}

function withFindings(state: StateView, region: RegionRecord, gathered: readonly Gathered[]): Gathered[] {
  let record: FindingsRecord | undefined
  return gathered.map((one, i) => {
    if (i % FINDINGS_SIZE === 0) record = state.get<FindingsRecord>(findingsKey(region.region, i))
    return { ...one, before: findingOf(record, one.dispenser) }
  })
}

/** Readings of the dispensers that have any, with dense numbers. */
function columns(
  gathered: readonly Gathered[],
  nowMs: number,
): { readonly readings: Readings; readonly suspects: readonly Suspect[]; readonly anchors: readonly Anchor[] } {
  const suspects: Suspect[] = []
  const anchors: Anchor[] = []
  const vehicles = new Map<number, number>()
  const organizations = new Map<number, number>()
  const dispenser: number[] = []
  const vehicle: number[] = []
  const organization: number[] = []
  const logRatioPpm: number[] = []
  for (const { dispenser: record, head, lists, before } of gathered) {
    if (head.counted === 0 || record.status !== 'in-service') continue
    const index = suspects.length
    suspects.push({
      dispenser: record.dispenser,
      epoch: head.epoch,
      before: before?.epoch === head.epoch ? before : undefined,
    })
    const { inspection } = record
    if (inspection !== null && inspection.untilMs > nowMs) {
      const errorPpm = lnRatioPpm(ONE + inspection.errorPpm, ONE)
      anchors.push({ dispenser: index, errorPpm, uncertaintyPpm: inspection.uncertaintyPpm })
    }
    for (const list of lists) {
      for (let place = 0; place < list.length; place += READING_WIDTH) {
        dispenser.push(index)
        vehicle.push(dense(vehicles, list[place] as number))
        organization.push(dense(organizations, list[place + 1] as number))
        logRatioPpm.push(list[place + 2] as number)
      }
    }
  }
  const counts = { dispensers: suspects.length, vehicles: vehicles.size, organizations: organizations.size }
  return { readings: { ...counts, dispenser, vehicle, organization, logRatioPpm }, suspects, anchors }
}

function dense(numbers: Map<number, number>, number: number): number {
  const known = numbers.get(number)
  if (known !== undefined) return known
  numbers.set(number, numbers.size)
  return numbers.size - 1
}

type Change = { readonly dispenser: string; readonly from: string; readonly to: string }

/** Writes the findings in groups of `FINDINGS_SIZE`, and tells which verdicts are not what they were. */
function keepFindings(
  ctx: Pick<MethodContext, 'state'>,
  region: RegionRecord,
  gathered: readonly Gathered[],
  findings: readonly Finding[],
): Change[] {
  const found = new Map(findings.map((finding) => [finding.dispenser, finding]))
  const changes: Change[] = []
  for (let from = 0; from < gathered.length; from += FINDINGS_SIZE) {
    const group = gathered.slice(from, from + FINDINGS_SIZE).map(({ dispenser, head, before }) => {
      const finding = found.get(dispenser.dispenser) ?? emptyFinding(dispenser.dispenser, head.epoch)
      const was = before?.verdict ?? 'inconclusive'
      if (finding.verdict !== was) changes.push({ dispenser: dispenser.dispenser, from: was, to: finding.verdict })
      return finding
    })
    ctx.state.set(findingsKey(region.region, from), { findings: group })
  }
  return changes
}

/** Of a dispenser without readings since it was inspected. */
export function emptyFinding(dispenser: string, epoch: number): Finding {
  return {
    dispenser,
    epoch,
    verdict: 'inconclusive',
    reasons: ['no-readings'],
    bases: [],
    readings: 0,
    vehicles: 0,
    organizations: 0,
    errorPpm: null,
    deviationPpm: null,
    withoutOnePpm: null,
    eValueMilli: 0,
    conformingPpm: ONE,
    cusumMilli: 0,
    score: 0,
    information: 0,
  }
}
