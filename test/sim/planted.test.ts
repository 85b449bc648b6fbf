import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from '../../src/sim/planted/mutants.js'
import { countOf } from '../../src/sim/planted/run.js'

describe('the planted bugs', () => {
  it('have each a name, a rule and a sentence', () => {
    expect(MUTANTS.length).toBeGreaterThan(0)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    for (const { name, rule, about } of MUTANTS) {
      expect(rule).not.toBe('')
      expect(name).toMatch(/^[a-z-]+$/)
      expect(about).toMatch(/^[A-Z].+\.$/)
    }
  })

  it.each(MUTANTS)('$name has its one place in the built program', ({ file, find, replace }) => {
    // Built by `npm test` before it tests.
    const built = readFileSync(new URL(`../../dist/src/${file}`, import.meta.url), 'utf8')
    expect(countOf(built, find)).toBe(1)
    expect(replace).not.toBe(find)
  })
})
