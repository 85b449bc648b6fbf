import type { QuantityText } from '../formats/quantity.js'
import { parseUnit } from '../formats/units.js'

/** A quantity as a person reads it: `1325.121 ± 13.252 kg`. */
export function quantityText({ value, unit, uncertainty }: QuantityText): string {
  const read = parseUnit(unit)
  const symbol = 'problem' in read ? unit : read.symbol
  return uncertainty === undefined ? `${value} ${symbol}` : `${value} ± ${uncertainty} ${symbol}`
}
