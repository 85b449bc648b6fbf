/** The regency change: STOP, STOPDATA, SYNC and what it binds (R1 to R10). */
import { enterProven, enterRegency, setFinal, syncRegency, withValue } from './disk.js'
import {
  byzantineIn,
  canBeHad,
  correctHolder,
  holds,
  isPrepared,
  isSilent,
  mayPromise,
  promisedAbove,
  proofOf,
  stopsFor,
} from './knowledge.js'
import {
  at,
  certChain,
  certHeight,
  certView,
  copyCore,
  digit,
  eraOf,
  isCorrect,
  isMember,
  leaderOf,
  lockRegency,
  lockValue,
  lockView,
  type Model,
  membersOf,
  memoryOf,
  outBase,
  outChain,
  outcomeOf,
  outTop,
  quorumIn,
  type Replica,
  type State,
  type StopData,
  startOf,
  VOID,
  withDigit,
} from './state.js'

const replicaOf = (s: State, x: number): Replica => s.replicas[x] as Replica
const JOIN = 2

/** Which STOPDATA a leader takes, and what the Byzantine replica puts into its own. */
export interface Choice {
  /** The correct replicas whose STOPDATA count. */
  readonly from: number
  /** Which STOPDATA of each, if it sent several; too high means the last. */
  readonly versions: readonly number[]
  readonly byzantine: boolean
  /** Certificate that the Byzantine replica names as its base, real or invented; 0 for none. */
  readonly base: number
  /** Locks that it names by height, real or invented: regency << 2 | value. */
  readonly locks: readonly number[]
  /** Proofs that a Byzantine leader leaves out: bit 0 for the base, bit k for the lock of height k. */
  readonly stripped: number
}

/** R1, R2: a wish for the next regency, or for one that f + 1 ask for. It is on disk before it leaves (T2). */
export function wish(s: State, c: Model, x: number, regency: number): boolean {
  const { memory: m, disk: d } = replicaOf(s, x)
  if (m.halted || !isMember(c, m.view, x) || regency <= m.regency || regency <= m.wish) return false
  const next = c.plant === 'free-wish' ? Math.max(m.regency, m.wish) + 1 : m.regency + 1
  if (regency >= c.columns || (regency > next && stopsFor(s, c, m.view, regency) < JOIN)) return false
  const where = m.view * c.columns + regency
  s.stops[where] = at(s.stops, where) | (1 << x)
  m.wish = regency
  if (c.plant !== 'wish-unsynced' && d.view === m.view) d.wish = regency
  return true
}

/** R3: Q STOPs install a regency, whatever their age. STOPDATA follows where it may. */
export function install(s: State, c: Model, x: number, regency: number): boolean {
  const replica = replicaOf(s, x)
  const m = replica.memory
  if (m.halted || !isMember(c, m.view, x) || regency <= m.regency || regency >= c.columns) return false
  if (stopsFor(s, c, m.view, regency) < quorumIn(c, m.view)) return false
  if (c.plant === 'stopdata-no-promise') {
    const { memory, disk } = { memory: copyCore(m), disk: copyCore(replica.disk) }
    m.regency = regency
    sendStopData(s, c, x)
    s.replicas[x] = { memory, disk }
    return true
  }
  enterRegency(c, m, regency)
  if (mayPromise(c, m)) sendStopData(s, c, x)
  return true
}

/** STOPDATA once more, perhaps with a higher base: no contradiction (R10). */
export function repeatStopData(s: State, c: Model, x: number): boolean {
  const m = memoryOf(s, x)
  if (m.halted || !isMember(c, m.view, x) || m.regency < 2 || m.hasSync || !mayPromise(c, m)) return false
  return sendStopData(s, c, x)
}

/** R4: base and the lock of every height from base + 1 to base + W. R5: only with the value at hand. */
function sendStopData(s: State, c: Model, x: number): boolean {
  const replica = replicaOf(s, x)
  const { memory: m } = replica
  if (c.plant !== 'stopdata-unsynced') syncRegency(s, c, replica)
  if (m.tip < startOf(c, m.view)) return false
  const fromMemory = c.plant === 'base-from-memory'
  const base = fromMemory ? m.final : m.tip
  const locks = new Array<number>(c.rows).fill(0)
  for (let k = base + 1; k < c.rows && k <= base + (c.plant === 'highest-w-locks' ? c.rows : c.w); k++) {
    const lock = at(m.locks, k)
    const below = lockRegency(lock) < m.regency || c.plant === 'names-own-regency'
    const dataless = c.plant === 'dataless-lock' || c.plant === 'dataless'
    if (lock === 0 || lockView(lock) !== m.view || !below) continue
    if (holds(m, k, lockValue(lock)) || dataless) locks[k] = lock & 63
  }
  if (c.plant === 'highest-w-locks') keepHighest(locks, c.w)
  if (c.plant === 'highest-lock-only') keepHighest(locks, 1)
  const sd: StopData = {
    view: m.view,
    regency: m.regency,
    from: x,
    base,
    chain: m.chain & ((1 << (2 * base)) - 1),
    locks,
  }
  if (s.stopData.some((other) => sameStopData(other, sd))) return false
  s.stopData.push(sd)
  return true
}

