import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { API_PROBLEMS } from '../../src/api/problems.js'
import { describeContracts, RUNTIME_REFUSALS } from '../../src/contracts/describe.js'
import { BUILT_IN_CONTRACTS } from '../../src/contracts/index.js'

export interface Source {
  readonly path: string
  readonly text: string
}

/** Every source file of the project. */
export function readSources(): readonly Source[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }))
}

const CODE = "'([a-z0-9-]+/[a-z0-9-]+)'"

/** Places in the source where a code is given to a person, a client or a report. */
const GIVEN = [
  new RegExp(`new EtalonError\\(\\s*${CODE}`, 'g'),
  new RegExp(`new ProblemError\\(\\s*${CODE}`, 'g'),
  new RegExp(`\\bproblem\\(\\s*${CODE}`, 'g'),
  new RegExp(`\\brefuse\\([^'()]*${CODE}`, 'g'),
  new RegExp(`#(?:refuse|giveUp)\\([^'()]*${CODE}`, 'g'),
  new RegExp(`\\bcode: ${CODE}`, 'g'),
  new RegExp(`\\bcode = ${CODE}`, 'g'),
  new RegExp(`^ +\\| ${CODE}`, 'gm'),
]

/** Codes that the sources give, each with the file that does first. */
export function codesOf(sources: readonly Source[]): ReadonlyMap<string, string> {
  const codes = new Map<string, string>()
  const add = (code: string, where: string) => codes.has(code) || codes.set(code, where)
  for (const { path, text } of sources) {
    for (const pattern of GIVEN) for (const [, code] of text.matchAll(pattern)) add(String(code), `src/${path}`)
  }
  for (const code of Object.keys(API_PROBLEMS)) add(code, 'src/api/problems.ts')
  for (const code of Object.keys(RUNTIME_REFUSALS)) add(code, 'src/contracts/describe.ts')
  for (const { name, methods, queries } of describeContracts(BUILT_IN_CONTRACTS)) {
    for (const { refusals } of [...methods, ...queries]) {
      for (const { code } of refusals) add(code, `contract ${name}`)
    }
  }
  return codes
}

/** Reasons for which something from a peer is not taken: the union in replica/rejections.ts. */
export function rejectionsOf(source: string): readonly string[] {
  return [...source.matchAll(/^ +\| '([a-z-]+)'/gm)].map(([, reason]) => String(reason))
}

/** Codes and reasons that the page explains: the first cell of every row, in backquotes. */
export function documented(page: string): readonly string[] {
  return [...page.matchAll(/^\| `([a-z0-9/.-]+)` \|/gm)].map(([, code]) => String(code))
}

/** What the page lacks, what it has too much, and what it says twice. */
export function pageProblems(sources: readonly Source[], rejections: string, page: string): readonly string[] {
  const given = new Map(codesOf(sources))
  for (const reason of rejectionsOf(rejections)) given.set(`rejected.${reason}`, 'src/replica/rejections.ts')
  const rows = documented(page)
  const stated = new Set(rows)
  return [
    ...[...given].filter(([code]) => !stated.has(code)).map(([code, where]) => `${code} (${where}) is not on the page`),
    ...[...stated].filter((code) => !given.has(code)).map((code) => `${code} is on the page, but nothing gives it`),
    ...rows.filter((code, i) => rows.indexOf(code) !== i).map((code) => `${code} is on the page twice`),
  ]
}
