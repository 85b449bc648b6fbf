import { describe, expect, it } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import type { Round } from '../../src/sim/fault.js'
import { History } from '../../src/sim/history.js'
import { GOOD_LINK } from '../../src/sim/network.js'
import { makePlan, type Plan } from '../../src/sim/plan.js'
import { runSeed } from '../../src/sim/run-seed.js'

const HOURS = 0.03
const quiet: Round = { lastsMs: 15_000, restMs: 2_000, faults: [] }

/** A plan with these rounds, for four honest replicas. */
const planWith = (...rounds: readonly Round[]): Plan => ({ n: 4, link: GOOD_LINK, rounds })

describe('a history', () => {
  it('is the same for the same seed, and another for another', async () => {
    const first = await runSeed(2, HOURS, makePlan(2, HOURS))
    const again = await runSeed(2, HOURS, makePlan(2, HOURS))
    const other = await runSeed(3, HOURS, makePlan(3, HOURS))
    expect(again.result.hash).toBe(first.result.hash)
    expect(again.transcript).toEqual(first.transcript)
    expect(other.result.hash).not.toBe(first.result.hash)
  })

  it('holds under faults, and acknowledges transactions', async () => {
    const results = []
    for (let seed = 1; seed <= 5; seed++) results.push((await runSeed(seed, HOURS, makePlan(seed, HOURS))).result)
    expect(results.flatMap(({ violations }) => violations)).toEqual([])
    for (const { acknowledged, height, events } of results) {
      expect(acknowledged).toBeGreaterThan(0)
      expect(height).toBeGreaterThan(0)
      expect(events).toBeGreaterThan(1_000)
    }
    expect(results.reduce((sum, { faults }) => sum + Object.keys(faults).length, 0)).toBeGreaterThan(6)
  }, 60_000)

  it('survives a loss of power of all replicas at once, again and again', async () => {
    const power = (at: number) =>
      ({ kind: 'power-all', at, until: at + 500, targets: [0, 1, 2, 3], parameters: {} }) as const
    const round = { ...quiet, faults: [power(3_000), power(6_000), power(9_000)] }
    const { result } = await runSeed(5, HOURS, planWith(round, round))
    expect(result.violations).toEqual([])
    expect(result.faults).toEqual({ 'power-all': 6 })
  })

  it('finds that acknowledged transactions are lost when every disk is', async () => {
    const history = new History(3, planWith(quiet, quiet))
    const { world } = history
    // Else it is found sooner, by what they say.
    world.promises.check = () => undefined
    world.scheduler.after(20_000, () => {
      for (const machine of world.machines) {
        world.kill(machine)
        machine.database.clear()
        machine.disk.clear()
      }
      for (const machine of world.machines) world.start(machine)
    })
    const { violations } = await history.run(60_000)
    expect(violations.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['agreement']))
  })

  it('finds that nothing moves when more replicas are gone than may be', async () => {
    const gone = (target: number) =>
      ({ kind: 'lost-disk', at: 2_000, until: 3_000, targets: [target], parameters: {} }) as const
    const { result } = await runSeed(4, HOURS, planWith({ ...quiet, faults: [gone(0), gone(1)] }))
    expect(result.violations.map(({ kind }) => kind)).toEqual(['stuck'])
  })

  it('takes a failure of production code for a violation', async () => {
    const history = new History(3, planWith(quiet))
    history.world.scheduler.after(5_000, () =>
      history.world.machine(2).process?.run(() => {
        throw new AssertionFailed('planted')
      }),
    )
    const { violations } = await history.run(60_000)
    expect(violations).toMatchObject([{ kind: 'crash', at: 5_000, replica: 2 }])
    expect(violations[0]?.detail).toContain('planted')
  })

  it('finds a replica that does not start for a reason of its own', async () => {
    const history = new History(3, { ...planWith(quiet), logBytesMax: 1024 * 1024 })
    const { world } = history
    world.scheduler.after(12_000, () => {
      world.kill(world.machine(1))
      world.machine(1).disk.flipBit('wal', 30)
      world.start(world.machine(1))
    })
    const { violations } = await history.run(60_000)
    expect(violations).toMatchObject([{ kind: 'crash', replica: 1 }])
    expect(violations[0]?.detail).toContain('The write-ahead log wal is damaged')
  })
})
