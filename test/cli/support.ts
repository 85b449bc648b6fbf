import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, vi } from 'vitest'
import { run } from '../../src/cli/program.js'

export interface Outcome {
  readonly exit: number | null | undefined
  readonly stdout: string
  readonly stderr: string
}

/** The built program; `npm test` builds before it tests. */
export const BUILT = resolve('dist/src/cli/main.js')

/** Runs a command line in this process. */
export async function inProcess(...args: readonly string[]): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += text.toString()
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += text.toString()
      return true
    }),
  ]
  try {
    return { exit: await run(args), stdout, stderr }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

export interface SpawnOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Closes the reading end of standard output at once. */
  readonly deaf?: boolean
}

/** Runs the built program as a person does. */
export function spawned(args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
  const { ETALON_URL: _, ETALON_GENESIS: __, ...env } = process.env
  const child = spawn(process.execPath, [BUILT, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString()
  })
  if (options.deaf === true) child.stdout.destroy()
  child.stdin.end(options.input)
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (exit) => done({ exit, stdout, stderr }))
  })
}

/** The JSON object that the last line of standard output must be. */
export function lastJson({ stdout }: Outcome): Readonly<Record<string, unknown>> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
}

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): (...names: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'etalon-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (...names) => join(folder, ...names)
}
