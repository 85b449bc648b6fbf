import { isJsonNumber, isJsonObject, type JsonText, parseJsonText } from './json-text.js'
import { formatObis, parseObis } from './obis.js'
import { isProblem, type Problem } from './problem.js'
import { parseQuantity, type QuantityText } from './quantity.js'

/**
 * The quantity that a message in etalon's own formats, of fabpki or in a JWS states, where it is a JSON object with `value` and `unit` (D-SI): value and
 * uncertainty as they were written, as a number or a text, and its `obis` where it has one. Other messages state none, and are not looked into.
 */
export interface StatedQuantity extends QuantityText {
  /** All groups written. */
  readonly obis?: string | undefined
}

const NUMBERS = ['uncertainty', 'coverageFactor', 'coverageProbability'] as const

/** `undefined`: no quantity is stated. */
export function quantityOf(message: string): StatedQuantity | Problem | undefined {
  if (!message.startsWith('{')) return undefined
  const read = parseJsonText(message)
  if (isProblem(read) || !isJsonObject(read.value)) return undefined
  const members = read.value
  if (!members.has('unit') || !members.has('value')) return undefined
  const [value, unit, distribution, code] = ['value', 'unit', 'distribution', 'obis'].map((name) =>
    textOf(members.get(name)),
  )
  const numbers = NUMBERS.map((name) => [name, textOf(members.get(name))] as const)
  const given = numbers.filter(([, text]) => text !== undefined)
  const more = { ...Object.fromEntries(given), ...(distribution === undefined ? {} : { distribution }) }
  const quantity = parseQuantity({ value: value ?? '', unit: unit ?? '', ...more })
  if (isProblem(quantity)) return quantity
  if (code === undefined) return quantity.text
  const obis = parseObis(code)
  return isProblem(obis) ? obis : { ...quantity.text, obis: formatObis(obis) }
}

function textOf(value: JsonText | undefined): string | undefined {
  if (isJsonNumber(value)) return value.number
  return typeof value === 'string' ? value : undefined
}
