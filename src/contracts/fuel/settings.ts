import { type Static, Type } from 'typebox'
import type { ParameterSet } from '../contract.js'

/** Countries whose limits the parameters hold. */
const COUNTRIES_MAX = 64
/** Milliseconds. */
const DAY = 86_400_000
const YEAR = 366 * DAY

export const Country = Type.String({ minLength: 2, maxLength: 16, pattern: '^[a-z][a-z0-9-]*$' })

const ppm = (maximum: number, minimum = 0) => Type.Integer({ minimum, maximum })
const duration = (maximum: number) => Type.Integer({ minimum: 1_000, maximum })

const schema = Type.Object(
  {
    /** Maximum permissible errors: how much more (`over`) or less (`short`) than declared may be delivered. */
    countries: Type.Array(
      Type.Object(
        { country: Country, overMpePpm: ppm(100_000, 100), shortMpePpm: ppm(10_000, 100) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: COUNTRIES_MAX },
    ),
    /** One vote of a vehicle at a dispenser in each window. */
    windowMs: duration(YEAR),
    /** Readings of one vehicle at one dispenser that count in full. */
    votesPerVehicle: Type.Integer({ minimum: 1, maximum: 100 }),
    /** Largest share of one enrolling organization in what is known of a dispenser. */
    organizationSharePpm: ppm(900_000, 100_000),
    /** Level samples behind each median that a reading needs to count. */
    samplesMin: Type.Integer({ minimum: 1, maximum: 10_000 }),
    /** Smaller refuels do not count: the sensor's steps are too coarse for them. */
    volumeMinMicrolitre: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
    /** How far beyond its nominal capacity a tank takes fuel. */
    tankMarginPpm: ppm(500_000),
    /** From the commitment until the declaration. */
    declareMs: duration(7 * DAY),
    /** From the declaration until the reveal. */
    revealMs: duration(30 * DAY),
    /** How long a vehicle's pseudonym key serves. */
    keyMs: duration(YEAR),
    /** How long an inspection serves as an anchor, at most. */
    anchorMs: duration(2 * YEAR),
    /** Least time between two analyses of a region. */
    analysisMs: duration(30 * DAY),
    /** Distinct vehicles and distinct enrolling organizations without which there is no verdict. */
    vehiclesMin: Type.Integer({ minimum: 1, maximum: 1_000 }),
    organizationsMin: Type.Integer({ minimum: 1, maximum: 64 }),
    /** Standard deviations assumed before there is data: of a refuel's reading, and of the vehicles' own errors. */
    readingNoisePpm: ppm(200_000, 3_000),
    vehicleNoisePpm: ppm(200_000, 3_000),
    /** Standard deviation of the errors of conforming dispensers. */
    conformingSpreadPpm: ppm(10_000),
    /** Share of fraud assumed before there is data, and how many dispensers that is worth. */
    fraudSharePpm: ppm(500_000, 1_000),
    priorDispensers: Type.Integer({ minimum: 1, maximum: 1_000 }),
    /** False discovery rate of the sequential test (e-BH) and of the posterior rule; the sum bounds that of the verdict. */
    sequentialRatePpm: ppm(200_000, 100),
    posteriorRatePpm: ppm(200_000, 100),
    /** Thresholds of logarithms in thousandths: of the CUSUM, and of the evidence that a dispenser is sound. */
    cusumMilli: Type.Integer({ minimum: 1_000, maximum: 100_000 }),
    soundMilli: Type.Integer({ minimum: 500, maximum: 100_000 }),
    /** A verdict `conforming` excludes a shortage of this. */
    soundShortagePpm: ppm(100_000, 1_000),
  },
  { additionalProperties: false },
)

export type Settings = Static<typeof schema>

export const FUEL_PARAMETERS = {
  schema,
  defaults: {
    countries: [
      // Brazil, Inmetro: +100 mL and -60 mL on the 20 L test measure
      { country: 'br', overMpePpm: 5_000, shortMpePpm: 3_000 },
      // Directive 2014/32/EU, annex MI-005, accuracy class 0.5 of the complete system
      { country: 'eu', overMpePpm: 5_000, shortMpePpm: 5_000 },
    ],
    windowMs: 7 * DAY,
    votesPerVehicle: 3,
    organizationSharePpm: 400_000,
    samplesMin: 31,
    volumeMinMicrolitre: 5_000_000,
    tankMarginPpm: 100_000,
    declareMs: 3_600_000,
    revealMs: DAY,
    keyMs: 90 * DAY,
    anchorMs: YEAR,
    analysisMs: 60_000,
    vehiclesMin: 5,
    organizationsMin: 3,
    readingNoisePpm: 50_000,
    vehicleNoisePpm: 30_000,
    conformingSpreadPpm: 1_500,
    fraudSharePpm: 50_000,
    priorDispensers: 20,
    sequentialRatePpm: 5_000,
    posteriorRatePpm: 45_000,
    cusumMilli: 12_000,
    soundMilli: 3_000,
    soundShortagePpm: 20_000,
  } satisfies Settings,
} satisfies ParameterSet

/** Limits of a country; `undefined` when the parameters do not name it. */
export function limitsOf({ countries }: Settings, country: string): Settings['countries'][number] | undefined {
  return countries.find((limits) => limits.country === country)
}
