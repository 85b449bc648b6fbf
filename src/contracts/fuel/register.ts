import { Type } from 'typebox'
import { defineMethod } from '../contract.js'
import { Instrument } from '../pki/arguments.js'
import { measuringKey } from '../pki/measuring-key.js'
import { Ed25519Key, Id } from './arguments.js'
import {
  type DispenserRecord,
  dispenserKey,
  ENROLLERS_KEY,
  ENROLLERS_MAX,
  existing,
  REGION_DISPENSERS_MAX,
  type RegionRecord,
  regionKey,
  rosterKey,
  type StationRecord,
  stationKey,
  VEHICLES_KEY,
  type VehicleRecord,
  vehicleKey,
} from './records.js'
import { Country, limitsOf, type Settings } from './settings.js'

export const openRegion = defineMethod({
  summary: 'Opens a region: the dispensers that are analysed together, under the limits of one country.',
  args: Type.Object({ region: Id, country: Country }, { additionalProperties: false }),
  roles: ['nmi', 'surveillance'],
  events: ['fuel/registered'],
  refusals: ['fuel/already-registered', 'fuel/unknown-country'],
  handler(ctx, { region, country }) {
    const { organization } = ctx.caller
    if (ctx.state.get(regionKey(region)) !== undefined) return ctx.refuse('fuel/already-registered', `region ${region}`)
    if (limitsOf(ctx.settings<Settings>(), country) === undefined) {
      return ctx.refuse('fuel/unknown-country', `the parameters hold no limits for ${country}`)
    }
    const record: RegionRecord = { region, country, organization, dispensers: 0 }
    ctx.state.set(regionKey(region), record)
    ctx.emit('fuel/registered', { kind: 'region', id: region, organization })
    return { region, country }
  },
})

export const registerStation = defineMethod({
  summary: 'Registers a station of the owner in a region.',
  args: Type.Object({ station: Id, region: Id }, { additionalProperties: false }),
  roles: ['owner'],
  events: ['fuel/registered'],
  refusals: ['fuel/already-registered', 'fuel/unknown-region'],
  handler(ctx, { station, region }) {
    const { organization: owner } = ctx.caller
    if (ctx.state.get(stationKey(station)) !== undefined) {
      return ctx.refuse('fuel/already-registered', `station ${station}`)
    }
    if (ctx.state.get(regionKey(region)) === undefined) return ctx.refuse('fuel/unknown-region', `region ${region}`)
    const record: StationRecord = {
      station,
      region,
      owner,
      registered: { height: ctx.height, timeMs: ctx.timeMs },
    }
    ctx.state.set(stationKey(station), record)
    ctx.emit('fuel/registered', { kind: 'station', id: station, organization: owner })
    return { station, region }
  },
})

export const registerDispenser = defineMethod({
  summary:
    "Registers a dispenser at a station of the owner; with a pulser's key in pki its declarations must be signed.",
  args: Type.Object(
    { dispenser: Id, station: Id, instrument: Type.Optional(Instrument) },
    { additionalProperties: false },
  ),
  roles: ['owner'],
  events: ['fuel/registered'],
  refusals: [
    'fuel/already-registered',
    'fuel/unknown-station',
    'fuel/foreign-organization',
    'fuel/unknown-instrument',
    'fuel/region-full',
  ],
  handler(ctx, { dispenser, station: id, instrument }) {
    const { organization } = ctx.caller
    if (ctx.state.get(dispenserKey(dispenser)) !== undefined) {
      return ctx.refuse('fuel/already-registered', `dispenser ${dispenser}`)
    }
    const station = ctx.state.get<StationRecord>(stationKey(id))
    if (station === undefined) return ctx.refuse('fuel/unknown-station', `station ${id}`)
    if (station.owner !== organization) return ctx.refuse('fuel/foreign-organization', `${station.owner} owns ${id}`)
    if (instrument !== undefined && measuringKey(ctx.other('pki'), instrument, ctx.timeMs)?.status !== 'active') {
      return ctx.refuse('fuel/unknown-instrument', `pki has no active key for ${instrument}`)
    }
    const region = existing(ctx.state.get<RegionRecord>(regionKey(station.region)), station.region)
    const number = region.dispensers
    if (number >= REGION_DISPENSERS_MAX) {
      return ctx.refuse('fuel/region-full', `${station.region} has ${REGION_DISPENSERS_MAX} dispensers`)
    }
    const record: DispenserRecord = {
      dispenser,
      station: id,
      region: station.region,
      owner: organization,
      number,
      instrument: instrument ?? null,
      status: 'in-service',
      registered: { height: ctx.height, timeMs: ctx.timeMs },
      inspection: null,
    }
    const roster = rosterKey(station.region, number)
    ctx.state.set(dispenserKey(dispenser), record)
    ctx.state.set(roster, [...(ctx.state.get<string[]>(roster) ?? []), dispenser])
    ctx.state.set(regionKey(station.region), { ...region, dispensers: number + 1 })
    ctx.emit('fuel/registered', { kind: 'dispenser', id: dispenser, organization })
    return { dispenser, number, status: record.status }
  },
})

