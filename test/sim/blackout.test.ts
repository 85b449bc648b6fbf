import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/sim/fault.js'
import { GOOD_LINK } from '../../src/sim/network.js'
import { runSeed } from '../../src/sim/run-seed.js'

const HOURS = 0.02

async function run(seed: number, faults: readonly Fault[], lastsMs = 30_000) {
  const rounds = [{ lastsMs, restMs: 1_000, faults }]
  return runSeed(seed, HOURS, { n: 4, link: GOOD_LINK, logBytesMax: 2_048, rounds })
}

describe('a fault that waits', () => {
  it('blackout: strikes when heights are executed and not final, and what one alone knows is final stays so', async () => {
    const blackout = (at: number, lone: number, depth: number): Fault => ({
      kind: 'blackout',
      at,
      until: at + 6_000,
      targets: [lone],
      parameters: { depth, holdMs: 5, lone: 1 },
    })
    const { result, transcript } = await run(5, [blackout(2_000, 0, 2), blackout(10_000, 1, 1), blackout(18_000, 2, 1)])
    expect(result.violations).toEqual([])
    expect(result.counts.get('blackouts')).toBeGreaterThan(1)
    expect(transcript.notable.filter((line) => line.includes('all but r')).length).toBeGreaterThan(1)
  })

  it('compaction: strikes before, within and after the log is rewritten', async () => {
    const faults = Array.from(
      { length: 10 },
      (_, i): Fault => ({
        kind: 'compaction',
        at: 1_000 + 3_000 * i,
        until: 3_900 + 3_000 * i,
        targets: [i % 4],
        parameters: { step: i % 5, power: 1 },
      }),
    )
    const { result } = await run(7, faults, 35_000)
    expect(result.violations).toEqual([])
    const cut = [...result.counts].filter(([name]) => name.startsWith('compactions-cut'))
    expect(cut.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(3)
  })

  it('old-disk: a copy of an earlier start is told by the start counter, one of the same start by nothing', async () => {
    const old = (running: 0 | 1): Fault => ({
      kind: 'old-disk',
      at: 3_000,
      until: 12_000,
      targets: [1],
      parameters: { running },
    })
    const told = (await run(9, [old(0)])).result
    expect(told.violations).toEqual([])
    expect(told.counts.get('old-disks.noticed')).toBe(1)
    const untold = (await run(9, [old(1)])).result
    expect(untold.violations).toEqual([])
    expect(untold.counts.get('old-disks.unnoticed')).toBe(1)
  })

  it('restart: all replicas in turn, in order, and no leader is given up for it but by resigning', async () => {
    const faults = [0, 1, 2, 3].map(
      (target): Fault => ({
        kind: 'restart',
        at: 3_000 + 6_000 * target,
        until: 4_000 + 6_000 * target,
        targets: [target],
        parameters: {},
      }),
    )
    const { result } = await run(11, faults)
    expect(result.violations).toEqual([])
    expect(result.counts.get('regency-changes') ?? 0).toBeLessThanOrEqual(4 * 4)
  })
})
