import { Type } from 'typebox'
import { fromHex, utf8 } from '../../base/bytes.js'
import { commitStatement, declarationStatement, readingStatement } from '../../codec/fuel.js'
import type { CryptoSuite } from '../../crypto/suite.js'
import { defineMethod, type MutableStateView } from '../contract.js'
import { Hash } from '../limits.js'
import { Signature } from '../pki/arguments.js'
import { measuringKey, signedByKey } from '../pki/measuring-key.js'
import { hashText } from '../text.js'
import { Ed25519Signature, Id, Sequence, Volume } from './arguments.js'
import { addReading, type Counting, countingOf, windowOf } from './reading.js'
import {
  type DispenserRecord,
  dispenserKey,
  existing,
  OPEN_REFUELS_MAX,
  type RefuelRecord,
  refuelKey,
  type VehicleRecord,
  vehicleKey,
} from './records.js'
import type { Settings } from './settings.js'
import { lnRatioPpm } from './statistics/integers.js'

/** Readings beyond this are taken as this: they say no more than that something is wrong. */
const LOG_RATIO_PPM_MAX = 300_000

export const commit = defineMethod({
  summary:
    "Commits a vehicle to its reading of a refuel before the dispenser declares the volume; signed by the vehicle's key.",
  args: Type.Object(
    { vehicle: Id, dispenser: Id, sequence: Sequence, commitment: Hash, signature: Ed25519Signature },
    { additionalProperties: false },
  ),
  roles: ['enroller'],
  events: [],
  refusals: [
    'fuel/unknown-vehicle',
    'fuel/foreign-organization',
    'fuel/unknown-dispenser',
    'fuel/not-in-service',
    'fuel/sequence-replayed',
    'fuel/key-expired',
    'fuel/commitment-reused',
    'fuel/too-many-open',
    'fuel/bad-signature',
  ],
  handler(ctx, { vehicle: id, dispenser: at, sequence, commitment, signature }) {
    const vehicle = ctx.state.get<VehicleRecord>(vehicleKey(id))
    if (vehicle === undefined) return ctx.refuse('fuel/unknown-vehicle', `vehicle ${id}`)
    if (vehicle.organization !== ctx.caller.organization) {
      return ctx.refuse('fuel/foreign-organization', `${vehicle.organization} enrolled ${id}`)
    }
    const dispenser = ctx.state.get<DispenserRecord>(dispenserKey(at))
    if (dispenser === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${at}`)
    if (dispenser.status !== 'in-service') return ctx.refuse('fuel/not-in-service', `${at} is ${dispenser.status}`)
    if (sequence <= vehicle.sequence) {
      return ctx.refuse('fuel/sequence-replayed', `the last sequence number of ${id} is ${vehicle.sequence}`)
    }
    if (ctx.timeMs > vehicle.keyUntilMs) {
      return ctx.refuse('fuel/key-expired', `the key of ${id} served until ${vehicle.keyUntilMs}`)
    }
    if (ctx.state.get(refuelKey(commitment)) !== undefined) {
      return ctx.refuse('fuel/commitment-reused', `commitment ${commitment}`)
    }
    const open = vehicle.open.filter(({ staleMs }) => ctx.timeMs <= staleMs)
    if (open.length >= OPEN_REFUELS_MAX) {
      return ctx.refuse('fuel/too-many-open', `${id} has ${open.length} refuels that are not settled`)
    }
    const text = commitStatement(id, at, sequence, commitment)
    if (!signedByVehicle(ctx.crypto, vehicle.key, text, signature)) {
      return ctx.refuse('fuel/bad-signature', `not a signature by the key of ${id} over its commitment`)
    }
    const { declareMs, revealMs } = ctx.settings<Settings>()
    for (const stale of vehicle.open) {
      if (!open.includes(stale)) ctx.state.delete(refuelKey(stale.commitment))
    }
    ctx.state.set(vehicleKey(id), {
      ...vehicle,
      sequence,
      open: [...open, { commitment, staleMs: ctx.timeMs + declareMs + revealMs }],
      withheld: vehicle.withheld + vehicle.open.length - open.length,
    })
    const committed = { height: ctx.height, timeMs: ctx.timeMs }
    const refuel: RefuelRecord = { commitment, vehicle: id, dispenser: at, sequence, committed, declared: null }
    ctx.state.set(refuelKey(commitment), refuel)
    return { commitment, declareUntilMs: ctx.timeMs + declareMs }
  },
})

function signedByVehicle(crypto: CryptoSuite, key: string, text: string, signature: string): boolean {
  const publicKey = fromHex(key, 32)
  const bytes = fromHex(signature, 64)
  return publicKey !== undefined && bytes !== undefined && crypto.verifyEd25519(publicKey, utf8(text), bytes)
}

export const declare = defineMethod({
  summary: 'Declares the volume that the dispenser sold in a refuel; signed by its pulser where it has one in pki.',
  args: Type.Object(
    { dispenser: Id, commitment: Hash, volumeMicrolitre: Volume, signature: Type.Optional(Signature) },
    { additionalProperties: false },
  ),
  roles: ['owner'],
  events: [],
  refusals: [
    'fuel/not-committed',
    'fuel/other-dispenser',
    'fuel/unknown-dispenser',
    'fuel/foreign-organization',
    'fuel/not-in-service',
    'fuel/already-declared',
    'fuel/stale',
    'fuel/zero-volume',
    'fuel/beyond-tank',
    'fuel/unknown-instrument',
    'fuel/bad-signature',
  ],
  handler(ctx, { dispenser: at, commitment, volumeMicrolitre, signature }) {
    const dispenser = ctx.state.get<DispenserRecord>(dispenserKey(at))
    if (dispenser === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${at}`)
    if (dispenser.owner !== ctx.caller.organization) {
      return ctx.refuse('fuel/foreign-organization', `${dispenser.owner} owns ${at}`)
    }
    if (dispenser.status !== 'in-service') return ctx.refuse('fuel/not-in-service', `${at} is ${dispenser.status}`)
    const refuel = ctx.state.get<RefuelRecord>(refuelKey(commitment))
    if (refuel === undefined) return ctx.refuse('fuel/not-committed', `commitment ${commitment}`)
    if (refuel.dispenser !== at) return ctx.refuse('fuel/other-dispenser', `the refuel is one at ${refuel.dispenser}`)
    if (refuel.declared !== null) {
      return ctx.refuse('fuel/already-declared', `${refuel.declared.volumeMicrolitre} uL were declared`)
    }
    const { declareMs, tankMarginPpm, revealMs } = ctx.settings<Settings>()
    if (ctx.timeMs > refuel.committed.timeMs + declareMs) {
      return ctx.refuse('fuel/stale', `it was committed at ${refuel.committed.timeMs}, with ${declareMs} ms to declare`)
    }
    if (volumeMicrolitre === 0) return ctx.refuse('fuel/zero-volume', 'the declared volume')
    const vehicle = existing(ctx.state.get<VehicleRecord>(vehicleKey(refuel.vehicle)), refuel.vehicle)
    const most = tankfulOf(vehicle, tankMarginPpm)
    if (volumeMicrolitre > most) {
      return ctx.refuse('fuel/beyond-tank', `${volumeMicrolitre} uL are more than the ${most} uL that the tank takes`)
    }
    const { instrument } = dispenser
    if (instrument !== null) {
      const key = measuringKey(ctx.other('pki'), instrument, ctx.timeMs)
      if (key?.status !== 'active')
        return ctx.refuse('fuel/unknown-instrument', `pki has no active key for ${instrument}`)
      const text = declarationStatement(at, commitment, volumeMicrolitre)
      if (signature === undefined || signedByKey(ctx.crypto, key, text, signature) !== 'good') {
        return ctx.refuse('fuel/bad-signature', `not a signature by the pulser ${instrument} over its declaration`)
      }
    }
    const declared = { height: ctx.height, timeMs: ctx.timeMs, volumeMicrolitre, signed: instrument !== null }
    ctx.state.set(refuelKey(commitment), { ...refuel, declared })
    return { commitment, volumeMicrolitre, signed: declared.signed, revealUntilMs: ctx.timeMs + revealMs }
  },
})

