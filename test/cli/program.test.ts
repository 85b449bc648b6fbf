import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createProgram } from '../../src/cli/program.js'
import { inProcess, lastJson, spawned, temporaryFolder } from './support.js'

const at = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

/** Every command with its full name. */
function commandsOf(command: Command, name = ''): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((child) => {
    const full = `${name}${child.name()}`
    const below = commandsOf(child, `${full} `)
    return below.length === 0 || full === 'init' ? [[full, child] as const, ...below] : below
  })
}

describe('etalon', () => {
  it('exits 0 for help and version, 2 where nothing or nonsense is asked', async () => {
    const help = await spawned(['--help'])
    expect([help.exit, help.stdout]).toEqual([0, expect.stringContaining('Usage: etalon')])
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await spawned(['--version'])).toMatchObject({ exit: 0, stdout: `${version}\n` })
    expect((await inProcess()).exit).toBe(2)
    expect((await inProcess('keys')).exit).toBe(2)
    const typo = await inProcess('statsu')
    expect([typo.exit, typo.stderr]).toEqual([2, expect.stringContaining('Did you mean status?')])
    const option = await inProcess('status', '--ulr', 'http://localhost')
    expect([option.exit, option.stderr]).toEqual([2, expect.stringContaining('Did you mean --url?')])
    expect((await inProcess('verify')).exit).toBe(2)
    expect((await inProcess('verify', 'a', 'b')).exit).toBe(2)
  })

  it('prints errors for people on standard error, and as JSON when asked', async () => {
    const args = ['verify', at('nowhere.json'), '--genesis', at('nowhere.json')]
    const plain = await spawned(args)
    expect(plain.exit).toBe(2)
    expect(plain.stdout).toBe('')
    expect(plain.stderr).toMatch(/^error cli\/unreadable: cannot read .*\n {2}what to do: .*\n$/)
    const json = await spawned([...args, '--json'])
    expect(json.exit).toBe(2)
    expect(lastJson(json)).toMatchObject({ error: { code: 'cli/unreadable', remedy: expect.any(String) } })
  })

  it('says where a network could be named, when none is', async () => {
    const bare = { cwd: at() }
    const status = await spawned(['status'], bare)
    expect([status.exit, status.stderr]).toEqual([2, expect.stringContaining('set ETALON_URL')])
    const state = await spawned(['state', 'a/b'], { ...bare, env: { ETALON_URL: 'http://127.0.0.1:1' } })
    expect([state.exit, state.stderr]).toEqual([2, expect.stringContaining('set ETALON_GENESIS')])
  })

  it('ends in silence when nobody reads on', async () => {
    const deaf = await spawned(['contracts'], { deaf: true })
    expect(deaf.stderr).toBe('')
  })

  it('reports a replica that cannot start', async () => {
    const missing = await spawned(['start', at('config.json')])
    expect([missing.exit, missing.stderr]).toEqual([1, expect.stringContaining('error config/unreadable')])
  })

  it.each([
    ['--replicas', 'many'],
    ['--replicas', '32'],
    ['--port', '0'],
    ['--for', 'ever'],
  ])('refuses up %s %s', async (option, value) => {
    const refused = await inProcess('up', '--data', at('up'), option, value)
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('error cli/usage')])
  })
})

describe('etalon contracts', () => {
  it('lists all, one in full, and one method', async () => {
    const all = await inProcess('contracts')
    for (const text of ['identity 1.', 'logbook 1.', 'pki 2.', 'runtime/invalid-arguments'])
      expect(all.stdout).toContain(text)
    const one = await inProcess('contracts', 'pki')
    expect(one.stdout).toContain('called by an organization with the role manufacturer')
    expect(one.stdout).toContain('operator?')
    const method = await inProcess('contracts', 'logbook', 'append', '--json')
    expect(lastJson(method)).toMatchObject({ name: 'logbook', methods: [{ name: 'append' }], queries: [] })
    expect(lastJson(await inProcess('contracts', '--json'))).toHaveProperty('refusals')
  })

  it('names what there is, where something is not', async () => {
    const contract = await inProcess('contracts', 'logbok')
    expect([contract.exit, contract.stderr]).toEqual([2, expect.stringContaining('identity, logbook, pki')])
    const method = await inProcess('contracts', 'logbook', 'apend')
    expect([method.exit, method.stderr]).toEqual([2, expect.stringContaining('it has: append')])
  })

  it('keeps lines free of trailing space', async () => {
    for (const args of [['contracts'], ['contracts', 'pki'], ['contracts', 'identity']]) {
      const { stdout } = await inProcess(...args)
      expect(stdout).not.toMatch(/[ \t]$/m)
    }
  })
})

describe('docs/cli.md', () => {
  const page = readFileSync('docs/cli.md', 'utf8')
  const commands = commandsOf(createProgram({ exit: undefined }))

  it('has every command with every option', () => {
    expect(commands.length).toBeGreaterThan(14)
    const missing = commands.flatMap(([name, command]) => {
      const section = sectionOf(page, name)
      if (section === undefined) return [name]
      const options = command.options.map(({ long }) => long ?? '').filter((long) => long !== '--json')
      return options.filter((option) => !section.includes(`\`${option}`)).map((option) => `${name} ${option}`)
    })
    expect(missing).toEqual([])
  })

  it('has no command that is not there', () => {
    const titles = [...page.matchAll(/^## `etalon ([a-z ]+)`/gm)].map(([, name]) => String(name))
    expect(titles.filter((title) => !commands.some(([name]) => name === title))).toEqual([])
  })
})

function sectionOf(page: string, command: string): string | undefined {
  const start = page.indexOf(`\n## \`etalon ${command}\`\n`)
  if (start < 0) return undefined
  const end = page.indexOf('\n## ', start + 1)
  return page.slice(start, end < 0 ? undefined : end)
}
