/** Breadth-first search over all states within bounds, each once up to renaming. States are compared by 64-bit hashes. */
import { type Action, act, apply, type Kind } from './actions.js'
import { canonicalHash, renamingsOf } from './canonical.js'
import { preparedValue } from './generate.js'
import { windowTop } from './knowledge.js'
import { type Choice, outcome, stopDataOf, syncsOf } from './regency.js'
import {
  certHeight,
  copyState,
  initialState,
  isCorrect,
  isMember,
  leaderOf,
  type Model,
  membersOf,
  memoryOf,
  modelOf,
  type Scope,
  type State,
  VOID,
} from './state.js'

export interface Bounds {
  readonly scope: Scope
  /** Crashes and orderly stops, together. */
  readonly crashes: number
  /** Certificates are learned, executed and written to the ledger; else only those below the highest height. */
  readonly settles: boolean
  readonly maxStates: number
}

export interface Exhausted {
  readonly states: number
  readonly transitions: number
  /** States to this depth are complete. */
  readonly depth: number
  readonly exhausted: boolean
  /** Transitions that made a certificate. */
  readonly certificates: number
  readonly broken: string
  readonly actions: readonly Action[]
}

/** A set of pairs of 32-bit numbers; open addressing, since a Set of strings takes ten times the memory. */
class HashSet {
  size = 0
  #slots: Int32Array
  #mask: number

  constructor(capacity: number) {
    let slots = 1024
    while (slots < capacity * 2) slots *= 2
    this.#slots = new Int32Array(slots * 2)
    this.#mask = slots - 1
  }