function keepHighest(locks: number[], count: number): void {
  let left = count
  for (let k = locks.length - 1; k > 0; k--) if (at(locks, k) !== 0 && --left < 0) locks[k] = 0
}

const sameStopData = (a: StopData, b: StopData): boolean =>
  a.view === b.view &&
  a.regency === b.regency &&
  a.from === b.from &&
  a.base === b.base &&
  a.chain === b.chain &&
  a.locks.every((lock, k) => lock === b.locks[k])

export const stopDataOf = (s: State, view: number, regency: number, x: number): StopData[] =>
  s.stopData.filter((sd) => sd.from === x && sd.view === view && sd.regency === regency)

/** A STOPDATA with what is proven of it: everything of a correct replica, what exists of the Byzantine one. */
interface Statement {
  readonly base: number
  readonly chain: number
  readonly baseProven: boolean
  readonly locks: readonly number[]
  /** Bit k: the lock of height k is proven. */
  readonly proven: number
}
const ALL_PROVEN = -1

function byzantineStatement(s: State, c: Model, view: number, regency: number, choice: Choice): Statement | undefined {
  const start = startOf(c, view)
  const named = certHeight(choice.base) >= start ? choice.base : 0
  const base = named === 0 ? start : certHeight(named)
  const ofView = certView(named) === view || (view === 1 && base === start)
  const baseProven = (named === 0 && start === 0) || (ofView && s.certificates.includes(named))
  let proven = 0
  for (let k = 1; k < c.rows; k++) {
    const lock = at(choice.locks, k)
    if (lock === 0) continue
    // not well formed: nobody counts it
    if (k <= base || k > base + c.w || lockRegency(lock) >= regency) return undefined
    if (isPrepared(s, c, view, k, lockRegency(lock), lockValue(lock))) proven |= 1 << k
  }
  if (named === 0 && start > 0) return { base: -1, chain: 0, baseProven: false, locks: choice.locks, proven }
  return { base, chain: certChain(named), baseProven, locks: choice.locks, proven }
}

/** R6: n - f STOPDATA; a statement that is not outdone needs its proof. */
function statementsOf(s: State, c: Model, view: number, regency: number, choice: Choice): Statement[] | undefined {
  const found: Statement[] = []
  for (const x of membersOf(c, view)) {
    if (((choice.from >> x) & 1) === 0) continue
    const sent = stopDataOf(s, view, regency, x)
    const sd = sent[Math.min(at(choice.versions, x), sent.length - 1)]
    if (sd === undefined) return undefined
    found.push({ base: sd.base, chain: sd.chain, baseProven: true, locks: sd.locks, proven: ALL_PROVEN })
  }
  if (choice.byzantine) {
    const own = byzantineIn(s, c, view) === 0 ? undefined : byzantineStatement(s, c, view, regency, choice)
    if (own === undefined) return undefined
    found.push(own)
  }
  const need = membersOf(c, view).length - 1 - (c.plant === 'stopdata-quorum' ? 1 : 0)
  return found.length === need ? found : undefined
}

/** What a SYNC binds: base, then the locks up to the first gap (R7). VOID if a needed proof is missing (R6). */
export function outcome(s: State, c: Model, view: number, regency: number, choice: Choice): number {
  const statements = statementsOf(s, c, view, regency, choice)
  if (statements === undefined) return VOID
  const stripped = isCorrect(c, leaderOf(c, view, regency)) ? 0 : choice.stripped
  const start = startOf(c, view)
  const baseOk = (st: Statement): boolean => (st.base === 0 && start === 0) || (st.baseProven && (stripped & 1) === 0)
  const passedOver = c.plant === 'unproven-passed-over'
  let base = start
  let low = c.rows
  for (const st of statements) {
    low = Math.min(low, Math.max(start, st.base))
    if (!passedOver || baseOk(st)) base = Math.max(base, st.base)
  }
  const anyProof = c.plant === 'unproven-believed'
  const proof = statements.findLast((st) => st.base === base && (anyProof || baseOk(st)))
  if (proof === undefined && base > 0) return VOID
  const lowest = c.plant === 'run-from-lowest-base' ? low : base
  let chain = proof?.chain ?? 0
  let top = base
  for (let k = lowest + 1; k < c.rows; k++) {
    const value = lockedValue(c, statements, k, stripped)
    if (value === VOID) return VOID
    if (value === 0 && c.plant === 'outcome-behind-gap') continue
    if (value === 0) break
    if (k <= base) continue
    chain = withDigit(chain, k, value)
    top = k
  }
  return outcomeOf(base, top, chain)
}

