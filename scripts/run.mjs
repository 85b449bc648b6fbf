// The commands of package.json: sets the checkout up, then hands over.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (path) => join(root, 'node_modules', path)
const [command, ...rest] = process.argv.slice(2)

const COMMANDS = {
  up: () => [[join(root, 'dist/src/cli/main.js'), 'up', ...rest]],
  sim: () => [[join(root, 'dist/src/sim/main.js'), ...rest]],
  worlds: () => [[join(root, 'dist/bench/worlds/main.js'), ...rest]],
  bench: () => [[join(root, 'dist/bench/main.js'), ...rest]],
  test: () => [[bin('vitest/vitest.mjs'), 'run', ...rest]],
  check: () => [
    [bin('@biomejs/biome/bin/biome'), 'ci', '.', ...(process.stdout.isTTY ? [] : ['--colors=off'])],
    [bin('typescript/bin/tsc'), '-p', 'tsconfig.check.json'],
    [join(root, 'scripts/check-imports.mjs')],
    [bin('knip/bin/knip.js')],
    [join(root, 'scripts/codegen.mjs'), '--check'],
    [bin('publint/src/cli.js'), '--strict'],
  ],
}

/** Signals go on to the child, which ends in its own time; its exit status becomes ours. */
function hand(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    const forward = (signal) => child.kill(signal)
    process.on('SIGINT', () => undefined) // the terminal sends it to the child as well
    process.on('SIGTERM', forward)
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 0 : 1)))
  })
}

const steps = COMMANDS[command]
if (steps === undefined) {
  process.stderr.write(`unknown command ${command}: one of ${Object.keys(COMMANDS).join(', ')}\n`)
  process.exit(2)
}
setup()
for (const args of steps()) {
  const code = await hand(args)
  if (code !== 0) process.exit(code)
}
