// Generates the static protobuf code from src/codec/etalon.proto, and the hashes of the code of the built-in contracts.
// `--check` writes nothing and fails when the committed code is not what the schema gives.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { algorithmHashes, codeHashes } from './code-hashes.mjs'

const root = new URL('..', import.meta.url).pathname
const wire = join(root, 'src/codec/generated')
const check = process.argv.includes('--check')
const out = mkdtempSync(join(tmpdir(), 'etalon-codegen-'))
const FILES = [
  [wire, 'wire.js'],
  [wire, 'wire.d.ts'],
  [join(root, 'src/contracts/generated'), 'algorithm-hashes.ts'],
  [join(root, 'src/contracts/generated'), 'code-hashes.ts'],
]

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

writeFileSync(join(out, 'algorithm-hashes.ts'), algorithmHashes())
// the hash of a contract covers those of its algorithms
if (!check) copyFileSync(join(out, 'algorithm-hashes.ts'), join(root, 'src/contracts/generated/algorithm-hashes.ts'))
writeFileSync(join(out, 'code-hashes.ts'), codeHashes())

if (check) {
  const stale = FILES.filter(
    ([folder, file]) => readFileSync(join(out, file), 'utf8') !== readFileSync(join(folder, file), 'utf8'),
  )
  rmSync(out, { recursive: true })
  if (stale.length > 0) {
    process.stderr.write(
      `generated code is stale: ${stale.map(([, file]) => file).join(', ')}; run \`npm run codegen\`\n`,
    )
    process.exit(1)
  }
} else {
  for (const [folder, file] of FILES) copyFileSync(join(out, file), join(folder, file))
  rmSync(out, { recursive: true })
}
