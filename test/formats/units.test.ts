import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDecimal } from '../../src/formats/decimal.js'
import { PREFIXES, UNITS } from '../../src/formats/unit-table.js'
import {
  convertUnit,
  EXPONENT_MAX,
  parseUnit,
  sameDimension,
  UNIT_FACTORS_MAX,
  UNIT_LENGTH_MAX,
  type Unit,
} from '../../src/formats/units.js'

interface Vectors {
  readonly valid: readonly string[]
  readonly invalid: readonly string[]
  readonly factors: readonly (readonly [string, string, string | null])[]
}

const vectors = JSON.parse(readFileSync('test/vectors/dsi/units.json', 'utf8')) as Vectors

function unit(text: string): Unit {
  const parsed = parseUnit(text)
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`)
  return parsed
}

const problemOf = (text: string): string => {
  const parsed = parseUnit(text)
  return 'problem' in parsed ? parsed.problem : ''
}

/** What PTB's expression does not take although the D-SI has it, and parts that are too many for us. */
const TAKEN_BESIDES = /\\(gram|bel)(?![a-z])/

describe('parseUnit against the vectors of dsiUnits', () => {
  it('reads every notation that is valid', () => {
    expect(vectors.valid.length).toBeGreaterThan(1_500)
    expect(vectors.valid.filter((text) => 'problem' in parseUnit(text))).toEqual([])
  })

  it('reads no notation that is invalid', () => {
    expect(vectors.invalid.length).toBeGreaterThan(1_000)
    expect(vectors.invalid.filter((text) => !('problem' in parseUnit(text)) && !TAKEN_BESIDES.test(text))).toEqual([])
  })

  it('its canonical form is one, and means the same', () => {
    for (const text of vectors.valid) {
      const first = unit(text)
      const again = unit(first.canonical)
      expect(again.canonical).toBe(first.canonical)
      expect(sameDimension(first, again), text).toBe(true)
      expect(again.factor).toEqual(first.factor)
    }
  })

  it.each(vectors.factors)('%s in %s', (a, b, factor) => {
    const converted = convertUnit('1', unit(b), unit(a), 40, 'half-even')
    if (factor === null) {
      expect(converted).toBeUndefined()
      return
    }
    const value = Number(converted === undefined ? 'NaN' : formatDecimal(converted))
    expect(Math.abs(value / Number(factor) - 1)).toBeLessThan(1e-14)
  })
})

describe('parseUnit', () => {
  it.each([
    ['\\kilo\\watt\\hour', '\\kilo\\watt\\hour', 'kW h'],
    ['\\metre\\tothe{1}', '\\metre', 'm'],
    ['\\metre\\tothe{2.0}', '\\metre\\tothe{2}', 'm²'],
    ['\\metre\\metre', '\\metre\\tothe{2}', 'm²'],
    ['\\metre\\second\\tothe{-2}', '\\metre\\per\\second\\tothe{2}', 'm/s²'],
    ['\\second\\tothe{-1}', '\\second\\tothe{-1}', 's⁻¹'],
    ['\\one\\per\\second', '\\second\\tothe{-1}', 's⁻¹'],
    ['\\volt\\per\\hertz\\tothe{0.5}', '\\volt\\per\\hertz\\tothe{1_2}', 'V/Hz¹ᐟ²'],
    ['\\joule\\per\\kilogram\\kelvin', '\\joule\\per\\kilogram\\kelvin', 'J/(kg K)'],
    ['\\metre\\per\\metre', '\\one', '1'],
    ['\\one\\per\\percent', '\\one\\per\\percent', '1/%'],
    ['\\percent\\percent', '\\percent\\percent', '%²'],
    ['\\degreecelsius', '\\degreecelsius', '°C'],
  ])('%s is %s', (text, canonical, symbol) => {
    expect(unit(text)).toMatchObject({ canonical, symbol })
  })

  it('gives the dimension in twelfths of the exponents of the base units', () => {
    const none = { second: 0, metre: 0, kilogram: 0, ampere: 0, kelvin: 0, mole: 0, candela: 0 }
    expect(unit('\\kilo\\watt\\hour').dimension).toEqual({ ...none, second: -24, metre: 24, kilogram: 12 })
    expect(unit('\\volt\\per\\hertz\\tothe{1_2}').dimension).toMatchObject({ second: -30, ampere: -12 })
    expect(unit('\\percent').dimension).toEqual(none)
  })

  it.each([
    ['', 'the unit is empty; a number without one has the unit \\one'],
    ['kWh', 'character 1 of the unit is not the beginning of \\word'],
    ['\\kilo \\watt', 'character 6 of the unit is not the beginning of \\word'],
    ['|kWh', 'character 1 of the unit is not the beginning of \\word'],
    ['\\meter', '\\meter is no unit or prefix of the D-SI'],
    ['\\kilo\\kilo\\metre', '\\kilo is no unit of the D-SI'],
    ['\\kilo', '\\kilo is a prefix without a unit'],
    ['\\kilo\\gram', '\\kilo\\gram is written \\kilogram'],
    ['\\deci\\bel', '\\deci\\bel is written \\decibel'],
    ['\\kilo\\hour', '\\hour has no prefix'],
    ['\\milli\\percent', '\\percent has no prefix'],
    ['\\percent\\tothe{2}', '\\percent has no exponent'],
    ['\\kibi\\metre', '\\kibi stands with \\bit and \\byte only'],
    ['\\milli\\byte', '\\byte has no prefix below one'],
    ['\\tothe{2}', '\\tothe stands after a unit'],
    ['\\metre{2}', '\\metre takes no braces'],
    ['\\kilo{2}\\metre', '\\kilo takes no braces'],
    ['\\metre\\per{2}\\second', '\\per takes no braces'],
    ['\\per\\second', 'nothing stands before \\per; write \\one\\per…, or a negative exponent'],
    ['\\metre\\per', 'nothing stands after \\per'],
    ['\\metre\\per\\second\\per\\second', '\\per may stand once; all that comes after it is in the denominator'],
    ['\\constructor', '\\constructor is no unit or prefix of the D-SI'],
  ])('refuses %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })

  it.each(['0', '13', '-13', '0.1', '1_0', '1_5', '0.5_2', '', 'x', '1e1', '99', '1_-2'])(
    'refuses the exponent %s',
    (text) => {
      expect(problemOf(`\\metre\\tothe{${text}}`)).toMatch(/^an exponent is|is not the beginning/)
    },
  )

  it('holds its bounds', () => {
    expect(problemOf('\\metre\\second'.repeat(UNIT_FACTORS_MAX / 2))).toBe('')
    expect(problemOf(`${'\\metre\\second'.repeat(UNIT_FACTORS_MAX / 2)}\\metre`)).toBe(
      `a unit has at most ${UNIT_FACTORS_MAX} parts`,
    )
    expect(problemOf('\\metre\\tothe{8}\\metre\\tothe{5}')).toBe('exponents of one unit add up to more than 12')
    const prefixes = ['ronna', 'yotta', 'zetta', 'hecto', 'centi', 'milli', 'micro', 'femto', 'zepto', 'quetta']
    const long = prefixes.map((prefix) => `\\${prefix}\\elementarycharge`).join('')
    expect(`${long}\\coulomb\\kelvin\\tothe{-2}`).toHaveLength(UNIT_LENGTH_MAX)
    expect(problemOf(`${long}\\coulomb\\kelvin\\tothe{-2}`)).toMatch(/^the canonical form has more than/)
    expect(problemOf(`${long}\\gram\\kelvin\\tothe{-2}`)).toBe('')
    expect(problemOf('\\'.repeat(UNIT_LENGTH_MAX + 1))).toBe(`a unit has at most ${UNIT_LENGTH_MAX} characters`)
    expect(unit(`\\quetta\\metre\\tothe{${EXPONENT_MAX}}`).factor?.tens).toBe(30 * EXPONENT_MAX)
  })

  it('never throws', () => {
    const words = [...UNITS.keys(), ...PREFIXES.keys(), 'per', 'tothe{2}', 'tothe{-1_2}', 'x', '']
    const notation = fc.array(fc.constantFrom(...words), { maxLength: 24 }).map((them) => `\\${them.join('\\')}`)
    fc.assert(
      fc.property(fc.oneof(fc.string(), notation), (text) => {
        const parsed = parseUnit(text)
        if ('problem' in parsed) return parsed.problem.length > 0
        return unit(parsed.canonical).canonical === parsed.canonical
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('convertUnit', () => {
  it.each([
    ['1.50', '\\kilo\\watt\\hour', '\\joule', 0, '5400000'],
    ['36', '\\kilo\\metre\\per\\hour', '\\metre\\per\\second', 2, '10.00'],
    ['1', '\\knot', '\\metre\\per\\second', 6, '0.514444'],
    ['-0.5', '\\metre', '\\metre', 0, '0'],
  ])('%s %s in %s', (value, from, to, places, expected) => {
    const converted = convertUnit(value, unit(from), unit(to), places, 'half-even')
    expect(converted && formatDecimal(converted)).toBe(expected)
  })

  it.each([
    ['metres in seconds', '1', '\\metre', '\\second'],
    ['degrees Celsius, which are no multiple of the kelvin', '1', '\\degreecelsius', '\\kelvin'],
    ['a root of a prefixed unit', '1', '\\kilo\\hertz\\tothe{0.5}', '\\hertz\\tothe{0.5}'],
    ['what is no number', 'x', '\\metre', '\\metre'],
  ])('does not give %s', (_, value, from, to) => {
    expect(convertUnit(value, unit(from), unit(to), 3, 'half-even')).toBeUndefined()
  })
})
