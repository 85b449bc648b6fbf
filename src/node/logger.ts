import { pino } from 'pino'
import type { Logger } from '../ports.js'

/** Structured logs on standard error, so that standard output stays a command's own. */
export function createLogger(level: string, fields: Readonly<Record<string, unknown>> = {}): Logger {
  return pino({ level, base: fields }, pino.destination({ fd: 2, sync: true }))
}
