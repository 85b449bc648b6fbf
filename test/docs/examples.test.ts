import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { matches, Shell, stepsOf } from '../support/console.js'
import { Processes } from '../support/processes.js'

/** The worked examples of docs/contracts, command by command, against a network of four replica processes. */

const PAGES = 'docs/contracts'
/** Pages without an example of their own. */
const WITHOUT: readonly string[] = ['fuel-worlds.md']
/** Changes who takes part, so it comes last. */
const LAST = 'governance.md'

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const pages = readdirSync(PAGES)
  .filter((page) => page.endsWith('.md') && !WITHOUT.includes(page))
  .sort((a, b) => Number(a === LAST) - Number(b === LAST) || (a < b ? -1 : 1))

describe('worked examples', () => {
  let processes: Processes
  let folder: string
  let failed = false
  let environment: Record<string, string>

  beforeAll(async () => {
    processes = await Processes.start(4)
    folder = mkdtempSync(join(tmpdir(), 'etalon-examples-'))
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const program = join(bin, 'etalon')
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
    chmodSync(program, 0o755)
    const { cluster } = processes
    const genesis = join(folder, 'genesis.json')
    writeFileSync(genesis, JSON.stringify(cluster.genesis))
    const [first] = cluster.genesis.organizations
    environment = {
      PATH: `${bin}:${process.env.PATH ?? ''}`,
      KEYS: dirname(dirname(cluster.adminKeyFile(first?.id ?? ''))),
      ETALON_URL: [0, 1, 2, 3].map((id) => processes.url(id)).join(' '),
      ETALON_GENESIS: genesis,
    }
  }, 60_000)

  afterAll(async () => {
    await processes.close(failed)
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(pages)(
    '%s',
    async (page) => {
      const steps = stepsOf(readFileSync(join(PAGES, page), 'utf8'))
      expect(steps.length).toBeGreaterThan(2)
      const cwd = join(folder, page)
      mkdirSync(cwd)
      const shell = new Shell(cwd, environment)
      try {
        for (const { line, command, expected } of steps) {
          const output = await shell.run(command)
          if (matches(expected, output)) continue
          failed = true
          expect.fail(`${page}:${line}\n$ ${command}\nprints\n${output}\nwhere the page says\n${expected.join('\n')}`)
        }
      } finally {
        shell.close()
      }
    },
    240_000,
  )
})

describe('the runner of examples', () => {
  const page = [
    'text',
    '```console',
    '$ echo a',
    'a',
    "$ cat > f <<'END'",
    '$ no command',
    'END',
    '$ cat f',
    '…',
    '```',
  ]

  it('reads commands, heredocs and outputs', () => {
    expect(stepsOf([...page, '$ outside', '```', '$ code', '```'].join('\n'))).toEqual([
      { line: 3, command: 'echo a', expected: ['a'] },
      { line: 5, command: "cat > f <<'END'\n$ no command\nEND", expected: [] },
      { line: 8, command: 'cat f', expected: ['…'] },
    ])
  })

  it.each<[readonly string[], string, boolean]>([
    [['a'], 'a\n', true],
    [['a'], 'b\n', false],
    [['a'], 'a\nb\n', false],
    [[], '', true],
    [[], 'a\n', false],
    [['a … c'], 'a b c\n', true],
    [['a … c'], 'a b\nc\n', false],
    [['a', '…', 'c'], 'a\nb\nb\nc\n', true],
    [['a', '…', 'c'], 'a\nc\n', true],
    [['a', '…'], 'b\n', false],
  ])('takes %j for %j: %s', (expected, output, ok) => {
    expect(matches(expected, output)).toBe(ok)
  })

  it('finds out a command that prints something else', async () => {
    const shell = new Shell(tmpdir(), {})
    try {
      expect(await shell.run('echo one; echo two >&2')).toBe('one\ntwo\n')
      expect(await shell.run('x=5')).toBe('')
      expect(await shell.run('echo $x')).toBe('5\n')
    } finally {
      shell.close()
    }
  })
})
