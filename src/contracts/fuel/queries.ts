import { Type } from 'typebox'
import { defineQuery, type Json, type QueryContext, type StateView } from '../contract.js'
import { Hash, Limit } from '../limits.js'
import { emptyFinding } from './analyse.js'
import { Id } from './arguments.js'
import { findingOf } from './inspect.js'
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
  type RefuelRecord,
  type RegionRecord,
  refuelKey,
  regionKey,
  type StationRecord,
  stationKey,
  type VehicleRecord,
  vehicleKey,
} from './records.js'
import type { Settings } from './settings.js'

const closed = { additionalProperties: false }

export const verdict = defineQuery({
  summary: 'The verdict on a dispenser with its evidence, its last inspection, and the analysis that it comes from.',
  args: Type.Object({ dispenser: Id }, closed),
  refusals: ['fuel/unknown-dispenser', 'fuel/not-analysed'],
  handler(ctx, { dispenser: id }) {
    const dispenser = ctx.state.get<DispenserRecord>(dispenserKey(id))
    if (dispenser === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${id}`)
    const analysis = ctx.state.get<AnalysisRecord>(analysisKey(dispenser.region))
    if (analysis === undefined) return ctx.refuse('fuel/not-analysed', `region ${dispenser.region}`)
    const { epoch } = headOf(ctx.state, id)
    const { station, region, status, inspection } = dispenser
    return { station, region, status, ...currentFinding(ctx.state, dispenser, epoch), inspection, analysis }
  },
})

const headOf = (state: StateView, dispenser: string): HeadRecord =>
  state.get<HeadRecord>(headKey(dispenser)) ?? NO_READINGS

/** An inspection since the analysis leaves nothing of what was found before it. */
function currentFinding(state: StateView, dispenser: DispenserRecord, epoch: number): Finding {
  const found = findingOf(state.get<FindingsRecord>(findingsKey(dispenser.region, dispenser.number)), dispenser)
  return found?.epoch === epoch ? found : emptyFinding(dispenser.dispenser, epoch)
}

export const ranking = defineQuery({
  summary:
    'Dispensers of a region in the order in which inspectors should visit them: the least likely to conform first.',
  args: Type.Object({ region: Id, limit: Type.Optional(Limit) }, closed),
  refusals: ['fuel/unknown-region', 'fuel/not-analysed'],
  handler(ctx, { region: id, limit = 20 }) {
    const region = ctx.state.get<RegionRecord>(regionKey(id))
    if (region === undefined) return ctx.refuse('fuel/unknown-region', `region ${id}`)
    const analysis = ctx.state.get<AnalysisRecord>(analysisKey(id))
    if (analysis === undefined) return ctx.refuse('fuel/not-analysed', `region ${id}`)
    const findings: Finding[] = []
    for (let from = 0; from < region.dispensers; from += FINDINGS_SIZE) {
      for (const finding of ctx.state.get<FindingsRecord>(findingsKey(id, from))?.findings ?? []) {
        if (finding !== null && headOf(ctx.state, finding.dispenser).epoch === finding.epoch) findings.push(finding)
      }
    }
    findings.sort(byUrgency)
    return {
      analysis,
      dispensers: findings.slice(0, limit).map((finding, i) => ({
        rank: i + 1,
        dispenser: finding.dispenser,
        verdict: finding.verdict,
        errorPpm: finding.errorPpm,
        deviationPpm: finding.deviationPpm,
        conformingPpm: finding.conformingPpm,
        eValueMilli: finding.eValueMilli,
        readings: finding.readings,
        vehicles: finding.vehicles,
        organizations: finding.organizations,
      })),
    }
  },
})

/** Suspects first; then by the probability to conform, the e-value, the shortage, and the id. */
function byUrgency(a: Finding, b: Finding): number {
  return (
    Number(b.verdict === 'suspect') - Number(a.verdict === 'suspect') ||
    a.conformingPpm - b.conformingPpm ||
    b.eValueMilli - a.eValueMilli ||
    (a.errorPpm ?? 0) - (b.errorPpm ?? 0) ||
    (a.dispenser < b.dispenser ? -1 : 1)
  )
}

export const dispenser = defineQuery({
  summary: 'A dispenser: where it stands, its pulser, its status, its last inspection and how many readings count.',
  args: Type.Object({ dispenser: Id }, closed),
  refusals: ['fuel/unknown-dispenser'],
  handler(ctx, { dispenser: id }) {
    const record = ctx.state.get<DispenserRecord>(dispenserKey(id))
    if (record === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${id}`)
    const { epoch, counted } = headOf(ctx.state, id)
    return { ...record, epoch, counted }
  },
})

export const vehicle = defineQuery({
  summary: 'A vehicle: who enrolled it, its tank and sensor, its key and the sequence number of its last refuel.',
  args: Type.Object({ vehicle: Id }, closed),
  refusals: ['fuel/unknown-vehicle'],
  handler(ctx, { vehicle: id }): VehicleRecord {
    const record = ctx.state.get<VehicleRecord>(vehicleKey(id))
    return record ?? ctx.refuse('fuel/unknown-vehicle', `vehicle ${id}`)
  },
})

export const station = defineQuery({
  summary: 'A station and its dispensers.',
  args: Type.Object({ station: Id }, closed),
  refusals: ['fuel/unknown-station'],
  async handler(ctx, { station: id }) {
    const record = ctx.state.get<StationRecord>(stationKey(id))
    if (record === undefined) return ctx.refuse('fuel/unknown-station', `station ${id}`)
    return { ...record, dispensers: await dispensersAt(ctx, record) }
  },
})

/** Found through the rosters of the region, which are few and bounded. */
async function dispensersAt(ctx: QueryContext, { station: id, region }: StationRecord): Promise<Json> {
  const rosters = await ctx.list<string[]>(`rosters/${region}/`, 100)
  return rosters
    .flatMap(({ value }) => value)
    .map((dispenserId) => ctx.state.get<DispenserRecord>(dispenserKey(dispenserId)))
    .filter((record) => record?.station === id)
    .map((record) => ({ dispenser: record?.dispenser ?? '', status: record?.status ?? '' }))
}

export const refuel = defineQuery({
  summary:
    'A refuel that is not settled yet. Settled ones are receipts: their reveal carries the event fuel/refuelled.',
  args: Type.Object({ commitment: Hash }, closed),
  refusals: ['fuel/not-committed'],
  handler(ctx, { commitment }): RefuelRecord {
    const record = ctx.state.get<RefuelRecord>(refuelKey(commitment))
    return record ?? ctx.refuse('fuel/not-committed', `commitment ${commitment}`)
  },
})

export const region = defineQuery({
  summary: 'A region: its country, how many dispensers it has, and its last analysis.',
  args: Type.Object({ region: Id }, closed),
  refusals: ['fuel/unknown-region'],
  handler(ctx, { region: id }) {
    const record = ctx.state.get<RegionRecord>(regionKey(id))
    if (record === undefined) return ctx.refuse('fuel/unknown-region', `region ${id}`)
    return { ...record, analysis: ctx.state.get<AnalysisRecord>(analysisKey(id)) ?? null }
  },
})

export const parameters = defineQuery({
  summary: 'The parameters in force, the limits of each country among them.',
  args: Type.Object({}, closed),
  refusals: [],
  handler: (ctx): Settings => ctx.settings<Settings>(),
})
