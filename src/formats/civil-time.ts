import type { Problem } from './problem.js'

/**
 * Dates of signed records, as milliseconds since 1970 UTC. Integer arithmetic of the proleptic Gregorian calendar: contracts have
 * no clock and no `Date`.
 */

const DAY_MS = 86_400_000
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** Days from 1970-01-01 to the first day of a year from 1970 on. */
function daysBeforeYear(year: number): number {
  const leapsBefore = (before: number) => Math.trunc(before / 4) - Math.trunc(before / 100) + Math.trunc(before / 400)
  return (year - 1970) * 365 + leapsBefore(year - 1) - leapsBefore(1969)
}

/** Days since 1970-01-01; `undefined` when there is no such day, or it is before 1970. */
function daysOf(year: number, month: number, day: number): number | undefined {
  const length = (MONTH_DAYS[month - 1] ?? 0) + (month === 2 && isLeap(year) ? 1 : 0)
  if (year < 1970 || day < 1 || day > length) return undefined
  const before = MONTH_DAYS.slice(0, month - 1).reduce((sum, days) => sum + days, 0)
  return daysBeforeYear(year) + before + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
}

/** ISO 8601 as OCMF has it: comma before the milliseconds, and the offset of the zone as sign and four digits. */
const OCMF_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2}),(\d{3})([+-])(\d{2})(\d{2})$/

/** Reads `2018-07-24T13:22:04,000+0200`. */
export function parseOcmfTime(text: string): { readonly timeMs: number } | Problem {
  const problem = { problem: `${text.slice(0, 40)} is not a time like 2018-07-24T13:22:04,000+0200, from 1970 on` }
  const match = OCMF_TIME.exec(text)
  if (match === null) return problem
  const [year, month, day, hours, minutes, seconds, milliseconds] = match.slice(1, 8).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const days = daysOf(year, month, day)
  const [offsetHours, offsetMinutes] = [Number(match[9]), Number(match[10])]
  if (days === undefined || hours > 23 || minutes > 59 || seconds > 59) return problem
  if (offsetHours > 14 || offsetMinutes > 59) return problem
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (match[8] === '-' ? -1 : 1)
  const timeMs = days * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds - offsetMs
  return timeMs < 0 ? problem : { timeMs }
}