export const withdrawDispenser = defineMethod({
  summary: 'Takes a dispenser out of service for ever.',
  args: Type.Object({ dispenser: Id }, { additionalProperties: false }),
  roles: ['owner'],
  events: ['fuel/status-changed'],
  refusals: ['fuel/unknown-dispenser', 'fuel/foreign-organization', 'fuel/withdrawn'],
  handler(ctx, { dispenser: id }) {
    const dispenser = ctx.state.get<DispenserRecord>(dispenserKey(id))
    if (dispenser === undefined) return ctx.refuse('fuel/unknown-dispenser', `dispenser ${id}`)
    if (dispenser.owner !== ctx.caller.organization) {
      return ctx.refuse('fuel/foreign-organization', `${dispenser.owner} owns ${id}`)
    }
    if (dispenser.status === 'withdrawn') return ctx.refuse('fuel/withdrawn', `dispenser ${id}`)
    ctx.state.set(dispenserKey(id), { ...dispenser, status: 'withdrawn' })
    ctx.emit('fuel/status-changed', { dispenser: id, status: 'withdrawn' })
    return { dispenser: id, status: 'withdrawn' }
  },
})

export const registerVehicle = defineMethod({
  summary: 'Enrols a vehicle under a pseudonym, with its tank, its class of sensor and its first key.',
  args: Type.Object(
    {
      vehicle: Id,
      tankMicrolitre: Type.Integer({ minimum: 1_000_000, maximum: 2_000_000_000 }),
      sensorClass: Type.Union([Type.Literal('obd'), Type.Literal('can'), Type.Literal('flow-meter')]),
      key: Ed25519Key,
    },
    { additionalProperties: false },
  ),
  roles: ['enroller'],
  events: ['fuel/registered'],
  refusals: ['fuel/already-registered', 'fuel/too-many-enrollers'],
  handler(ctx, { vehicle, tankMicrolitre, sensorClass, key }) {
    const { organization } = ctx.caller
    if (ctx.state.get(vehicleKey(vehicle)) !== undefined) {
      return ctx.refuse('fuel/already-registered', `vehicle ${vehicle}`)
    }
    const enrollers = ctx.state.get<string[]>(ENROLLERS_KEY) ?? []
    let enroller = enrollers.indexOf(organization)
    if (enroller < 0) {
      enroller = enrollers.length
      if (enroller >= ENROLLERS_MAX) {
        return ctx.refuse('fuel/too-many-enrollers', `${ENROLLERS_MAX} organizations enrol vehicles`)
      }
      ctx.state.set(ENROLLERS_KEY, [...enrollers, organization])
    }
    const number = ctx.state.get<number>(VEHICLES_KEY) ?? 0
    const record: VehicleRecord = {
      vehicle,
      number,
      organization,
      enroller,
      tankMicrolitre,
      sensorClass,
      key,
      keyUntilMs: ctx.timeMs + ctx.settings<Settings>().keyMs,
      sequence: 0,
      open: [],
      window: 0,
      visits: [],
      counted: 0,
      withheld: 0,
    }
    ctx.state.set(vehicleKey(vehicle), record)
    ctx.state.set(VEHICLES_KEY, number + 1)
    ctx.emit('fuel/registered', { kind: 'vehicle', id: vehicle, organization })
    return { vehicle, number, keyUntilMs: record.keyUntilMs }
  },
})

export const rotateKey = defineMethod({
  summary: "Gives a vehicle the pseudonym key of its next period. The old key's commitments stay good.",
  args: Type.Object({ vehicle: Id, key: Ed25519Key }, { additionalProperties: false }),
  roles: ['enroller'],
  events: ['fuel/key-rotated'],
  refusals: ['fuel/unknown-vehicle', 'fuel/foreign-organization', 'fuel/key-in-use'],
  handler(ctx, { vehicle: id, key }) {
    const vehicle = ctx.state.get<VehicleRecord>(vehicleKey(id))
    if (vehicle === undefined) return ctx.refuse('fuel/unknown-vehicle', `vehicle ${id}`)
    if (vehicle.organization !== ctx.caller.organization) {
      return ctx.refuse('fuel/foreign-organization', `${vehicle.organization} enrolled ${id}`)
    }
    if (vehicle.key === key) return ctx.refuse('fuel/key-in-use', `vehicle ${id} has this key`)
    const keyUntilMs = ctx.timeMs + ctx.settings<Settings>().keyMs
    ctx.state.set(vehicleKey(id), { ...vehicle, key, keyUntilMs })
    ctx.emit('fuel/key-rotated', { vehicle: id, key, keyUntilMs })
    return { vehicle: id, keyUntilMs }
  },
})
