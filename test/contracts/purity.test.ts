import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What would let two replicas see different things: clocks, chance, the machine, the locale, floating-point functions. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a clock', /\b(Date|performance)\b/],
  ['chance', /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/],
  ['arithmetic of floats', /\bMath\.(?!min\b|max\b|abs\b|sign\b|trunc\b|imul\b|clz32\b)\w+|\bparseFloat\b|\btoFixed\b/],
  ['a number that is not an integer', /(?<![\w.'])\d+\.\d+(?![\w.'])|\d[eE]-\d/],
  ['timers', /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b/],
  ['the machine', /\b(process|globalThis|navigator|Worker)\b|\brequire\b/],
  ['Buffer', /\bBuffer\b/],
  ['modules of Node', /from 'node:|import\('node:|from '(fs|crypto|os|path)'/],
  ['the locale', /\bIntl\b|\btoLocale\w+|\blocaleCompare\b|\bnormalize\(/],
  ['memory reclaimed', /\b(WeakRef|FinalizationRegistry)\b/],
  ['native crypto', /crypto\/native/],
  ['code from text', /\beval\b|\bnew Function\b/],
]

/** Modules that may be imported, besides those of this folder. */
const ALLOWED_IMPORT =
  /^(typebox(\/\w+)?|(\.\.?\/)+(base|types|crypto|codec|formats)\/[\w/.-]+|(\.\.\/)+ports\.js|(\.\.?\/)+[\w/-]+\.js)$/
const ROOMS_ABOVE = /\/(consensus|ledger|p2p|replica|node|sim|client|api|cli)\//

/** Comments and texts are not code; their length is kept, so that places stay right. */
function codeOf(source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ')
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, blank)
}

function violations(source: string): string[] {
  const code = codeOf(source)
  const found = FORBIDDEN.filter(([, pattern]) => pattern.test(code)).map(([what]) => what)
  const imports = [...code.matchAll(/(?:from|import)\s+'([^']+)'/g)].map((match) => match[1] ?? '')
  for (const path of imports) {
    if (!ALLOWED_IMPORT.test(path) || ROOMS_ABOVE.test(path)) found.push(`the import ${path}`)
  }
  return found
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesOf(path) : path.endsWith('.ts') ? [path] : []
  })
}

describe('src/contracts and src/formats are pure', () => {
  const files = [...filesOf('src/contracts'), ...filesOf('src/formats')]

  it('reads every file', () => {
    expect(files.length).toBeGreaterThan(20)
  })

  it.each(files)('%s', (file) => {
    expect(violations(readFileSync(file, 'utf8'))).toEqual([])
  })

  it.each([
    'const now = Date.now()',
    'const now = new Date()',
    'const now = performance.now()',
    'const x = Math.random()',
    'const x = Math.sin(1)',
    'const x = Math.sqrt(2)',
    'const x = 0.5',
    'const x = 5e-1',
    'setTimeout(() => {}, 1)',
    'await new Promise(setImmediate)',
    'process.env.HOME',
    'Buffer.from("x")',
    "import { createHash } from 'node:crypto'",
    "import { nativeSuite } from '../crypto/native.js'",
    "import { MerkleStore } from '../ledger/store.js'",
    "import lodash from 'lodash'",
    'new Intl.NumberFormat()',
    '"a".localeCompare("b")',
    'x.toLocaleString()',
    'new WeakRef(x)',
    'globalThis.fetch("x")',
    'new Function("return 1")()',
  ])('the scan finds a planted violation: %s', (planted) => {
    const [first] = files
    const source = readFileSync(first ?? '', 'utf8')
    expect(violations(`${source}\n${planted}\n`)).not.toEqual([])
  })

  it('the scan passes comments', () => {
    expect(violations('/** No Date here. */\n// nor Math.random\nconst x = 1\n')).toEqual([])
  })
})
