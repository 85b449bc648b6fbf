import { describe, expect, it } from 'vitest'
import { Random } from '../../src/base/random.js'
import { reachability } from './displaced-batch.js'
import { type Exploration, explore } from './explore.js'
import { factsOf, interleaved, locksOf } from './interleaved.js'
import { type LayeredState, layered } from './layered.js'
import { brokenProperty, type Plant, Rules, type Scope } from './protocol.js'
import { Symmetry } from './symmetry.js'

const TIMEOUT_MS = 600_000
/** Explores the scopes of docs/protocol-model.md that take long, too. */
const LARGE = process.env.MODEL_LARGE === '1'

const say = (text: string): boolean => process.stderr.write(`${text}\n`)

function report(name: string, { states, transitions, depth, violation }: Exploration): void {
  say(`${name}: ${states} states, ${transitions} transitions, depth ${depth}`)
  if (violation !== undefined) say(`  ${violation.what}\n    ${violation.trace.join('\n    ')}`)
}

const nameOf = ({ cids, regencies, values, plant }: Scope): string =>
  `${plant ?? 'as specified'}: ${cids} cids, ${regencies} regencies, ${values} values and null`

/** Explores a scope to its end and counts in how many states what was decided first in which regency. */
function exploreAll(scope: Scope): { found: Exploration; decided: Map<string, number> } {
  const decided = new Map<string, number>()
  const found = explore(layered(new Rules(scope)), (state: LayeredState) => {
    if (state.phase !== 'accept') return
    for (const [i, mask] of state.decided.entries()) {
      const votes = state.replicas.filter(({ accepted }) => (accepted[i] ?? 0) >> 3 === state.regency).length
      if (mask === 0 || votes < 2) continue
      count(decided, `cid ${i + 1} in regency ${state.regency}`)
      if (mask === 2) count(decided, `null in cid ${i + 1}`)
    }
    if (state.decided.every((mask) => mask !== 0)) count(decided, 'every cid')
  })
  report(nameOf(scope), found)
  return { found, decided }
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const SCOPES: readonly Scope[] = [
  { cids: 1, regencies: 4, values: 2 },
  { cids: 2, regencies: 2, values: 3 },
  { cids: 2, regencies: 3, values: 2 },
]
const LARGE_SCOPES: readonly Scope[] = [
  { cids: 1, regencies: 5, values: 2 },
  { cids: 3, regencies: 2, values: 2 },
  { cids: 2, regencies: 3, values: 3 },
]

describe('the regency change, every state of it', () => {
  it.each(LARGE ? [...SCOPES, ...LARGE_SCOPES] : SCOPES)(
    'keeps agreement, validity and locks with $cids cids, $regencies regencies, $values values',
    (scope) => {
      const { found, decided } = exploreAll(scope)
      expect(found.violation).toBeUndefined()
      // Not for want of decisions: every cid is decided in every regency, and all of them in one history.
      say(`  decisions: ${[...decided].map(([what, states]) => `${what} in ${states} states`).join(', ')}`)
      for (let cid = 1; cid <= scope.cids; cid++) {
        for (let regency = 1; regency <= scope.regencies; regency++) {
          expect(decided.get(`cid ${cid} in regency ${regency}`), `cid ${cid} regency ${regency}`).toBeGreaterThan(0)
        }
      }
      expect(decided.get('every cid')).toBeGreaterThan(0)
      // The null value fills gaps below a lock, so only the highest cid never is null.
      for (let cid = 1; cid < scope.cids; cid++) expect(decided.get(`null in cid ${cid}`)).toBeGreaterThan(0)
      expect(decided.get(`null in cid ${scope.cids}`)).toBeUndefined()
    },
    TIMEOUT_MS,
  )
})

describe('the normal form', () => {
  const scopes: readonly Scope[] = [
    { cids: 1, regencies: 2, values: 1 },
    { cids: 1, regencies: 2, values: 2 },
  ]

  it.each(scopes)(
    'leaves the same certificates, decisions and locks as all interleavings do, with $regencies regencies, $values values',
    (scope) => {
      const symmetry = new Symmetry(scope)
      const inAnyOrder = new Set<string>()
      const inNormalForm = new Set<string>()
      const all = explore(interleaved(new Rules(scope)), (state) => {
        const locks = state.replicas.map((replica) => locksOf(scope, replica))
        inAnyOrder.add(symmetry.outcomeKey(factsOf(scope, state), locks))
      })
      const normal = explore(layered(new Rules(scope)), (state) => {
        const locks = state.replicas.map(({ accepted }) => accepted)
        inNormalForm.add(symmetry.outcomeKey(state, locks))
      })
      report(`any order, ${nameOf(scope)}`, all)
      report(`normal form, ${nameOf(scope)}`, normal)
      say(`  ${inAnyOrder.size} outcomes`)
      expect(all.violation ?? normal.violation).toBeUndefined()
      expect([...inNormalForm].sort()).toEqual([...inAnyOrder].sort())
      expect(normal.states).toBeLessThan(all.states / 10)
    },
    TIMEOUT_MS,
  )
})

/** Outcomes of a scope in normal form, all of them. */
function outcomesInNormalForm(scope: Scope): Set<string> {
  const symmetry = new Symmetry(scope)
  const outcomes = new Set<string>()
  explore(layered(new Rules(scope)), (state) => {
    const locks = state.replicas.map(({ accepted }) => accepted)
    outcomes.add(symmetry.outcomeKey(state, locks))
  })
  return outcomes
}

/** Outcomes of histories drawn at random, for scopes with too many interleavings to see them all. */
function outcomesOfWalks(scope: Scope, walks: number, random: Random): Set<string> {
  const symmetry = new Symmetry(scope)
  const model = interleaved(new Rules(scope))
  const outcomes = new Set<string>()
  for (let walk = 0; walk < walks; walk++) {
    let state = model.initial
    for (let steps = model.steps(state); steps.length > 0; steps = model.steps(state)) {
      state = steps[random.below(steps.length)]?.next ?? state
      const locks = state.replicas.map((replica) => locksOf(scope, replica))
      outcomes.add(symmetry.outcomeKey(factsOf(scope, state), locks))
    }
  }
  return outcomes
}

describe('the normal form, against histories drawn at random', () => {
  it.each<Scope>([
    { cids: 1, regencies: 3, values: 2 },
    { cids: 2, regencies: 2, values: 2 },
  ])(
    'has every outcome of theirs with $cids cids, $regencies regencies',
    (scope) => {
      const all = outcomesInNormalForm(scope)
      const met = outcomesOfWalks(scope, 5_000, new Random(1))
      say(`walks, ${nameOf(scope)}: ${met.size} of ${all.size} outcomes met, none else`)
      expect([...met].filter((outcome) => !all.has(outcome))).toEqual([])
      expect(met.size).toBeGreaterThan(all.size / 20)
    },
    TIMEOUT_MS,
  )

  it('would show a history that the normal form leaves out', () => {
    const scope: Scope = { cids: 1, regencies: 2, values: 2 }
    const all = outcomesInNormalForm(scope)
    const met = outcomesOfWalks({ ...scope, plant: 'forgotten-lock' }, 1_000, new Random(1))
    expect([...met].some((outcome) => !all.has(outcome))).toBe(true)
  })
})

/** Looks for disagreement only: some planted faults break another property first. */
function disagreement(scope: Scope): Exploration {
  const model = layered(new Rules(scope))
  const violation = (state: LayeredState) => {
    const what = brokenProperty(scope, { ...state, certs: [] })
    return what?.startsWith('agreement') ? what : undefined
  }
  return explore({ ...model, violation })
}

describe('a planted fault is found', () => {
  const one = { cids: 1, regencies: 3, values: 2 }

  it.each<[Plant, Scope, string]>([
    ['quorum-minus-one', one, 'locks'],
    ['forgotten-lock', one, 'agreement'],
    ['lowest-epoch', one, 'agreement'],
    ['epoch-zero', one, 'agreement'],
    ['unproven-height', { ...one, cids: 2 }, 'base'],
    ['unbound-proof', one, 'agreement'],
    ['unbound-proof', { ...one, cids: 2, regencies: 2 }, 'validity'],
    ['replayed-votes', one, 'locks'],
  ])('%s, within %o, breaks %s', (plant, scope, property) => {
    const found = explore(layered(new Rules({ ...scope, plant })))
    report(nameOf({ ...scope, plant }), found)
    expect(found.violation?.what).toContain(`${property}:`)
  })

  it.each<Plant>(['quorum-minus-one', 'replayed-votes'])('%s breaks agreement, too', (plant) => {
    const found = disagreement({ ...one, plant })
    report(nameOf({ ...one, plant }), found)
    expect(found.violation?.what).toContain('agreement:')
  })

  it('vote-after-stop breaks agreement', () => {
    const scope: Scope = { cids: 1, regencies: 2, values: 2, plant: 'vote-after-stop' }
    const found = explore(interleaved(new Rules(scope)))
    report(nameOf(scope), found)
    expect(found.violation?.what).toContain('agreement:')
  })

  it('and none of these scopes breaks anything without it', () => {
    for (const scope of [one, { ...one, cids: 2, regencies: 2 }]) {
      expect(explore(layered(new Rules(scope))).violation).toBeUndefined()
    }
  })
})

describe('a batch that a bound value displaced', () => {
  const scope = { regencies: 4, slots: 3 }

  it('can be ordered from every state in the regency in force', () => {
    const { states, ordered, stuck } = reachability({ ...scope, builtForSync: false })
    say(`displaced batch: ${states} states, ordered in ${ordered}, stuck in ${stuck.length}`)
    expect(ordered).toBeGreaterThan(0)
    expect(stuck).toEqual([])
  })

  it('is lost where the proposal is built before the bound values are known: known defect 5', () => {
    const { states, stuck } = reachability({ ...scope, builtForSync: true })
    say(`displaced batch, planted: ${states} states, stuck in ${stuck.length}, first ${JSON.stringify(stuck[0])}`)
    expect(stuck.length).toBeGreaterThan(0)
  })
})
