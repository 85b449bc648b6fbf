import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inProcess, temporaryFolder } from './support.js'

/** docs/contracts/fuel.md runs as a whole against four replicas (test/docs); here is what goes wrong before anything is sent. */

const at = temporaryFolder()
const NETWORK = ['--url', 'http://127.0.0.1:9', '--genesis', 'nowhere.json'] as const

async function vehicleKey(): Promise<string> {
  const path = at('car.key.json')
  if (!existsSync(path)) await inProcess('keys', 'member', '--organization', 'nmi', '--name', 'car', '--out', path)
  return path
}

const secret = (name: string, text: string): string => {
  writeFileSync(at(name), text, { mode: 0o600 })
  return at(name)
}

async function commit(levels: string, opening = at('opening.json')) {
  const file = secret(`levels-${Math.abs(levels.length)}.json`, levels)
  const key = await vehicleKey()
  const options = ['--levels', file, '--vehicle-key', key, '--opening', opening, '--key', key]
  return await inProcess('fuel', 'commit', 'car', 'pump', ...options, ...NETWORK)
}

describe('etalon fuel', () => {
  it.each([
    ['no lists', '{}'],
    ['a text among the levels', '{"before":[1,2],"after":[3,"4"]}'],
    ['fractions', '{"before":[0.5],"after":[1]}'],
  ])('refuses levels with %s, and writes no opening', async (_, levels) => {
    const refused = await commit(levels)
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('cli/bad-arguments')])
    expect(existsSync(at('opening.json'))).toBe(false)
  })

  it('never overwrites an opening, which could not be revealed any more', async () => {
    const opening = secret('kept.json', '{}')
    const refused = await commit('{"before":[1],"after":[2]}', opening)
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('cli/exists')])
  })

  it('reveals openings only', async () => {
    const key = await vehicleKey()
    const refused = await inProcess('fuel', 'reveal', key, '--key', key, ...NETWORK)
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('opens no commitment')])
  })

  it('refuses a volume that is no whole number, and a pulser key that is none', async () => {
    const key = await vehicleKey()
    const declare = (volume: string, ...more: string[]) =>
      inProcess('fuel', 'declare', 'pump', '0'.repeat(64), volume, '--key', key, ...more, ...NETWORK)
    expect((await declare('1.5')).exit).toBe(2)
    const refused = await declare('30000000', '--pulser-key', secret('pulser.pem', 'no key'))
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('keys/invalid')])
  })

  it('bounds the length of a ranking', async () => {
    expect((await inProcess('fuel', 'ranking', 'sp', '--limit', '101', ...NETWORK)).exit).toBe(2)
  })
})
