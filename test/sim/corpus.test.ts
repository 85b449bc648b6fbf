import { expect, it } from 'vitest'
import { Random } from '../../src/base/random.js'
import { Corpus, mutatePlan } from '../../src/sim/corpus.js'
import { LASTING } from '../../src/sim/fault.js'
import { makePlan, type Plan } from '../../src/sim/plan.js'

const lastingOf = ({ rounds }: Plan): readonly string[] =>
  rounds
    .flatMap(({ faults }) => faults.filter(({ kind }) => LASTING.includes(kind)))
    .map(({ kind, targets }) => `${kind} ${targets}`)
    .sort()

it('a mutated plan is legal: no more machines fail for good, and every fault lies within its round', () => {
  const random = new Random(5)
  let changed = 0
  for (let seed = 1; seed <= 300; seed++) {
    const plan = makePlan(seed, 0.5, { dense: true })
    const mutated = mutatePlan(plan, makePlan(seed + 1, 0.5, { dense: true }), random)
    expect(lastingOf(plan)).toEqual(lastingOf(mutated))
    if (JSON.stringify(mutated) !== JSON.stringify(plan)) changed += 1
    for (const { faults, lastsMs } of mutated.rounds) {
      for (const { at, until, targets } of faults) {
        expect(at).toBeGreaterThanOrEqual(0)
        expect(until).toBeLessThanOrEqual(lastsMs)
        for (const target of targets) expect(target).toBeLessThan(plan.n)
      }
    }
  }
  expect(changed).toBeGreaterThan(250)
})

it('only plans that reached something new are mutated, and a seed gives the same one again', () => {
  const corpus = new Corpus()
  expect(corpus.propose(1)).toBeUndefined()
  expect(corpus.learn(makePlan(1, 0.1), ['a', 'b'])).toBe(2)
  expect(corpus.learn(makePlan(2, 0.1), ['b'])).toBe(0)
  expect(corpus.propose(7)).toEqual(corpus.propose(7))
  expect([...corpus.states]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
})