/** The value of the lock of the highest regency at `k`; 0 without a lock. */
function lockedValue(c: Model, statements: readonly Statement[], k: number, stripped: number): number {
  if (c.plant === 'sync-ignores-locks') return 0
  const passedOver = c.plant === 'unproven-passed-over'
  let best = 0
  let value = VOID
  for (const st of statements) {
    const lock = at(st.locks, k)
    if (lock === 0) continue
    const proven = ((st.proven >> k) & 1) === 1 && ((stripped >> k) & 1) === 0
    if (passedOver && !proven) continue
    const r = lockRegency(lock)
    const better = best === 0 || (c.plant === 'lowest-regency' ? r < best : r > best)
    if (!better && r !== best) continue
    if (better) value = VOID
    best = better ? r : best
    // a tie: what is proven outdoes what is not
    if (proven || c.plant === 'unproven-believed' || (c.plant === 'tie-last-wins' && value !== VOID))
      value = lockValue(lock)
  }
  return best === 0 ? 0 : value
}

/** R5: the leader has pulled the data of every lock that it counts. */
function pullLocks(s: State, c: Model, x: number, choice: Choice): boolean {
  const m = memoryOf(s, x)
  if (c.plant === 'leader-counts-dataless' || c.plant === 'dataless') return true
  const counted: (readonly number[])[] = choice.byzantine ? [choice.locks] : []
  for (const y of membersOf(c, m.view)) {
    const sent = ((choice.from >> y) & 1) === 1 ? stopDataOf(s, m.view, m.regency, y) : []
    const sd = sent[Math.min(at(choice.versions, y), sent.length - 1)]
    if (sd !== undefined) counted.push(sd.locks)
  }
  let { values } = m
  for (const locks of counted) {
    for (let k = 1; k < c.rows; k++) {
      const value = lockValue(at(locks, k))
      if (value === 0) continue
      if (!canBeHad(s, c, k, value)) return false
      values = withValue(values, k, value)
    }
  }
  m.values = values
  return true
}

export function sendSync(s: State, c: Model, x: number, choice: Choice): boolean {
  const replica = replicaOf(s, x)
  const m = replica.memory
  if (m.halted || m.regency < 2 || m.hasSync || m.sentSync || !isMember(c, m.view, x) || isSilent(c, m)) return false
  if (leaderOf(c, m.view, m.regency) !== x || (m.barred && c.plant !== 'restarted-leader')) return false
  if (m.g !== 0 && eraOf(m.view, m.regency) <= m.g) return false
  const out = outcome(s, c, m.view, m.regency, choice)
  if (out === VOID || !pullLocks(s, c, x, choice)) return false
  const era = eraOf(m.view, m.regency)
  const sync = era * 2 ** 28 + out
  for (const other of s.syncs) {
    if (Math.floor(other / 2 ** 28) === era && other !== sync) s.broken = 'contradiction: two SYNCs of a correct leader'
  }
  if (promisedAbove(s, x, era)) s.broken = 'contradiction: a SYNC below a promised regency'
  if (!s.syncs.includes(sync)) s.syncs.push(sync)
  if (c.plant !== 'propose-before-regency') syncRegency(s, c, replica)
  m.sentSync = true
  takeOutcome(s, c, x, m.regency, out)
  for (let k = Math.max(outBase(out), m.exec) + 1; k <= outTop(out); k++) {
    const value = digit(outChain(out), k)
    if (value !== 0 && !correctHolder(s, c, k, value)) {
      s.broken = 'availability: a correct leader bound a value that no correct replica has'
    }
  }
  return true
}

/** SYNCs that correct leaders sent for a regency. */
export function syncsOf(s: State, view: number, regency: number): number[] {
  const era = eraOf(view, regency)
  return s.syncs.filter((sync) => Math.floor(sync / 2 ** 28) === era).map((sync) => sync % 2 ** 28)
}

/** Takes a SYNC: the `which`-th of a correct leader, or what a Byzantine one makes of `choice`. */
export function takeSync(s: State, c: Model, x: number, regency: number, which: number, choice?: Choice): boolean {
  const m = memoryOf(s, x)
  if (m.halted || !isMember(c, m.view, x) || regency < 2 || regency < m.regency || regency >= c.columns) return false
  if (regency === m.regency && m.hasSync) return false
  let out = VOID
  if (isCorrect(c, leaderOf(c, m.view, regency))) {
    const sent = syncsOf(s, m.view, regency)
    out = sent[Math.min(which, sent.length - 1)] ?? VOID
  } else if (!s.quiet && choice !== undefined) {
    out = outcome(s, c, m.view, regency, choice)
  }
  if (out === VOID) return false
  takeOutcome(s, c, x, regency, out)
  return true
}

/** The SYNC carries the certificate of its base. */
function takeOutcome(s: State, c: Model, x: number, regency: number, out: number): void {
  const m = memoryOf(s, x)
  if (regency > m.regency) enterRegency(c, m, regency)
  m.hasSync = true
  m.sync = out
  const base = outBase(out)
  const chain = outChain(out) & ((1 << (2 * base)) - 1)
  setFinal(s, c, x, base, chain, proofOf(s, base, chain))
  enterProven(c, m)
}
