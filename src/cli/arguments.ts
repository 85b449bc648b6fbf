import { readFileSync } from 'node:fs'
import { EtalonError } from '../base/errors.js'
import { readTextFile } from './files.js'

/** Reads arguments of a call: JSON, `@FILE`, or `-` for standard input. @throws EtalonError `cli/bad-arguments` */
export function readArguments(text: string): Readonly<Record<string, unknown>> {
  const source = text === '-' ? 'standard input' : text.startsWith('@') ? text.slice(1) : 'the arguments'
  const json = text === '-' ? readFileSync(0, 'utf8') : text.startsWith('@') ? readTextFile(text.slice(1)) : text
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw badArguments(`${source}: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw badArguments(`${source}: a JSON object is expected`)
}

function badArguments(message: string): EtalonError {
  const remedy = 'give one JSON object in single quotes, @FILE to read it from a file, or - for standard input'
  return new EtalonError('cli/bad-arguments', message, remedy)
}
