/** What each world is made of; docs/contracts/fuel-worlds.md says it in words. */
export interface World {
  readonly dispensers: number
  readonly vehicles: number
  readonly refuelsPerVehicle: number
  /** Share of dispensers that give short measure. */
  readonly fraudShare: number
  /** By how much, of what they declare. */
  readonly shortage: number
  /** Share of their refuels at which they do. */
  readonly fraudRate: number
  /** Share of the honest dispensers that were inspected. */
  readonly inspectedShare: number
  /** Standard deviations of ln(reading / true volume): of a refuel, and between vehicles. */
  readonly refuelNoise: number
  readonly vehicleNoise: number
  /** Vehicles of one organization that refuel at fraudulent dispensers only and report no error, as a share of `vehicles`. */
  readonly fakeShare: number
  /** Vehicles stay at one station of `STATION_DISPENSERS` dispensers. */
  readonly singleStation: boolean
  /** Run a second time without any anchor: no dispenser may then get a verdict. */
  readonly alsoWithoutAnchors: boolean
  readonly targets: Targets
}

export interface Targets {
  readonly sensitivityMin: number
  /** Of the dispensers connected to an anchor, where others cannot be judged. */
  readonly anchoredSensitivityMin?: number
  readonly specificityMin: number
  readonly meanRefuelsToDetectionMax?: number
}

export const ENROLLERS = 6
export const STATION_DISPENSERS = 5
export const FALSE_DISCOVERY_RATE_MAX = 0.05

/** Twice the mean number of refuels that Wald's test needs for fraud of 2, 3, 5 and 10 % (sigma 5 %, alpha 1e-4, beta 5 %). */
const DELAY = { 2: 296, 3: 118, 5: 38, 10: 9 } as const

const BASELINE = {
  dispensers: 150,
  vehicles: 3_000,
  refuelsPerVehicle: 10,
  fraudShare: 0.1,
  shortage: 0.05,
  fraudRate: 1,
  inspectedShare: 0.1,
  refuelNoise: 0.05,
  vehicleNoise: 0.03,
  fakeShare: 0,
  singleStation: false,
  alsoWithoutAnchors: false,
  targets: { sensitivityMin: 1, specificityMin: 0.995, meanRefuelsToDetectionMax: DELAY[5] },
} satisfies World

const SMALL = { ...BASELINE, vehicles: 600 }

/** The worlds that `all` runs. */
export const WORLDS = {
  baseline: BASELINE,
  'small-fraud': {
    ...SMALL,
    shortage: 0.03,
    targets: { sensitivityMin: 0.75, specificityMin: 0.99, meanRefuelsToDetectionMax: DELAY[3] },
  },
  'noisy-vehicles': {
    ...SMALL,
    vehicleNoise: 0.08,
    targets: { sensitivityMin: 0.97, specificityMin: 0.99, meanRefuelsToDetectionMax: DELAY[5] },
  },
  'fakes-3': { ...SMALL, fakeShare: 0.03, targets: { sensitivityMin: 0.97, specificityMin: 0.99 } },
  'fakes-10': { ...SMALL, fakeShare: 0.1, targets: { sensitivityMin: 0.93, specificityMin: 0.99 } },
  intermittent: {
    ...BASELINE,
    vehicles: 2_000,
    fraudRate: 0.5,
    targets: { sensitivityMin: 0.95, specificityMin: 0.99 },
  },
  shifted: {
    ...BASELINE,
    dispensers: 75,
    vehicles: 1_500,
    fraudShare: 0.9,
    shortage: 0.01,
    inspectedShare: 1,
    alsoWithoutAnchors: true,
    targets: { sensitivityMin: 0.4, specificityMin: 0.95 },
  },
  'single-station': {
    ...SMALL,
    singleStation: true,
    targets: { sensitivityMin: 0, anchoredSensitivityMin: 0.9, specificityMin: 0.99 },
  },
} satisfies Readonly<Record<string, World>>

const delay = (shortage: number, vehicles: number, most: number): World => ({
  ...BASELINE,
  shortage,
  vehicles,
  targets: { sensitivityMin: 0.95, specificityMin: 0.99, meanRefuelsToDetectionMax: most },
})

/** The worlds that `delays` runs: how soon fraud of each size is found, with readings enough to find it. */
export const DELAYS: Readonly<Record<string, World>> = {
  'delay-2': delay(0.02, 6_000, DELAY[2]),
  'delay-3': delay(0.03, 3_000, DELAY[3]),
  'delay-5': delay(0.05, 1_200, DELAY[5]),
  'delay-10': delay(0.1, 600, DELAY[10]),
}

export const WORLD_BY_NAME: Readonly<Record<string, World>> = { ...WORLDS, ...DELAYS }

/** Refuels per dispenser, on average, after which the region is analysed. */
const LOOKS = [3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 28, 33, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400]

/** The refuels after which the region is analysed; the last look is at the end. */
export function looksOf(refuels: number, dispensers: number): number[] {
  const looks = LOOKS.map((perDispenser) => perDispenser * dispensers).filter((look) => look < refuels)
  return [...looks, refuels]
}
