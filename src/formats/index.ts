export {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalOf,
  divideDecimals,
  divideRounded,
  formatDecimal,
  integerRoot,
  multiplyDecimals,
  parseDecimal,
  type Rounding,
  roundDecimal,
  subtractDecimals,
} from './decimal.js'
export { parseQuantity, type Quantity, type QuantityText } from './quantity.js'
export { convertUnit, type Dimension, type Problem, parseUnit, sameDimension, type Unit } from './units.js'
