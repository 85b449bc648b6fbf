import { readInteger } from './output.js'

/** Options that several commands of `etalon meter` have. */

/** Members may be missing, and are not undefined. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without members that were not given. */
export function defined<T extends object>(options: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}

/** Keys of one instrument at most. */
const KEY_NUMBER_MAX = 16
const WHOLE_MAX = 999_999_999_999_999

export const keyNumber = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : readInteger('--number', text, 1, KEY_NUMBER_MAX)

export const wholeNumber = (option: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : readInteger(option, text, 0, WHOLE_MAX)
