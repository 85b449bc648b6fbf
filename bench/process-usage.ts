import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessUsage {
  /** User and system time of all its threads so far, µs. */
  readonly cpuMicros: number
  /** Most memory that it ever held, MiB. */
  readonly rssPeakMiB: number
}

let ticksPerSecond: number | undefined

/** What Linux accounts to a process (`/proc`); threads included. */
export function processUsage(pid: number): ProcessUsage {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may hold anything; the numbers come after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const peak = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpuMicros: (ticks / ticksPerSecond) * 1_000_000, rssPeakMiB: Number(peak ?? 0) / 1_024 }
}
