import type { LayeredReplica, LayeredState } from './layered.js'
import { cidsOf, epochOf, type Facts, FIRST, lockedValue, lockOf, type Scope, valuesIn } from './protocol.js'

/** New names for the proposable values of a cid, by old name. */
type Names = readonly number[]

/**
 * States that differ only in the names of the correct replicas, or of the values proposed for a cid, have like futures:
 * one key for all of them. It is the least encoding over all renamings.
 */
export class Symmetry {
  readonly #scope: Scope
  readonly #all: readonly Names[]
  readonly #bestFor = new Map<string, readonly Names[]>()

  constructor(scope: Scope) {
    this.#scope = scope
    this.#all = permutations(Array.from({ length: scope.values }, (_, i) => FIRST + i)).map((order) => {
      const names = [0, 1, 2, 3, 4, 5, 6, 7]
      order.forEach((value, i) => {
        names[FIRST + i] = value
      })
      return names
    })
  }

  key(state: LayeredState): string {
    const { regencies } = this.#scope
    const choices = cidsOf(this.#scope).map((cid) =>
      this.#best(state.certs.slice((cid - 1) * regencies, cid * regencies), state.decided[cid - 1] ?? 0),
    )
    let least: string | undefined
    for (const names of combinations(choices)) {
      const key = encode(state, names, regencies)
      if (least === undefined || key < least) least = key
    }
    return least ?? ''
  }

  /** The least of the codes under all renamings. */
  least(code: (rename: (cid: number, value: number) => number) => string): string {
    const codes = combinations(cidsOf(this.#scope).map(() => this.#all)).map((names) =>
      code((i, value) => renamed(value, names[i])),
    )
    return codes.sort()[0] ?? ''
  }

  /** What regencies leave behind for later ones: the certificates that can be made, and who accepted what. */
  outcomeKey(facts: Facts, accepted: readonly (readonly number[])[]): string {
    const none = cidsOf(this.#scope).map(() => 0)
    const replicas = accepted.map((locks) => ({ accepted: locks, report: undefined, written: undefined, old: none }))
    return this.key({ ...facts, regency: 0, phase: 'accept', replicas, bindings: [] })
  }

  /** Renamings that make the certificates of a cid least: they stand first in the encoding, so no other can win. */
  #best(certs: readonly number[], decided: number): readonly Names[] {
    const name = `${certs.join()}|${decided}`
    const known = this.#bestFor.get(name)
    if (known !== undefined) return known
    const coded = this.#all.map((names) => ({ names, code: codeOfMasks([...certs, decided], names) }))
    const [least] = coded.map(({ code }) => code).sort()
    const best = coded.filter(({ code }) => code === least).map(({ names }) => names)
    this.#bestFor.set(name, best)
    return best
  }
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]))
}

function combinations(choices: readonly (readonly Names[])[]): readonly (readonly Names[])[] {
  let all: Names[][] = [[]]
  for (const some of choices) all = all.flatMap((one) => some.map((names) => [...one, names]))
  return all
}

/** Small numbers as characters: printable, and cheap to compare. */
const char = (n: number): string => String.fromCharCode(n + 48)

const renamed = (value: number, names: Names | undefined): number => (value <= 0 ? value : (names?.[value] ?? value))

function codeOfMasks(masks: readonly number[], names: Names | undefined): string {
  let code = ''
  for (const mask of masks) {
    code += mask === 0 ? '0' : char(valuesIn(mask).reduce((sum, value) => sum | (1 << renamed(value, names)), 0))
  }
  return code
}

function encode(state: LayeredState, names: readonly Names[], regencies: number): string {
  let key = ''
  for (let i = 0; i < names.length; i++) {
    key += codeOfMasks([...state.certs.slice(i * regencies, (i + 1) * regencies), state.decided[i] ?? 0], names[i])
  }
  key += char(state.regency) + state.phase.charAt(0)
  const replicas = state.replicas.map((replica) => codeOfReplica(replica, names)).sort()
  const bindings = state.bindings.map(({ base, digests }) => char(base) + codeOfValues(digests, names)).sort()
  return `${key + replicas.join('/')}|${bindings.join('')}`
}

function codeOfReplica({ accepted, report, written, old }: LayeredReplica, names: readonly Names[]): string {
  let code = codeOfLocks(accepted, names)
  if (report !== undefined) code += `r${char(report.finalized)}${codeOfLocks(report.locks, names)}`
  if (written !== undefined) code += `w${codeOfValues(written, names)}`
  if (old.some((mask) => mask !== 0)) for (let i = 0; i < old.length; i++) code += codeOfMasks([old[i] ?? 0], names[i])
  return code
}

function codeOfLocks(locks: readonly number[], names: readonly Names[]): string {
  let code = ''
  for (let i = 0; i < locks.length; i++) {
    const lock = locks[i] ?? 0
    code += char(lock === 0 ? 0 : lockOf(epochOf(lock), renamed(lockedValue(lock), names[i])))
  }
  return code
}

function codeOfValues(values: readonly number[], names: readonly Names[]): string {
  let code = ''
  for (let i = 0; i < values.length; i++) code += char(renamed(values[i] ?? 0, names[i]))
  return code
}
