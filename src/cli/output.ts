import { EtalonError } from '../base/errors.js'

/** Exit statuses that scripts rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** What a person reads while a command works goes to standard error; standard output is for the result. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** The result as one line of JSON, the last of standard output. */
export function printJson(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Prints a command's result on standard output: one line of JSON where `--json` was given, else the text for people. */
export function printResult(json: boolean | undefined, result: unknown, text: string): void {
  if (json === true) printJson(result)
  else process.stdout.write(`${text}\n`)
}

/** Says an error the way a person can act on it. */
export function sayError(error: unknown): void {
  const known = knownError(error)
  if (known !== undefined) {
    say(`error ${known.code}: ${known.message}\n  what to do: ${known.remedy}`)
    return
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
}

/** An error as a script reads it. */
export function errorDocument(error: unknown): {
  readonly code: string
  readonly message: string
  readonly remedy: string
} {
  const { code, message, remedy } = knownError(error) ?? {
    code: 'cli/bug',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'this is a bug: report it with what stands on standard error',
  }
  return { code, message, remedy }
}

/** An error of ours as it is, one of the file system with a remedy; nothing for a bug. */
function knownError(error: unknown): EtalonError | undefined {
  if (error instanceof EtalonError) return error
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (!(error instanceof Error) || code === undefined || syscall === undefined) return undefined
  return new EtalonError('system/refused', error.message, 'check the path, the permissions and the space on the disk')
}

/** The exit status for an error: 2 where the command was called in a wrong way, which includes files that are in the way. */
export function exitOf(error: unknown): number {
  const code = knownError(error)?.code ?? ''
  return code.startsWith('cli/') || code.endsWith('/exists') ? EXIT.usage : EXIT.failed
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a duration such as `500ms`, `20s`, `2m` or `7d`, in ms.
 * @throws EtalonError `cli/usage`
 */
export function readDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text)
  const unit = UNITS[match?.[2] ?? '']
  if (match === null || unit === undefined)
    throw usage(`${text} is not a duration`, 'write it like 500ms, 20s, 2m or 7d')
  return Math.round(Number(match[1]) * unit)
}

/** Reads a whole number within bounds. @throws EtalonError `cli/usage` */
export function readInteger(option: string, text: string, min: number, max: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw usage(`${option} cannot be ${text}`, `give a whole number from ${min} to ${max}`)
  return value
}

export function usage(message: string, remedy: string): EtalonError {
  return new EtalonError('cli/usage', message, remedy)
}
