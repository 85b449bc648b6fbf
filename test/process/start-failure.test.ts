import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RealNode } from '../support/real-node.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

let node: RealNode
let server: Server
let child: ChildProcess | undefined

beforeEach(async () => {
  node = await RealNode.create()
})

afterEach(async () => {
  if (child?.exitCode === null) child.kill('SIGKILL')
  await new Promise((resolve) => server.close(resolve))
  await node.close()
})

/** Runs `etalon start` to its end, which must come by itself. */
function start(): Promise<{ readonly code: number | null; readonly errors: string }> {
  const started = spawn(process.execPath, [MAIN, 'start', node.path('config.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child = started
  let errors = ''
  started.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise((resolve) => started.on('close', (code) => resolve({ code, errors })))
}

it.each([
  ['p2p/port-in-use', (): string | undefined => node.config().listen[0]?.split('/').at(-1)],
  ['api/port-in-use', (): string | undefined => String(node.config().api.port)],
] as const)('a replica that cannot start for %s says what to do and ends by itself', async (code, port) => {
  server = createServer()
  await new Promise<void>((resolve) => server.listen(Number(port()), '127.0.0.1', resolve))
  const ended = await start()
  expect(ended.errors).toContain(`error ${code}`)
  expect(ended.errors).toContain('what to do')
  expect(ended.code).toBe(1)
})
