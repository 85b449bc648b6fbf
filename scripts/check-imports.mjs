// Holds the layers of docs/architecture.md, and holds the check itself: it must have read modules, and it must find a
// violation that is planted for it.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const ruleSet = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'))

async function violations(paths) {
  const { output } = await cruise(
    paths,
    { ...ruleSet.options, ruleSet: { forbidden: ruleSet.forbidden }, validate: true },
    undefined,
    { tsConfig: extractTSConfig(join(root, 'tsconfig.json')) },
  )
  return output.summary
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

const { violations: found, totalCruised } = await violations(['src'])
for (const { from, to, rule } of found) fail(`${rule.name}: ${from} imports ${to}`)
const files = readdirSync('src', { recursive: true }).filter((file) => file.endsWith('.ts')).length
if (totalCruised < files) fail(`the import check read ${totalCruised} modules of ${files}`)

/** Each planted import must be found under its rule. */
const PLANTED = [
  ['consensus', "import 'node:fs'", 'pure-rooms-know-no-platform'],
  ['consensus', "import '../ledger/keyspaces.js'", 'consensus-does-not-know-its-neighbours'],
  ['codec', "import '../replica/index.js'", 'codec-knows-nothing-above'],
  ['replica', "import 'libp2p'", 'only-p2p-knows-libp2p'],
  ['p2p', "import 'level'", 'only-the-ledger-knows-level'],
  ['client', "import '../replica/index.js'", 'the-client-knows-nothing-of-the-node'],
  ['client', "import '../contracts/index.js'", 'the-client-knows-only-types-of-the-contracts'],
]
for (const [room, code, rule] of PLANTED) {
  const folder = mkdtempSync(join('src', room, 'planted-'))
  try {
    const file = join(folder, 'planted.ts')
    writeFileSync(file, `${code.replace("'../", "'../../")}\n`)
    const { violations: planted } = await violations([join('src', room, basename(folder))])
    if (!planted.some((violation) => violation.rule.name === rule)) fail(`the import check misses a planted ${rule}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
if (process.exitCode === undefined) process.stderr.write(`import layers hold in ${totalCruised} modules\n`)
