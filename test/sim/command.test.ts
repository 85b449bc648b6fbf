import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const sim = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['dist/src/sim/main.js', ...args], { encoding: 'utf8' })

it('runs seeds in workers and ends with one JSON object', () => {
  const { status, stdout } = sim('--seeds', '2', '--hours', '0.01', '--json')
  expect(status).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  const result = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  expect(result).toMatchObject({ seeds: 2, violations: 0, stuck: 0, repeated: 1, failures: [] })
  for (const field of ['simulatedHours', 'eventsPerSecond', 'realTimeFactor']) {
    expect(result[field], field).toBeGreaterThan(0)
  }
  expect(Object.keys(result.faults as object).length).toBeGreaterThan(0)
}, 60_000)

it('replays one seed with its transcript', () => {
  const { status, stderr } = sim('--seed', '2', '--hours', '0.01')
  expect(status).toBe(0)
  expect(stderr).toMatch(/world fault/)
  expect(stderr).toMatch(/final +block 1 /)
  expect(stderr).toMatch(/trace [0-9a-f]{16}/)
}, 60_000)

it('runs a sample of the Twins scenarios, the same for the same seed', () => {
  const { status, stdout } = sim('--twins', '1', '--sample', '4', '--first-seed', '7', '--json')
  expect(status).toBe(0)
  const result = JSON.parse(stdout.trimEnd()) as Record<string, unknown>
  expect(result).toMatchObject({ enumerated: 194, scenarios: 4, violations: 0, failures: [] })
  expect(result.acknowledged).toBeGreaterThan(0)
}, 60_000)

it('tells wrong usage apart', () => {
  for (const args of [
    [],
    ['--seeds', '0'],
    ['--seeds', '2', '--seed', '1'],
    ['--nothing'],
    ['--twins', '9'],
    ['--sample', '2', '--seeds', '1'],
    ['--seeds', '1', '--hours', 'x'],
  ]) {
    const { status, stdout, stderr } = sim(...args)
    expect(status, args.join(' ')).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('usage: npm run sim')
  }
}, 30_000)
