import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { codesOf, pageProblems, readSources, rejectionsOf, type Source } from './error-codes.js'

const page = readFileSync('docs/errors.md', 'utf8')
const sources = readSources()
const rejections = readFileSync('src/replica/rejections.ts', 'utf8')

/** Problems that are not those of the page and the sources as they are. */
function newProblems(...planted: Parameters<typeof pageProblems>): readonly string[] {
  const old = pageProblems(sources, rejections, page)
  return pageProblems(...planted).filter((problem) => !old.includes(problem))
}

describe('docs/errors.md', () => {
  it('explains every code that the sources give, and no other', () => {
    expect(pageProblems(sources, rejections, page)).toEqual([])
  })

  it('gives each code a meaning and a remedy', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(80)
    for (const row of rows) expect(row).toMatch(/^\| `[^`]+` \| \S.+[.:)] \| \S.+\. \|$/)
  })
})

describe('the check of docs/errors.md', () => {
  it('has read the sources', () => {
    expect(sources.length).toBeGreaterThan(100)
    expect(rejectionsOf(rejections)).toContain('bad-block')
    const codes = codesOf(sources)
    for (const code of ['genesis/invalid', 'ledger/wrong-state', 'replica/stopping', 'pki/revoked', 'api/too-large']) {
      expect(codes.has(code), code).toBe(true)
    }
  })

  const planted: readonly (readonly [string, string])[] = [
    ['an error', "throw new EtalonError(\n    'planted/unknown',"],
    ['a problem', "throw new ProblemError('planted/unknown', 'detail')"],
    ['a refusal of a transaction', "return refuse('planted/unknown', 'detail')"],
    ['a refusal of a submission', "this.#refuse(onOutcome, 'planted/unknown', 'detail')"],
    ['a refusal as data', "return { code: 'planted/unknown', detail }"],
    ['a problem of a ledger', "export type ProblemCode =\n  | 'planted/unknown'"],
  ]
  it.each(planted)('finds a planted code of %s', (_, text) => {
    const plant: Source = { path: 'planted.ts', text }
    expect(newProblems([...sources, plant], rejections, page)).toEqual([
      'planted/unknown (src/planted.ts) is not on the page',
    ])
  })

  it('finds a planted rejection, a stale row and a double one', () => {
    expect(newProblems(sources, `${rejections}\n  | 'planted-reason'`, page)).toEqual([
      'rejected.planted-reason (src/replica/rejections.ts) is not on the page',
    ])
    const row = '| `planted/stale` | Meaning. | Remedy. |'
    expect(newProblems(sources, rejections, `${page}\n${row}\n${row}`)).toEqual([
      'planted/stale is on the page, but nothing gives it',
      'planted/stale is on the page twice',
    ])
  })
})
