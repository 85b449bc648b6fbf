import { Type } from 'typebox'
import { defineMethod } from '../contract.js'
import { Time } from '../limits.js'
import { Id } from './arguments.js'
import { newEpoch } from './reading.js'
import {
  type DispenserRecord,
  dispenserKey,
  existing,
  FINDINGS_SIZE,
  type Finding,
  type FindingsRecord,
  findingsKey,
  type InspectionRecord,
  type RegionRecord,
  regionKey,
} from './records.js'
import { limitsOf, type Settings } from './settings.js'

/** Errors that an inspection can state: half of the volume, either way. */
const ERROR_PPM_MAX = 500_000

export const inspect = defineMethod({
  summary:
    'Records what an inspection on the spot measured: it clears or confirms a suspicion, and anchors the level until it expires.',
  args: Type.Object(
    {
      dispenser: Id,
      errorPpm: Type.Integer({ minimum: -ERROR_PPM_MAX, maximum: ERROR_PPM_MAX }),
      uncertaintyPpm: Type.Integer({ minimum: 1, maximum: 100_000 }),
      passed: Type.Boolean(),
      untilMs: Time,
    },
    { additionalProperties: false },
  ),
  roles: ['nmi', 'notified-body', 'surveillance'],
  signed: true,
  events: ['fuel/inspected', 'fuel/status-changed'],
  refusals: [
    'fuel/unknown-dispenser',
    'fuel/withdrawn',
    'fuel/foreign-organization',
    'fuel/bad-expiry',
    'fuel/inconsistent-inspection',
    'fuel/unknown-country',
  ],
  handler(ctx, { dispenser: id, errorPpm, uncertaintyPpm, passed, untilMs }) {
    const { organization } = ctx.caller
    const dispenser = ctx.state.get<DispenserRecord>(dispenserKey(id))
    if (dispenser === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${id}`)
    if (dispenser.status === 'withdrawn') return ctx.refuse('fuel/withdrawn', `dispenser ${id}`)
    if (dispenser.owner === organization) {
      return ctx.refuse('fuel/foreign-organization', `${organization} owns ${id} and cannot inspect it`)
    }
    const settings = ctx.settings<Settings>()
    if (untilMs <= ctx.timeMs || untilMs > ctx.timeMs + settings.anchorMs) {
      return ctx.refuse(
        'fuel/bad-expiry',
        `the time of the block is ${ctx.timeMs}, and ${settings.anchorMs} ms the most`,
      )
    }
    const region = existing(ctx.state.get<RegionRecord>(regionKey(dispenser.region)), dispenser.region)
    const limits = limitsOf(settings, region.country)
    if (limits === undefined) return ctx.refuse('fuel/unknown-country', `no limits for ${region.country}`)
    const within = errorPpm >= -limits.shortMpePpm && errorPpm <= limits.overMpePpm
    if (passed !== within) {
      const allowed = `-${limits.shortMpePpm} to +${limits.overMpePpm} ppm`
      return ctx.refuse('fuel/inconsistent-inspection', `${errorPpm} ppm, where ${allowed} are permitted`)
    }
    const inspection: InspectionRecord = {
      errorPpm,
      uncertaintyPpm,
      passed,
      organization,
      at: { height: ctx.height, timeMs: ctx.timeMs },
      untilMs,
    }
    const status = passed ? 'in-service' : 'condemned'
    const before = findingOf(ctx.state.get<FindingsRecord>(findingsKey(region.region, dispenser.number)), dispenser)
    ctx.state.set(dispenserKey(id), { ...dispenser, status, inspection })
    const epoch = newEpoch(ctx.state, id)
    const outcome = before?.verdict === 'suspect' ? (passed ? 'cleared' : 'confirmed') : passed ? 'passed' : 'failed'
    ctx.emit('fuel/inspected', { dispenser: id, organization, errorPpm, uncertaintyPpm, passed, untilMs, outcome })
    if (status !== dispenser.status) ctx.emit('fuel/status-changed', { dispenser: id, status })
    return { dispenser: id, status, outcome, epoch, producer: ctx.producer() }
  },
})

export function findingOf(
  record: FindingsRecord | undefined,
  { number }: Pick<DispenserRecord, 'number'>,
): Finding | undefined {
  return record?.findings[number % FINDINGS_SIZE] ?? undefined
}
