// Generates the static protobuf code from src/codec/etalon.proto.
// `--check` writes nothing and fails when the committed code is not what the schema gives.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const target = join(root, 'src/codec/generated')
const check = process.argv.includes('--check')
const out = check ? mkdtempSync(join(tmpdir(), 'etalon-codegen-')) : target

const pbjs = (file, ...options) =>
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/protobufjs-cli/bin/pbjs'),
      ...['-t', 'static-module', '-w', 'esm', '--force-number', '--no-create', '--no-verify'],
      ...['--no-delimited', '--no-service', '--no-typeurl', '--no-convert', '-r', 'etalon'],
      ...['-o', join(out, file), ...options, join(root, 'src/codec/etalon.proto')],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
// The types come from the comments of the code, the code itself is kept without them.
pbjs('wire.js', '--dts')
pbjs('wire.js', '--no-comments')

if (check) {
  const stale = ['wire.js', 'wire.d.ts'].filter(
    (file) => readFileSync(join(out, file), 'utf8') !== readFileSync(join(target, file), 'utf8'),
  )
  rmSync(out, { recursive: true })
  if (stale.length > 0) {
    process.stderr.write(`generated code is stale: ${stale.join(', ')}; run \`npm run codegen\`\n`)
    process.exit(1)
  }
}
