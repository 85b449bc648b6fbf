import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from '../../src/sim/planted/mutants.js'
import { countOf } from '../../src/sim/planted/run.js'

describe('the planted bugs', () => {
  it('are many, and each has a name and a sentence of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    for (const { name, about } of MUTANTS) {
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