/** What a tank takes at most, its margin included; rounded down. */
function tankfulOf({ tankMicrolitre }: VehicleRecord, marginPpm: number): number {
  return Math.trunc((tankMicrolitre * (1_000_000 + marginPpm)) / 1_000_000)
}

export const reveal = defineMethod({
  summary:
    "Opens a vehicle's commitment after the declaration; the refuel is settled, and its reading counts if it is fit to.",
  args: Type.Object(
    {
      commitment: Hash,
      volumeMicrolitre: Volume,
      samples: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
      stationary: Type.Boolean(),
      nonce: Hash,
    },
    { additionalProperties: false },
  ),
  roles: ['enroller'],
  events: ['fuel/refuelled'],
  refusals: [
    'fuel/not-committed',
    'fuel/foreign-organization',
    'fuel/not-declared',
    'fuel/stale',
    'fuel/commitment-mismatch',
    'fuel/zero-volume',
    'fuel/beyond-tank',
  ],
  handler(ctx, { commitment, volumeMicrolitre, samples, stationary, nonce }) {
    const refuel = ctx.state.get<RefuelRecord>(refuelKey(commitment))
    if (refuel === undefined) return ctx.refuse('fuel/not-committed', `commitment ${commitment}`)
    const { sequence, declared } = refuel
    const vehicle = existing(ctx.state.get<VehicleRecord>(vehicleKey(refuel.vehicle)), refuel.vehicle)
    if (vehicle.organization !== ctx.caller.organization) {
      return ctx.refuse('fuel/foreign-organization', `${vehicle.organization} enrolled ${refuel.vehicle}`)
    }
    if (declared === null) return ctx.refuse('fuel/not-declared', `commitment ${commitment}`)
    const settings = ctx.settings<Settings>()
    if (ctx.timeMs > declared.timeMs + settings.revealMs) {
      return ctx.refuse('fuel/stale', `it was declared at ${declared.timeMs}, with ${settings.revealMs} ms to reveal`)
    }
    const reading = {
      vehicle: refuel.vehicle,
      dispenser: refuel.dispenser,
      sequence,
      volumeMicrolitre,
      samples,
      stationary,
    }
    if (hashText(ctx.crypto, readingStatement(reading, nonce)) !== commitment) {
      return ctx.refuse('fuel/commitment-mismatch', 'the SHA-256 of the documented text is another')
    }
    if (volumeMicrolitre === 0) return ctx.refuse('fuel/zero-volume', 'the volume that the vehicle measured')
    const most = tankfulOf(vehicle, settings.tankMarginPpm)
    if (volumeMicrolitre > most) {
      return ctx.refuse('fuel/beyond-tank', `${volumeMicrolitre} uL are more than the ${most} uL that the tank takes`)
    }
    const dispenser = existing(ctx.state.get<DispenserRecord>(dispenserKey(refuel.dispenser)), refuel.dispenser)
    const logRatioPpm = clamped(lnRatioPpm(volumeMicrolitre, declared.volumeMicrolitre))
    const counting = countingOf({ reading, declared, committed: refuel.committed, vehicle, dispenser, settings })
    if (counting === 'counted') addReading(ctx.state, dispenser.dispenser, vehicle, logRatioPpm)
    settle(ctx.state, vehicle, refuel, counting, settings)
    ctx.emit('fuel/refuelled', {
      commitment,
      vehicle: refuel.vehicle,
      dispenser: refuel.dispenser,
      declaredMicrolitre: declared.volumeMicrolitre,
      volumeMicrolitre,
      logRatioPpm,
      counting,
    })
    return { commitment, logRatioPpm, counting }
  },
})

const clamped = (value: number): number => Math.max(-LOG_RATIO_PPM_MAX, Math.min(LOG_RATIO_PPM_MAX, value))

/** Closes the refuel and notes the vote that it used. */
function settle(
  state: MutableStateView,
  vehicle: VehicleRecord,
  { commitment, dispenser, committed }: RefuelRecord,
  counting: Counting,
  settings: Settings,
): void {
  const window = windowOf(committed.timeMs, settings)
  const visits = vehicle.window === window ? vehicle.visits : []
  const counted = counting === 'counted'
  state.delete(refuelKey(commitment))
  state.set(vehicleKey(vehicle.vehicle), {
    ...vehicle,
    open: vehicle.open.filter((open) => open.commitment !== commitment),
    counted: vehicle.counted + (counted ? 1 : 0),
    ...(counted && window >= vehicle.window ? { window, visits: [...visits, dispenser] } : {}),
  })
}
