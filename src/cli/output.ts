import { EtalonError } from '../base/errors.js'

/** Exit statuses that scripts rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** What a person reads goes to standard error; standard output is for the result. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** The result as one line of JSON, the last of standard output. */
export function printJson(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Says an error the way a person can act on it. */
export function sayError(error: unknown): void {
  if (error instanceof EtalonError) {
    say(`error ${error.code}: ${error.message}\n  what to do: ${error.remedy}`)
    return
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * Reads a duration such as `20s`, `500ms` or `2m`, in ms.
 * @throws EtalonError `cli/usage`
 */
export function readDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/.exec(text)
  const unit = UNITS[match?.[2] ?? '']
  if (match === null || unit === undefined) throw usage(`${text} is not a duration`, 'write it like 20s, 500ms or 2m')
  return Math.round(Number(match[1]) * unit)
}

export function usage(message: string, remedy: string): EtalonError {
  return new EtalonError('cli/usage', message, remedy)
}
