/**
 * No dead end: from a state, the Byzantine replica is silent and everything that correct replicas sent arrives. Does a
 * correct leader bring another certificate?
 */
import { act, apply } from './actions.js'
import { learn } from './disk.js'
import { isSilent, stopsFor } from './knowledge.js'
import type { Choice } from './regency.js'
import {
  bits,
  certChain,
  certHeight,
  copyState,
  isCorrect,
  isMember,
  leaderOf,
  type Model,
  maskOf,
  membersOf,
  memoryOf,
  quorumIn,
  type State,
  VOID,
} from './state.js'

const CHANGES = 6

/** Undefined if all is well, or if the question makes no sense: a lost disk and a Byzantine replica are more than f. */
export function deadEnd(from: State, c: Model): string | undefined {
  if (from.lostDisks > 0 && c.byz >= 0) return undefined
  const s = copyState(from)
  s.quiet = true
  const correct = s.replicas.map((_, x) => x).filter((x) => isCorrect(c, x))
  if (!deliver(s, c, correct)) return 'progress: a final block cannot be had from any correct replica'
  const view = Math.max(...correct.map((x) => memoryOf(s, x).view))
  const live = correct.filter((x) => isMember(c, view, x) && memoryOf(s, x).view === view && isAwake(s, c, x))
  if (live.length < quorumIn(c, view)) return from.lostDisks > 0 ? undefined : 'progress: fewer than Q take part'
  const reached = Math.max(...live.map((x) => memoryOf(s, x).final))
  if (reached + 3 >= c.rows) return undefined
  for (let change = 0; change < CHANGES; change++) {
    const regency = nextRegency(s, c, view, live)
    if (regency === VOID) return 'progress: no regency is installed by all'
    if (regency >= c.columns - 2) return undefined
    if (!live.includes(leaderOf(c, view, regency))) continue
    const problem = lead(s, c, view, regency, live, correct, reached)
    return problem === '' ? undefined : problem
  }
  return 'progress: no correct leader'
}

const isAwake = (s: State, c: Model, x: number): boolean => !memoryOf(s, x).halted && !isSilent(c, memoryOf(s, x))

/** Certificates and blocks reach all. */
function deliver(s: State, c: Model, correct: readonly number[]): boolean {
  for (let round = 0; round < 2; round++) {
    for (const x of correct) {
      const known = s.certificates.slice().sort((a, b) => certHeight(a) - certHeight(b))
      for (const cert of known) {
        // what somebody knows: a certificate that only the Byzantine replica could show is not among it
        if (!correct.some((y) => memoryOf(s, y).final >= certHeight(cert) && agrees(s, y, cert))) continue
        learn(s, c, x, cert)
        if (!memoryOf(s, x).halted && memoryOf(s, x).exec < memoryOf(s, x).final && !apply(s, c, act('fetch', x)))
          return false
      }
      apply(s, c, act('flush', x, memoryOf(s, x).final))
    }
  }
  return true
}

const agrees = (s: State, y: number, cert: number): boolean =>
  (memoryOf(s, y).chain & ((1 << (2 * certHeight(cert))) - 1)) === certChain(cert)

/** Everybody asks for the next regency by the rules of R2, until all are in one. */
function nextRegency(s: State, c: Model, view: number, live: readonly number[]): number {
  const start = Math.max(...live.map((x) => memoryOf(s, x).regency))
  for (let round = 0; round < 12; round++) {
    for (const x of live) {
      apply(s, c, act('wish', x, memoryOf(s, x).regency + 1))
      for (let r = memoryOf(s, x).regency + 2; r < c.columns; r++)
        if (stopsFor(s, c, view, r) >= 2) apply(s, c, act('wish', x, r))
    }
    for (const x of live) {
      for (let r = c.columns - 1; r > memoryOf(s, x).regency; r--) if (apply(s, c, act('install', x, r))) break
    }
    const regencies = live.map((x) => memoryOf(s, x).regency)
    const top = Math.max(...regencies)
    if (top > start && regencies.every((r) => r === top)) return top
    if (top >= c.columns - 2) return top
  }
  return VOID
}

function lead(
  s: State,
  c: Model,
  view: number,
  regency: number,
  live: readonly number[],
  correct: readonly number[],
  reached: number,
): string {
  const leader = leaderOf(c, view, regency)
  if (!syncFrom(s, c, view, leader, live)) {
    // a leader that lost its disk is barred up to G: its regency passes
    if (s.lostDisks > 0) return ''
    return 'progress: a correct leader finds no n - f STOPDATA that it may count'
  }
  if (s.broken !== '') return s.broken
  for (const x of live) {
    if (x !== leader && !apply(s, c, act('takeSync', x, regency, 99)))
      return 'progress: the SYNC of a correct leader is refused'
  }
  for (let round = 0; round < 4; round++) {
    if (!deliver(s, c, correct)) return 'progress: a final block cannot be had from any correct replica'
    vote(s, c, leader, live)
    if (s.broken !== '') return s.broken
    for (const cert of s.certificates) {
      if (certHeight(cert) > reached) return ''
      for (const x of live) learn(s, c, x, cert)
    }
    if (correct.some((x) => memoryOf(s, x).view > view)) return ''
  }
  return 'progress: no new certificate under a correct leader'
}

function syncFrom(s: State, c: Model, view: number, leader: number, live: readonly number[]): boolean {
  for (const x of live) apply(s, c, act('stopData', x))
  const need = membersOf(c, view).length - 1 - (c.plant === 'stopdata-quorum' ? 1 : 0)
  const versions = [99, 99, 99, 99, 99]
  for (let from = 0; from <= maskOf(c, view); from++) {
    if (bits(from) !== need || live.reduce((rest, x) => rest & ~(1 << x), from) !== 0) continue
    const choice: Choice = { from, versions, byzantine: false, base: 0, locks: [], stripped: 0 }
    if (apply(s, c, act('sendSync', leader, 0, 0, choice))) return true
  }
  return false
}

function vote(s: State, c: Model, leader: number, live: readonly number[]): void {
  for (let k = 1; k < c.rows; k++) {
    apply(s, c, act('propose', leader, k, 1))
    for (const value of [1, 2]) for (const x of live) apply(s, c, act('write', x, k, value))
    for (const value of [1, 2]) for (const x of live) apply(s, c, act('prepare', x, k, value))
  }
  for (const x of live) for (let k = c.rows - 1; k > 0; k--) apply(s, c, act('accept', x, k))
}
