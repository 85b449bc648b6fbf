import { describe, expect, it } from 'vitest'
import { DISTRIBUTION_LENGTH_MAX, parseQuantity, type QuantityText } from '../../src/formats/quantity.js'

const GOOD: QuantityText = {
  value: '12.50',
  unit: '\\kilo\\watt\\hour',
  uncertainty: '0.10',
  coverageFactor: '2',
  coverageProbability: '0.95',
  distribution: 'normal',
}

/** D-SI 2.2, realQuantityType with expandedMU; GUM (JCGM 100), clause 6. */
describe('parseQuantity', () => {
  it('keeps the texts, trailing zeros included', () => {
    const quantity = parseQuantity(GOOD)
    expect(quantity).toMatchObject({
      text: GOOD,
      value: { unscaled: 1250n, places: 2 },
      expanded: { uncertainty: { unscaled: 10n, places: 2 } },
    })
  })

  it('takes a value without uncertainty, and gives the unit in its canonical form', () => {
    expect(parseQuantity({ value: '1', unit: '\\metre\\metre' })).toMatchObject({
      text: { value: '1', unit: '\\metre\\tothe{2}' },
    })
  })

  it.each<[string, Partial<Record<keyof QuantityText, string | undefined>>, string]>([
    ['a value', { value: '1,5' }, 'the value is not a decimal number'],
    ['a unit', { unit: '\\kWh' }, '\\kWh is no unit or prefix of the D-SI'],
    [
      'a missing factor',
      { coverageFactor: undefined },
      'uncertainty, coverageFactor and coverageProbability stand together',
    ],
    [
      'a missing probability',
      { coverageProbability: undefined },
      'uncertainty, coverageFactor and coverageProbability stand together',
    ],
    [
      'a missing uncertainty',
      { uncertainty: undefined },
      'uncertainty, coverageFactor and coverageProbability stand together',
    ],
    ['a negative uncertainty', { uncertainty: '-0.1' }, 'the uncertainty is not a decimal number of at least 0'],
    ['a factor below one', { coverageFactor: '0.99' }, 'the coverage factor is not a decimal number of at least 1'],
    [
      'a probability in percent',
      { coverageProbability: '95' },
      'the coverage probability is not a decimal number from 0 to 1',
    ],
    [
      'a distribution',
      { distribution: 'x'.repeat(DISTRIBUTION_LENGTH_MAX + 1) },
      `a distribution is named with at most ${DISTRIBUTION_LENGTH_MAX} letters`,
    ],
  ])('refuses %s', (_, change, problem) => {
    expect(parseQuantity({ ...GOOD, ...change } as QuantityText)).toEqual({ problem })
  })

  it('refuses a distribution without an uncertainty', () => {
    expect(parseQuantity({ value: '1', unit: '\\metre', distribution: 'normal' })).toEqual({
      problem: 'a distribution belongs to an uncertainty',
    })
  })
})
