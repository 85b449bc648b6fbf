/** What is synced and when, and how a replica starts again: the table of durability, D1 to D5, N7, T2. */
import { askOthers, changesView, checkDurable, isSilent, knowsChange, lowestAnswer, proofOf } from './knowledge.js'
import {
  at,
  type Core,
  certChain,
  certHeight,
  copyCore,
  digit,
  diskOf,
  emptyCore,
  eraOf,
  isCorrect,
  lockValue,
  type Model,
  memoryOf,
  outcomeOf,
  type Replica,
  type State,
  setPair,
  startOf,
  upTo,
} from './state.js'

const replicaOf = (s: State, x: number): Replica => s.replicas[x] as Replica

export const withValue = (values: number, k: number, value: number): number =>
  setPair(values, k, digit(values, k) | (1 << (value - 1)))

/** Writes the ledger up to `k` with the certificate of `k`, as one synced batch. */
function writeLedger(s: State, { memory: m, disk: d }: Replica, k: number, synced: boolean): void {
  m.tip = k
  m.rows = k
  if (!synced) return
  d.tip = k
  d.rows = k
  d.rowChain = upTo(m.chain, k)
  d.final = k
  d.exec = k
  d.chain = upTo(m.chain, k)
  d.proof = proofOf(s, k, d.chain)
}

/**
 * The (view, regency) in force is on disk before the first vote, proposal, SYNC or STOPDATA in it, a view with the
 * certificate that it starts from; and the mark of an orderly stop is gone.
 */
export function syncRegency(s: State, c: Model, replica: Replica): void {
  const { memory: m, disk: d } = replica
  if (d.view !== m.view || d.regency !== m.regency) {
    d.wrote = 0
    d.proposed = 0
    d.accepted.fill(0)
    d.sentSync = false
    if (d.view !== m.view) d.wish = 0
  }
  d.view = m.view
  d.regency = m.regency
  if (c.plant !== 'mark-stays') d.mark = false
  if (m.view === 1 && d.tip < c.last) writeLedger(s, replica, c.last, true)
}

/** N7: final blocks up to `k`, where `k` has a certificate of its own. */
export function flush(s: State, c: Model, x: number, k: number): boolean {
  const replica = replicaOf(s, x)
  const { memory: m } = replica
  if (k <= m.rows || k > m.exec) return false
  if (k !== m.final && proofOf(s, k, upTo(m.chain, k)) === 0) {
    if (c.plant !== 'run-below-certificate') return false
    m.rows = k
    replica.disk.rows = k
    replica.disk.rowChain = upTo(m.chain, k)
    return true
  }
  writeLedger(s, replica, k, c.plant !== 'ledger-unsynced')
  return true
}

/** D1, D5: what the durable ledger has leaves the log, and values that no lock names. */
export function compact(s: State, c: Model, x: number): boolean {
  const { memory: m, disk: d } = replicaOf(s, x)
  const covered = c.plant === 'compaction-by-certificate' ? m.final : m.rows
  let changed = false
  for (let k = 1; k < c.rows; k++) {
    const lock = at(d.locks, k)
    const kept = k <= covered || lock === 0 ? 0 : digit(d.values, k) & (1 << (lockValue(lock) - 1))
    changed ||= kept !== digit(d.values, k) || (k <= covered && (lock !== 0 || at(d.accepted, k) !== 0))
    d.values = setPair(d.values, k, kept)
    if (k > covered) continue
    d.locks[k] = 0
    m.locks[k] = 0
    d.accepted[k] = 0
    m.accepted[k] = 0
    if (k <= m.exec) m.values = setPair(m.values, k, 0)
  }
  if (c.plant === 'compaction-drops-lock') {
    const lowest = d.locks.findIndex((lock, k) => k > m.tip && lock !== 0)
    if (lowest > 0) {
      d.locks[lowest] = 0
      m.locks[lowest] = 0
      changed = true
    }
  }
  if (changed) checkDurable(s, c)
  return changed
}

/** Values that were written and never locked are dropped from memory. */
export function drop(s: State, c: Model, x: number): boolean {
  const { memory: m, disk: d } = replicaOf(s, x)
  const before = m.values
  for (let k = 1; k < c.rows; k++) {
    const lock = at(m.locks, k)
    const kept = digit(d.values, k) | (lock === 0 ? 0 : 1 << (lockValue(lock) - 1))
    m.values = setPair(m.values, k, digit(m.values, k) & kept)
  }
  return m.values !== before
}

/** H of D3: what the others have, and the own log (B5). */
function barHeight(s: State, c: Model, x: number, d: Core): number {
  const others = c.plant === 'bar-lowest-answer' ? lowestAnswer(s, c, x, d.view) : askOthers(s, c, x, d.view).height
  const own = c.plant === 'bar-without-own-log' || c.plant === 'bar-lowest-answer' ? 0 : d.tip
  const span = c.plant === 'bar-to-h' ? 0 : c.plant === 'bar-to-h-w' ? c.w : 2 * c.w
  return Math.max(others, own) + span
}

/** Memory is what the disk says; the replica is barred unless it stopped in an orderly way (D3, D4). */
export function restart(s: State, c: Model, x: number): void {
  const replica = replicaOf(s, x)
  const d = replica.disk
  const m = copyCore(d)
  if (c.plant === 'silence-end-sticks' && !isSilent(c, replica.memory)) {
    d.silentTo = 0
    m.silentTo = 0
  }
  m.barred = !d.mark && c.plant !== 'no-bar'
  m.barHeight = m.barred ? barHeight(s, c, x, d) : 0
  m.staged = d.tip
  m.stagedChain = d.chain
  // a halted replica finds the same again
  m.halted = replica.memory.halted
  m.hasSync = m.regency === 1 || c.plant === 'votes-without-sync'
  m.sync = outcomeOf(startOf(c, m.view), startOf(c, m.view), 0)
  replica.memory = m
  startView(s, c, x)
  enterProven(c, m)
}

