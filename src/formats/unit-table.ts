/**
 * The units and prefixes of the Digital System of Units (D-SI 2.2, PTB, rules R10 to R14 of its unit format), with the SI Brochure
 * (BIPM, 9th edition, tables 2 to 8) for their values.
 */

/** Exponents of second, metre, kilogram, ampere, kelvin, mole and candela, in this order (SI Brochure, table 3). */
export type Exponents = readonly [number, number, number, number, number, number, number]

/** value = numerator / denominator × 10^tens */
export interface Factor {
  readonly numerator: bigint
  readonly denominator: bigint
  readonly tens: number
}

/** `metric`: any prefix of the SI; `binary`: kibi to yobi, or a metric one above 1; `none`; `alone`: no prefix and no exponent. */
type PrefixRule = 'metric' | 'binary' | 'none' | 'alone'

export interface UnitDefinition {
  readonly symbol: string
  readonly dimension: Exponents
  /** To the coherent SI unit; absent where it is not an exact rational number, or where the unit is no multiple (°C, dB). */
  readonly factor?: Factor
  readonly prefixes: PrefixRule
  /** The prefix that it cannot have, since the D-SI has a unit of its own for it. */
  readonly notWith?: string
}

export interface PrefixDefinition {
  readonly symbol: string
  readonly kind: 'metric' | 'binary'
  readonly factor: Factor
}

const tens = (power: number): Factor => ({ numerator: 1n, denominator: 1n, tens: power })
const times = (numerator: bigint, power = 0, denominator = 1n): Factor => ({ numerator, denominator, tens: power })

const METRIC: readonly (readonly [string, string, number])[] = [
  ['quetta', 'Q', 30],
  ['ronna', 'R', 27],
  ['yotta', 'Y', 24],
  ['zetta', 'Z', 21],
  ['exa', 'E', 18],
  ['peta', 'P', 15],
  ['tera', 'T', 12],
  ['giga', 'G', 9],
  ['mega', 'M', 6],
  ['kilo', 'k', 3],
  ['hecto', 'h', 2],
  ['deca', 'da', 1],
  ['deci', 'd', -1],
  ['centi', 'c', -2],
  ['milli', 'm', -3],
  ['micro', 'µ', -6],
  ['nano', 'n', -9],
  ['pico', 'p', -12],
  ['femto', 'f', -15],
  ['atto', 'a', -18],
  ['zepto', 'z', -21],
  ['yocto', 'y', -24],
  ['ronto', 'r', -27],
  ['quecto', 'q', -30],
]

const BINARY = ['kibi', 'mebi', 'gibi', 'tebi', 'pebi', 'exbi', 'zebi', 'yobi'] as const

export const PREFIXES: ReadonlyMap<string, PrefixDefinition> = new Map([
  ...METRIC.map(([name, symbol, power]): [string, PrefixDefinition] => [
    name,
    { symbol, kind: 'metric', factor: tens(power) },
  ]),
  ...BINARY.map((name, i): [string, PrefixDefinition] => [
    name,
    { symbol: `${name.slice(0, 1).toUpperCase()}i`, kind: 'binary', factor: times(1024n ** BigInt(i + 1)) },
  ]),
])

const NONE: Exponents = [0, 0, 0, 0, 0, 0, 0]
const TIME: Exponents = [1, 0, 0, 0, 0, 0, 0]
const LENGTH: Exponents = [0, 1, 0, 0, 0, 0, 0]
const AREA: Exponents = [0, 2, 0, 0, 0, 0, 0]
const VOLUME: Exponents = [0, 3, 0, 0, 0, 0, 0]
const SPEED: Exponents = [-1, 1, 0, 0, 0, 0, 0]
const MASS: Exponents = [0, 0, 1, 0, 0, 0, 0]
const TEMPERATURE: Exponents = [0, 0, 0, 0, 1, 0, 0]
const ENERGY: Exponents = [-2, 2, 1, 0, 0, 0, 0]
const PRESSURE: Exponents = [-2, -1, 1, 0, 0, 0, 0]
const CHARGE: Exponents = [1, 0, 0, 1, 0, 0, 0]
const DOSE: Exponents = [-2, 2, 0, 0, 0, 0, 0]

/** Exact but for the prefix rule, which most units share. */
function unit(
  symbol: string,
  dimension: Exponents,
  factor: Factor | undefined,
  prefixes: PrefixRule = 'metric',
): UnitDefinition {
  return factor === undefined ? { symbol, dimension, prefixes } : { symbol, dimension, factor, prefixes }
}

const ONE = tens(0)
/** Measured, irrational or logarithmic: there is no exact factor. */
const INEXACT = undefined