  /** False if it was there. */
  add(first: number, second: number): boolean {
    // (0, 0) marks a free slot
    const low = first === 0 && second === 0 ? 1 : second
    for (let i = first & this.#mask; ; i = (i + 1) & this.#mask) {
      const [a, b] = [this.#slots[2 * i], this.#slots[2 * i + 1]]
      if (a === first && b === low) return false
      if (a !== 0 || b !== 0) continue
      this.#slots[2 * i] = first
      this.#slots[2 * i + 1] = low
      this.size += 1
      return true
    }
  }
}

interface Node {
  readonly state: State
  readonly action: Action | undefined
  readonly parent: Node | undefined
}

export function exhaust(bounds: Bounds): Exhausted {
  const c = modelOf(bounds.scope)
  const renamings = renamingsOf(c)
  const seen = new HashSet(bounds.maxStates + 1000)
  const hash = new Int32Array(2)
  let frontier: Node[] = [{ state: initialState(c), action: undefined, parent: undefined }]
  let transitions = 0
  let certificates = 0
  for (let depth = 0; ; depth++) {
    const next: Node[] = []
    const result = (exhausted: boolean, broken: string, actions: readonly Action[]): Exhausted => ({
      states: seen.size,
      transitions,
      depth,
      exhausted,
      certificates,
      broken,
      actions,
    })
    for (const node of frontier) {
      for (const { state, action } of successors(node.state, c, bounds)) {
        transitions += 1
        if (state.broken !== '') return result(false, state.broken, [...pathTo(node), action])
        canonicalHash(state, c, renamings, hash)
        if (!seen.add(hash[0] as number, hash[1] as number)) continue
        if (state.certificates.length > node.state.certificates.length) certificates += 1
        next.push({ state, action, parent: node })
      }
      if (seen.size > bounds.maxStates) return result(false, '', [])
      forget(node)
    }
    if (next.length === 0) return result(true, '', [])
    frontier = next
  }
}

/** The way to a state needs its actions only. */
function forget(node: Node): void {
  ;(node as { state: State | undefined }).state = undefined
}

function pathTo(node: Node): Action[] {
  const path: Action[] = []
  for (let at: Node | undefined = node; at?.action !== undefined; at = at.parent) path.unshift(at.action)
  return path
}

function successors(s: State, c: Model, bounds: Bounds): { state: State; action: Action }[] {
  const found: { state: State; action: Action }[] = []
  for (let x = 0; x < s.replicas.length; x++) {
    if (!isCorrect(c, x)) continue
    // an action that is not allowed changes nothing, so the copy serves for the next one
    let copy = copyState(s, x)
    for (const action of actionsOf(s, c, x, bounds)) {
      if (!apply(copy, c, action)) continue
      found.push({ state: copy, action })
      copy = copyState(s, x)
    }
  }
  return found
}

function actionsOf(s: State, c: Model, x: number, bounds: Bounds): Action[] {
  const m = memoryOf(s, x)
  const list: Action[] = []
  const add = (kind: Kind, p = 0, q = 0, choice?: Choice): void => void list.push(act(kind, x, p, q, choice))
  const top = Math.min(c.heights, windowTop(c, m))
  for (let k = m.final + 1; k <= top; k++) {
    for (const value of [1, 2]) {
      if (leaderOf(c, m.view, m.regency) === x) add('propose', k, value)
      add('write', k, value)
    }
    const prepared = preparedValue(s, c, m.view, k, m.regency)
    if (prepared !== 0) add('prepare', k, prepared)
    add('accept', k)
  }
  if (c.eager) add('execute')
  for (const cert of s.certificates) if (bounds.settles || certHeight(cert) < c.heights) add('learn', cert)
  if (m.exec < m.final) add('fetch')
  if (m.tip < m.exec) add('flush', m.exec)
  if (m.tip > 0 && bounds.settles) add('compact')
  if (s.crashes < bounds.crashes) {
    add('crash')
    if (c.orderly) add('stop')
  }
  if (s.lostDisks < c.lost) add('lose')
  if (m.regency < c.regencies) {
    if (!c.freeStops) add('wish', m.regency + 1)
    add('install', m.regency + 1)
  }
  addSyncs(s, c, x, add)
  return list
}

function addSyncs(
  s: State,
  c: Model,
  x: number,
  add: (kind: Kind, p?: number, q?: number, choice?: Choice) => void,
): void {
  const m = memoryOf(s, x)
  for (let r = Math.max(2, m.regency); r <= c.regencies; r++) {
    if (r === m.regency && m.hasSync) continue
    const leader = leaderOf(c, m.view, r)
    if (isCorrect(c, leader) && leader !== x) {
      for (let i = 0; i < syncsOf(s, m.view, r).length; i++) add('takeSync', r, i)
      continue
    }
    if (leader === x && r !== m.regency) continue
    // choices that come to the same count once
    const outcomes = new Set<number>()
    for (const choice of choicesFor(s, c, m.view, r)) {
      const out = outcome(s, c, m.view, r, choice)
      if (out === VOID || outcomes.has(out)) continue
      outcomes.add(out)
      if (leader === x) add('sendSync', 0, 0, choice)
      else add('takeSync', r, 0, choice)
    }
  }
}

/** Every set of n - f STOPDATA, every version of each, and everything true that the Byzantine replica can state. */
function choicesFor(s: State, c: Model, view: number, regency: number): Choice[] {
  const need = membersOf(c, view).length - 1 - (c.plant === 'stopdata-quorum' ? 1 : 0)
  const found: Choice[] = []
  const statements = c.byz >= 0 && isMember(c, view, c.byz) ? statementsFor(s, c, view, regency) : []
  const versions = [0, 0, 0, 0, 0]
  const extend = (i: number, from: number, count: number): void => {
    if (count === need) found.push({ from, versions: [...versions], byzantine: false, base: 0, locks: [], stripped: 0 })
    if (count === need - 1) {
      for (const own of statements) found.push({ from, versions: [...versions], byzantine: true, ...own, stripped: 0 })
    }
    for (let j = i; j < s.replicas.length && count < need; j++) {
      const sent = isCorrect(c, j) ? stopDataOf(s, view, regency, j).length : 0
      for (let v = 0; v < sent; v++) {
        versions[j] = v
        extend(j + 1, from | (1 << j), count + 1)
      }
      versions[j] = 0
    }
  }
  extend(0, 0, 0)
  return found
}

function statementsFor(s: State, c: Model, view: number, regency: number): { base: number; locks: number[] }[] {
  const none = new Array<number>(c.rows).fill(0)
  let found = [{ base: 0, locks: none }, ...s.certificates.map((base) => ({ base, locks: none }))]
  for (let k = 1; k < c.rows; k++) {
    const real: number[] = []
    for (let r = 1; r < regency; r++) {
      const value = preparedValue(s, c, view, k, r)
      if (value !== 0) real.push((r << 2) | value)
    }
    const longer = found.flatMap((own) => {
      if (k <= certHeight(own.base) || k > certHeight(own.base) + c.w) return []
      return real.map((lock) => ({ base: own.base, locks: own.locks.with(k, lock) }))
    })
    found = [...found, ...longer]
  }
  return found
}
