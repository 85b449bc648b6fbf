import type { FuelReading } from '../../codec/fuel.js'
import type { MutableStateView } from '../contract.js'
import {
  type DispenserRecord,
  type HeadRecord,
  headKey,
  type Moment,
  NO_READINGS,
  PAGE_READINGS_MAX,
  PAGES_MAX,
  pageKey,
  READING_WIDTH,
  type ReadingList,
  type VehicleRecord,
  VISITS_MAX,
} from './records.js'
import type { Settings } from './settings.js'

/** What becomes of a reading; all but `counted` name why it says nothing about the dispenser. */
export type Counting =
  | 'counted'
  | 'not-stationary'
  | 'few-samples'
  | 'small-volume'
  | 'own-dispenser'
  | 'before-inspection'
  | 'voted'
  | 'late-window'
  | 'many-visits'

interface Settled {
  readonly reading: FuelReading
  readonly committed: Moment
  readonly declared: { readonly volumeMicrolitre: number }
  readonly vehicle: VehicleRecord
  readonly dispenser: DispenserRecord
  readonly settings: Settings
}

export const windowOf = (timeMs: number, { windowMs }: Settings): number => Math.trunc(timeMs / windowMs)

/** A vehicle has one vote at a dispenser and window, the first; its level must have been at rest and filtered by a median. */
export function countingOf({ reading, committed, declared, vehicle, dispenser, settings }: Settled): Counting {
  if (!reading.stationary) return 'not-stationary'
  if (reading.samples < settings.samplesMin) return 'few-samples'
  if (declared.volumeMicrolitre < settings.volumeMinMicrolitre) return 'small-volume'
  if (dispenser.owner === vehicle.organization) return 'own-dispenser'
  if (dispenser.inspection !== null && committed.height < dispenser.inspection.at.height) return 'before-inspection'
  const window = windowOf(committed.timeMs, settings)
  if (window < vehicle.window) return 'late-window'
  if (window > vehicle.window) return 'counted'
  if (vehicle.visits.includes(dispenser.dispenser)) return 'voted'
  return vehicle.visits.length >= VISITS_MAX ? 'many-visits' : 'counted'
}

/** Appends a reading to those of its dispenser. A full page is written once and never again until it is the oldest. */
export function addReading(
  state: MutableStateView,
  dispenser: string,
  vehicle: VehicleRecord,
  logRatioPpm: number,
): void {
  const head = state.get<HeadRecord>(headKey(dispenser)) ?? NO_READINGS
  const tail = [...head.tail, vehicle.number, vehicle.enroller, logRatioPpm]
  const full = tail.length >= PAGE_READINGS_MAX * READING_WIDTH
  if (full) state.set(pageKey(dispenser, head.pages), tail)
  const next: HeadRecord = {
    epoch: head.epoch,
    counted: head.counted + 1,
    pages: head.pages + (full ? 1 : 0),
    tail: full ? [] : tail,
  }
  state.set(headKey(dispenser), next)
}

/** The readings that are kept of a dispenser, oldest first. */
export function readingsOf(
  get: (key: string) => ReadingList | undefined,
  dispenser: string,
  head: HeadRecord,
): ReadingList[] {
  const lists: ReadingList[] = []
  for (let page = Math.max(0, head.pages - PAGES_MAX); page < head.pages; page++) {
    lists.push(get(pageKey(dispenser, page)) ?? [])
  }
  lists.push(head.tail)
  return lists
}

/** Begins anew after an inspection: what was read before says nothing about the dispenser as it is now. */
export function newEpoch(state: MutableStateView, dispenser: string): number {
  const head = state.get<HeadRecord>(headKey(dispenser)) ?? NO_READINGS
  state.set(headKey(dispenser), { ...NO_READINGS, epoch: head.epoch + 1 })
  return head.epoch + 1
}