export const UNITS: ReadonlyMap<string, UnitDefinition> = new Map<string, UnitDefinition>([
  // SI base units, with `one` for quantities of the dimension one
  ['metre', unit('m', LENGTH, ONE)],
  ['kilogram', unit('kg', MASS, ONE, 'none')],
  ['second', unit('s', TIME, ONE)],
  ['ampere', unit('A', [0, 0, 0, 1, 0, 0, 0], ONE)],
  ['kelvin', unit('K', TEMPERATURE, ONE)],
  ['mole', unit('mol', [0, 0, 0, 0, 0, 1, 0], ONE)],
  ['candela', unit('cd', [0, 0, 0, 0, 0, 0, 1], ONE)],
  ['one', unit('1', NONE, ONE, 'alone')],
  // derived units with names of their own (SI Brochure, table 4), and the gram
  ['gram', { ...unit('g', MASS, tens(-3)), notWith: 'kilo' }],
  ['radian', unit('rad', NONE, ONE)],
  ['steradian', unit('sr', NONE, ONE)],
  ['hertz', unit('Hz', [-1, 0, 0, 0, 0, 0, 0], ONE)],
  ['newton', unit('N', [-2, 1, 1, 0, 0, 0, 0], ONE)],
  ['pascal', unit('Pa', PRESSURE, ONE)],
  ['joule', unit('J', ENERGY, ONE)],
  ['watt', unit('W', [-3, 2, 1, 0, 0, 0, 0], ONE)],
  ['coulomb', unit('C', CHARGE, ONE)],
  ['volt', unit('V', [-3, 2, 1, -1, 0, 0, 0], ONE)],
  ['farad', unit('F', [4, -2, -1, 2, 0, 0, 0], ONE)],
  ['ohm', unit('Ω', [-3, 2, 1, -2, 0, 0, 0], ONE)],
  ['siemens', unit('S', [3, -2, -1, 2, 0, 0, 0], ONE)],
  ['weber', unit('Wb', [-2, 2, 1, -1, 0, 0, 0], ONE)],
  ['tesla', unit('T', [-2, 0, 1, -1, 0, 0, 0], ONE)],
  ['henry', unit('H', [-2, 2, 1, -2, 0, 0, 0], ONE)],
  ['degreecelsius', unit('°C', TEMPERATURE, INEXACT, 'none')],
  ['lumen', unit('lm', [0, 0, 0, 0, 0, 0, 1], ONE)],
  ['lux', unit('lx', [0, -2, 0, 0, 0, 0, 1], ONE)],
  ['becquerel', unit('Bq', [-1, 0, 0, 0, 0, 0, 0], ONE)],
  ['gray', unit('Gy', DOSE, ONE)],
  ['sievert', unit('Sv', DOSE, ONE)],
  ['katal', unit('kat', [-1, 0, 0, 0, 0, 1, 0], ONE)],
  ['percent', unit('%', NONE, tens(-2), 'alone')],
  ['ppm', unit('ppm', NONE, tens(-6), 'alone')],
  // units accepted for use with the SI (SI Brochure, table 8), and those that the D-SI takes besides
  ['minute', unit('min', TIME, times(60n), 'none')],
  ['hour', unit('h', TIME, times(3600n), 'none')],
  ['day', unit('d', TIME, times(86_400n), 'none')],
  ['astronomicalunit', unit('au', LENGTH, times(149_597_870_700n))],
  ['degree', unit('°', NONE, INEXACT)],
  ['arcminute', unit('′', NONE, INEXACT)],
  ['arcsecond', unit('″', NONE, INEXACT)],
  ['hectare', unit('ha', AREA, tens(4), 'none')],
  ['litre', unit('L', VOLUME, tens(-3))],
  ['tonne', unit('t', MASS, tens(3))],
  ['dalton', unit('Da', MASS, INEXACT)],
  ['atomicmassunit', unit('u', MASS, INEXACT)],
  ['electronvolt', unit('eV', ENERGY, times(1_602_176_634n, -28))],
  ['neper', unit('Np', NONE, INEXACT)],
  ['bel', { ...unit('B', NONE, INEXACT), notWith: 'deci' }],
  ['decibel', unit('dB', NONE, INEXACT, 'none')],
  ['nauticalmile', unit('NM', LENGTH, times(1852n))],
  ['knot', unit('kn', SPEED, times(1852n, 0, 3600n))],
  ['angstrom', unit('Å', LENGTH, tens(-10))],
  ['barn', unit('b', AREA, tens(-28))],
  ['bit', unit('bit', NONE, ONE, 'binary')],
  ['byte', unit('B', NONE, times(8n), 'binary')],
  // units that the D-SI reads but advises against
  ['bar', unit('bar', PRESSURE, tens(5))],
  ['mmHg', unit('mmHg', PRESSURE, times(133_322_387_415n, -9), 'none')],
  ['clight', unit('c', SPEED, times(299_792_458n))],
  ['elementarycharge', unit('e', CHARGE, times(1_602_176_634n, -28))],
  ['electronmass', unit('mₑ', MASS, INEXACT)],
  ['bohr', unit('a₀', LENGTH, INEXACT)],
  ['hartree', unit('Eₕ', ENERGY, INEXACT)],
  ['planckbar', unit('ħ', [-1, 2, 1, 0, 0, 0, 0], INEXACT)],
  ['atomicunittime', unit('a.u. time', TIME, INEXACT)],
  ['naturalunittime', unit('n.u. time', TIME, INEXACT)],
])