/** D4: all final blocks and everything said in the regency in force, which touched no disk, then the mark. */
export function stop(s: State, c: Model, x: number): boolean {
  const replica = replicaOf(s, x)
  const { memory: m, disk: d } = replica
  if (m.halted) return false
  if (m.exec >= m.final && m.final > d.tip) writeLedger(s, replica, m.final, true)
  const marked = !m.barred || c.plant === 'mark-lifts-bar'
  if (marked) {
    if (c.plant !== 'mark-without-record') {
      syncRegency(s, c, replica)
      d.wrote = m.wrote
      d.proposed = m.proposed
      d.sentSync = m.sentSync
    }
    d.mark = true
  } else {
    d.mark = false
  }
  restart(s, c, x)
  return true
}

/** T2: nothing is left but the key; the others of the genesis view are asked for H and G. */
export function loseDisk(s: State, c: Model, x: number): boolean {
  if (s.lostDisks >= c.lost || x >= 4) return false
  // the fault model has one at a time: the next one only when all others vote again
  if (s.replicas.some(({ memory }, y) => isCorrect(c, y) && isSilent(c, memory))) return false
  const { height, g } = askOthers(s, c, x, 0)
  const d = emptyCore(c)
  d.silentTo = silenceFrom(c, height)
  d.g = g
  const replica = replicaOf(s, x)
  replica.disk = d
  replica.memory = copyCore(d)
  replica.memory.sync = outcomeOf(0, 0, 0)
  s.lostDisks += 1
  return true
}

function silenceFrom(c: Model, height: number): number {
  if (c.plant === 'return-at-h') return Math.max(1, height)
  return height + (c.plant === 'return-at-h-w' ? c.w : 2 * c.w)
}

/** A new regency: nothing was said in it, and the SYNC is to come. Staged blocks stay (N4). */
export function enterRegency(c: Model, m: Core, regency: number): void {
  m.regency = regency
  m.wrote = 0
  m.proposed = 0
  m.accepted.fill(0)
  m.hasSync = false
  m.sentSync = false
  m.barred = false
  m.barHeight = 0
  m.sync = outcomeOf(startOf(c, m.view), startOf(c, m.view), 0)
}

/** N6: a certificate proves that its regency was installed; whoever knows it votes in no lower one. */
export function enterProven(c: Model, m: Core): void {
  if (c.plant === 'no-proven-regency' || m.proof >> 4 !== m.view) return
  const regency = m.proof & 15
  if (regency <= m.regency) return
  enterRegency(c, m, regency)
  if (c.plant === 'proven-regency-without-sync') m.hasSync = true
}

/** V1: view 1 starts when the last height of view 0 is final and executed here. */
export function startView(s: State, c: Model, x: number): void {
  const m = memoryOf(s, x)
  if (c.change === 0 || m.view !== 0 || m.final < c.last || m.exec < c.last || !knowsChange(c, m)) return
  beginView(s, c, x)
}

export function beginView(s: State, c: Model, x: number): void {
  const m = memoryOf(s, x)
  const silent = isSilent(c, m)
  m.view = 1
  enterRegency(c, m, 1)
  m.hasSync = true
  m.wish = 0
  if (!silent || c.plant === 'asks-genesis-view') return
  // T2: asked again in every view that it enters while it is silent
  const { height, g } = askOthers(s, c, x, 1)
  const d = diskOf(s, x)
  m.silentTo = Math.max(m.silentTo, silenceFrom(c, height))
  m.g = Math.max(m.g, g)
  d.silentTo = m.silentTo
  d.g = m.g
}

/** A certificate is learned, into memory. What was staged on another chain is rolled back. */
export function learn(s: State, c: Model, x: number, cert: number): boolean {
  const m = memoryOf(s, x)
  if (m.halted) return false
  const era = eraOf(cert >> 28, (cert >> 20) & 15)
  const newer = era > m.proof && era >> 4 === m.view && (era & 15) > m.regency
  const k = certHeight(cert)
  if (k <= m.final && !newer) return false
  if (cert >> 28 === 1 && m.view === 0 && !(knowsChange(c, m) && changesView(c, certChain(cert)))) return false
  if (k > m.final) setFinal(s, c, x, k, certChain(cert), era)
  else {
    m.proof = era
    enterProven(c, m)
  }
  return true
}

export function setFinal(s: State, c: Model, x: number, k: number, chain: number, era: number): void {
  const { memory: m, disk: d } = replicaOf(s, x)
  if (k <= m.final) return
  if (c.plant === 'halts-on-speculation' && m.staged > m.final) {
    const common = Math.min(m.staged, k)
    if (upTo(m.stagedChain, common) !== upTo(chain, common)) m.halted = true
  }
  m.final = k
  m.chain = chain
  m.proof = Math.max(m.proof, era)
  if (m.staged < k || upTo(m.stagedChain, k) !== chain) {
    m.staged = k
    m.stagedChain = chain
  }
  if (c.plant === 'locks-dropped-early') {
    for (let j = 1; j <= k && j < c.rows; j++) {
      m.locks[j] = 0
      d.locks[j] = 0
    }
  }
  startView(s, c, x)
  enterProven(c, m)
}
