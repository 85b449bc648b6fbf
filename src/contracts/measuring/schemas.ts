import { type Static, Type } from 'typebox'
import { Name, Time } from '../limits.js'

/** Inputs and parameters of the shipped algorithms: integers in named units. */

export const PASSAGES_MAX = 16
export const AXLES_MAX = 8
export const TARIFFS_MAX = 8
export const BANDS_MAX = 32
export const OFFSETS_MAX = 32
/** A month of quarters of an hour. */
export const INTERVALS_MAX = 2_976
/** Times of sensors: 104 days in nanoseconds fit an integer. */
export const SENSOR_NANOSECOND_MAX = Number.MAX_SAFE_INTEGER

const closed = { additionalProperties: false } as const
const upTo = (maximum: number, minimum = 0) => Type.Integer({ minimum, maximum })

const Ppm = upTo(1_000_000)
const Nanosecond = upTo(SENSOR_NANOSECOND_MAX)
const Newton = upTo(10_000_000)
const Percent = upTo(100)
const Minute = upTo(1_439)

export const SpeedInputsSchema = Type.Object(
  {
    passages: Type.Array(Type.Object({ firstNanosecond: Nanosecond, secondNanosecond: Nanosecond }, closed), {
      minItems: 1,
      maxItems: PASSAGES_MAX,
    }),
    /** The true speed, where the system is being tested. */
    reference: Type.Optional(Type.Object({ centiKilometrePerHour: upTo(100_000) }, closed)),
  },
  closed,
)

export const SpeedParametersSchema = Type.Object(
  {
    baseLengthMicrometre: upTo(100_000_000, 1),
    /** Standard uncertainties. */
    baseLengthUncertaintyMicrometre: upTo(1_000_000),
    timeUncertaintyNanosecond: upTo(1_000_000_000),
    mpe: Type.Object(
      { fixedCentiKilometrePerHour: upTo(10_000), fixedUpToCentiKilometrePerHour: upTo(100_000), abovePpm: Ppm },
      closed,
    ),
  },
  closed,
)

export const BrakeInputsSchema = Type.Object(
  {
    axles: Type.Array(
      Type.Object({ leftForceNewton: Newton, rightForceNewton: Newton, weightNewton: Newton }, closed),
      { minItems: 1, maxItems: AXLES_MAX },
    ),
    parking: Type.Object({ leftForceNewton: Newton, rightForceNewton: Newton }, closed),
  },
  closed,
)

export const BrakeParametersSchema = Type.Object(
  {
    heavyAboveKilogram: upTo(1_000_000),
    imbalancePercentMax: Percent,
    parkingPercentMin: Percent,
    heavyPercentMin: Percent,
    lightPercentMin: Percent,
    /** Relative standard uncertainties of forces and weights. */
    forceUncertaintyPpm: Ppm,
    weightUncertaintyPpm: Ppm,
  },
  closed,
)

export const EnergyInputsSchema = Type.Object(
  {
    startMs: Time,
    intervalMinutes: Type.Union([Type.Literal(15), Type.Literal(30), Type.Literal(60)]),
    /** One after another, without a gap. */
    energyWattHour: Type.Array(upTo(1_000_000_000), { minItems: 1, maxItems: INTERVALS_MAX }),
  },
  closed,
)

export const EnergyParametersSchema = Type.Object(
  {
    currency: Type.String({ minLength: 3, maxLength: 3, pattern: '^[A-Z]{3}$' }),
    tariffs: Type.Array(
      /** Price of a kilowatt hour in millionths of the currency. */
      Type.Object({ name: Name, priceMicro: upTo(1_000_000_000) }, closed),
      { minItems: 1, maxItems: TARIFFS_MAX },
    ),
    bands: Type.Array(
      Type.Object(
        { days: Type.Union([Type.Literal('workday'), Type.Literal('weekend')]), fromMinute: Minute, tariff: Name },
        closed,
      ),
      { minItems: 2, maxItems: BANDS_MAX },
    ),
    /** Local time is UTC plus so many minutes, from a time on. */
    offsets: Type.Array(Type.Object({ fromMs: Time, minutes: upTo(840, -720) }, closed), {
      minItems: 1,
      maxItems: OFFSETS_MAX,
    }),
    /** Expanded (k = 2), relative to the energy. */
    energyUncertaintyPpm: Ppm,
  },
  closed,
)

export type SpeedInputs = Static<typeof SpeedInputsSchema>
export type SpeedParameters = Static<typeof SpeedParametersSchema>
export type BrakeInputs = Static<typeof BrakeInputsSchema>
export type BrakeParameters = Static<typeof BrakeParametersSchema>
export type EnergyInputs = Static<typeof EnergyInputsSchema>
export type EnergyParameters = Static<typeof EnergyParametersSchema>

/** Exactly one of them is given: that of the algorithm's kind. */
export const Inputs = Type.Object(
  {
    speed: Type.Optional(SpeedInputsSchema),
    brake: Type.Optional(BrakeInputsSchema),
    energy: Type.Optional(EnergyInputsSchema),
  },
  closed,
)
export const Parameters = Type.Object(
  {
    speed: Type.Optional(SpeedParametersSchema),
    brake: Type.Optional(BrakeParametersSchema),
    energy: Type.Optional(EnergyParametersSchema),
  },
  closed,
)
export type InputsOf = Static<typeof Inputs>
export type ParametersOf = Static<typeof Parameters>
