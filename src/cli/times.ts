import { usage } from './output.js'

/**
 * Reads a time: ISO 8601 with a zone, or milliseconds since 1970.
 * @throws EtalonError `cli/usage`
 */
export function readTime(option: string, text: string): number {
  const ms = /^[0-9]{1,15}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  throw usage(`${option} cannot be ${text}`, 'write it like 2026-03-01T12:00:00Z, or as milliseconds since 1970')
}

export const optionalTime = (option: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : readTime(option, text)

export const shownTime = (timeMs: number): string => new Date(timeMs).toISOString()
