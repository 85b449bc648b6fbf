import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDecimals,
  compareDecimals,
  DECIMAL_LENGTH_MAX,
  type Decimal,
  decimalOf,
  divideDecimals,
  divideRounded,
  formatDecimal,
  integerRoot,
  multiplyDecimals,
  parseDecimal,
  roundDecimal,
  subtractDecimals,
} from '../../src/formats/decimal.js'

const read = (text: string): Decimal => {
  const decimal = parseDecimal(text)
  if (decimal === undefined) throw new Error(text)
  return decimal
}

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 20 }))
  .map(([unscaled, places]) => decimalOf(unscaled, places))

describe('decimal numbers', () => {
  it.each([
    ['0.50', '0.50'],
    ['-12.500', '-12.500'],
    ['+7', '7'],
    ['3e-4', '0.0003'],
    ['3.10E2', '310'],
    ['1.5e1', '15'],
    ['000', '0'],
    ['-0', '0'],
  ])('reads %s as %s', (text, written) => {
    expect(formatDecimal(read(text))).toBe(written)
  })

  it.each([
    '',
    '.5',
    '5.',
    '1,5',
    ' 1',
    '1 ',
    '0x1',
    'NaN',
    '1e61',
    '1e100',
    '--1',
    '١',
    '1'.repeat(DECIMAL_LENGTH_MAX + 1),
  ])('does not read %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })

  it('what is written is read again, trailing zeros included', () => {
    fc.assert(
      fc.property(decimals, (a) => {
        expect(read(formatDecimal(a))).toEqual(a)
      }),
    )
  })

  it('adds, subtracts, multiplies and compares exactly', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        // the oracle: integers at 40 places
        const scaled = ({ unscaled, places }: Decimal): bigint => unscaled * 10n ** BigInt(40 - places)
        expect(scaled(addDecimals(a, b))).toBe(scaled(a) + scaled(b))
        expect(scaled(subtractDecimals(a, b))).toBe(scaled(a) - scaled(b))
        expect(scaled(multiplyDecimals(a, b)) * 10n ** 40n).toBe(scaled(a) * scaled(b))
        expect(Math.sign(compareDecimals(a, b))).toBe(scaled(a) < scaled(b) ? -1 : scaled(a) > scaled(b) ? 1 : 0)
      }),
    )
  })

  it.each([
    ['half-even', ['2', '2', '4', '-2', '-2', '3', '-3']],
    ['half-up', ['2', '3', '4', '-2', '-3', '3', '-3']],
    ['up', ['2', '3', '4', '-2', '-3', '3', '-3']],
    ['down', ['1', '2', '3', '-1', '-2', '2', '-2']],
  ] as const)('rounds %s', (rounding, expected) => {
    const given = ['1.5', '2.5', '3.5', '-1.5', '-2.5', '2.51', '-2.51']
    expect(given.map((text) => formatDecimal(roundDecimal(read(text), 0, rounding)))).toEqual(expected)
  })

  it('a rounded quotient lies within half a unit of the last place', () => {
    fc.assert(
      fc.property(decimals, decimals, fc.integer({ min: 0, max: 10 }), (a, b, places) => {
        fc.pre(b.unscaled !== 0n)
        const q = divideDecimals(a, b, places, 'half-even')
        expect(q.places).toBe(places)
        const error = subtractDecimals(a, multiplyDecimals(q, b))
        const bound = multiplyDecimals(
          decimalOf(b.unscaled < 0n ? -b.unscaled : b.unscaled, b.places),
          decimalOf(5n, places + 1),
        )
        expect(
          compareDecimals(decimalOf(error.unscaled < 0n ? -error.unscaled : error.unscaled, error.places), bound),
        ).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('divides integers by the sign of the quotient', () => {
    expect([divideRounded(-7n, 2n, 'down'), divideRounded(7n, -2n, 'up'), divideRounded(6n, 3n, 'up')]).toEqual([
      -3n,
      -4n,
      2n,
    ])
  })

  it('takes integer roots', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 60n }), (n) => {
        const root = integerRoot(n)
        return root * root <= n && (root + 1n) * (root + 1n) > n
      }),
    )
  })
})
