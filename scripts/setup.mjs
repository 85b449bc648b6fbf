// Brings a checkout to where it can run: installs when the lock file changed, and compiles what changed.
// Uses nothing but Node, since nothing else may be there yet.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`etalon needs Node 20.19 or newer, this is ${process.versions.node}\n`)
  process.exit(2)
}

/** Runs a program with its output on standard error, so that standard output stays the command's own. */
function run(what, command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status === 0) return
  process.stderr.write(`${what} failed\n`)
  process.exit(1)
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.etalon-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('installing dependencies\n')
  // Not `npm ci`: it refuses a lock file that was written where a registry lacks builds for other platforms.
  run('npm install', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, lock)
}

function compile() {
  run('the compiler', process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(root, 'tsconfig.json'),
  ])
  // The compiler leaves out code that is JavaScript already.
  const generated = 'src/codec/generated'
  mkdirSync(join(root, 'dist', generated), { recursive: true })
  copyFileSync(join(root, generated, 'wire.js'), join(root, 'dist', generated, 'wire.js'))
}

export function setup({ build = true } = {}) {
  checkNode()
  install()
  if (build) compile()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup()
