import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LightClient, parseGenesis } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

let folder: string
let child: ChildProcess | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etalon-up-'))
})

afterEach(({ task }) => {
  if (child?.exitCode === null) child.kill('SIGKILL')
  if (task.result?.state === 'fail')
    process.stderr.write(readFileSync(join(folder, 'replicas.log'), 'utf8').slice(-4_000))
  rmSync(folder, { recursive: true, force: true })
})

interface UpResult {
  readonly code: number | null
  readonly result: {
    readonly replicas: number
    readonly finalizedHeight: number
    readonly transactions: number
    readonly divergent: number
    readonly restarted: number
  }
}

/**
 * Runs `etalon up` to its end and reads the last line of its standard output.
 * @param onText told of all that it says on the way
 */
function up(duration: string, onText: (text: string, pid: number) => void = () => undefined): Promise<UpResult> {
  const started = spawn(process.execPath, [MAIN, 'up', '--for', duration, '--json', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a terminal gives it.
    detached: true,
  })
  child = started
  let output = ''
  let errors = ''
  started.stdout.on('data', (chunk) => {
    output += chunk
  })
  started.stderr.on('data', (chunk) => {
    errors += chunk
    onText(errors, started.pid ?? 0)
  })
  return new Promise((resolve, reject) => {
    started.on('close', (code) => {
      const line = output.trim().split('\n').at(-1)
      if (line === undefined || line === '') reject(new Error(`etalon up ended with status ${code}: ${errors}`))
      else resolve({ code, result: JSON.parse(line) })
    })
  })
}

test('`etalon up` continues on its folder: the height goes on and nobody diverges', async () => {
  const first = await up('8s')
  expect(first).toMatchObject({ code: 0, result: { replicas: 4, restarted: 0, divergent: 0 } })
  expect(first.result.transactions).toBeGreaterThan(0)
  expect(first.result.finalizedHeight).toBeGreaterThan(0)

  const second = await up('8s')
  expect(second).toMatchObject({ code: 0, result: { replicas: 4, divergent: 0 } })
  expect(second.result.restarted).toBeGreaterThan(0)
  expect(second.result.restarted).toBeGreaterThanOrEqual(first.result.finalizedHeight)
  expect(second.result.finalizedHeight).toBeGreaterThan(second.result.restarted)

  const genesis = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'))
  const receipt = readFileSync(join(folder, 'last-receipt.json'), 'utf8')
  expect(new LightClient(genesis, nativeSuite).readReceipt(receipt)).toHaveProperty('proven')
}, 90_000)

test('Ctrl-C, which a terminal sends to the whole process group, ends it in order: the replicas are compared first', async () => {
  let sent = false
  const { code, result } = await up('60s', (text, pid) => {
    if (sent || !/finalized heights [1-9]/.test(text)) return
    sent = true
    process.kill(-pid, 'SIGINT')
  })
  expect(sent).toBe(true)
  expect(code).toBe(0)
  expect(result.finalizedHeight).toBeGreaterThan(0)
  expect(result).toMatchObject({ replicas: 4, divergent: 0 })
}, 90_000)
