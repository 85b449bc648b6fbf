/** The normal case: PROPOSE, WRITE, prepared, execution, ACCEPT, certificates (N2 to N8, R8). */
import { setFinal, startView, syncRegency, withValue } from './disk.js'
import {
  byzantineIn,
  canBeHad,
  checkDurable,
  clamped,
  holds,
  isPrepared,
  isSilent,
  mayRepeat,
  maySpeak,
  mayVote,
  promisedAbove,
  windowTop,
} from './knowledge.js'
import {
  at,
  bits,
  type Core,
  certChain,
  certHeight,
  certOf,
  certRegency,
  certView,
  digit,
  eraOf,
  isCorrect,
  isMember,
  leaderOf,
  lockOf,
  lockRegency,
  lockValue,
  lockView,
  type Model,
  maskOf,
  memoryOf,
  outBase,
  outChain,
  outTop,
  quorumIn,
  type Replica,
  type State,
  setPair,
  slot,
  upTo,
  withDigit,
} from './state.js'

const replicaOf = (s: State, x: number): Replica => s.replicas[x] as Replica

function checkPromise(s: State, x: number, m: Core): void {
  if (promisedAbove(s, x, eraOf(m.view, m.regency))) s.broken = 'contradiction: a vote below a promised regency'
}

/** The value that the SYNC at hand binds to a height, or 0. */
export const boundValue = (m: Core, k: number): number =>
  k > outBase(m.sync) && k <= outTop(m.sync) ? digit(outChain(m.sync), k) : 0

export function propose(s: State, c: Model, x: number, k: number, value: number): boolean {
  const replica = replicaOf(s, x)
  const m = replica.memory
  if (leaderOf(c, m.view, m.regency) !== x || !maySpeak(c, m, x)) return false
  // D3: a restarted leader never proposes in the same regency, not even above H + 2W
  if (m.barred && c.plant !== 'restarted-leader') return false
  if (k <= m.final || k > windowTop(c, m) || boundValue(m, k) !== 0 || digit(m.proposed, k) !== 0) return false
  const wrote = digit(m.wrote, k)
  if (wrote !== 0 && wrote !== value) return false
  const where = slot(c, m.view, k, m.regency)
  const before = at(s.proposals, where)
  if (before !== 0 && before !== value) s.broken = 'contradiction: two PROPOSEs of a correct leader'
  checkPromise(s, x, m)
  s.proposals[where] = before | value
  m.proposed = setPair(m.proposed, k, value)
  m.values = withValue(m.values, k, value)
  if (c.plant !== 'propose-before-regency') syncRegency(s, c, replica)
  return true
}

/** May `value` be written at `k`: bound by the SYNC, or else proposed by the leader. */
function isOffered(s: State, c: Model, m: Core, k: number, value: number): boolean {
  const bound = boundValue(m, k)
  if (bound !== 0) return bound === value
  if (!isCorrect(c, leaderOf(c, m.view, m.regency))) return !s.quiet
  return (at(s.proposals, slot(c, m.view, k, m.regency)) & value) !== 0
}

export function write(s: State, c: Model, x: number, k: number, value: number): boolean {
  const replica = replicaOf(s, x)
  const m = replica.memory
  if (k <= m.final || digit(m.wrote, k) !== 0 || !maySpeak(c, m, x) || k > windowTop(c, m)) return false
  if (!isOffered(s, c, m, k, value) || !canBeHad(s, c, k, value)) return false
  const where = slot(c, m.view, k, m.regency)
  const masks = at(s.writes, where)
  if (((masks >> (value === 1 ? 5 : 0)) & (1 << x)) !== 0) s.broken = 'contradiction: two WRITEs of a correct replica'
  checkPromise(s, x, m)
  s.writes[where] = masks | (1 << (value === 1 ? x : x + 5))
  m.wrote = setPair(m.wrote, k, value)
  m.values = withValue(m.values, k, value)
  if (c.plant !== 'write-before-regency') syncRegency(s, c, replica)
  return true
}

/** N3: the lock lives in memory until its ACCEPT. A staged block of another value is rolled back, and all above it. */
export function prepare(s: State, c: Model, x: number, k: number, value: number, regency: number): boolean {
  const { memory: m, disk: d } = replicaOf(s, x)
  if (m.halted || k <= m.final || k > windowTop(c, m) || !isMember(c, m.view, x) || isSilent(c, m)) return false
  if (regency !== m.regency && !(c.plant === 'old-lock-overwrites' && regency < m.regency)) return false
  const lock = lockOf(m.view, regency, value)
  if (at(m.locks, k) === lock || !isPrepared(s, c, m.view, k, regency, value)) return false
  const dataless = c.plant === 'dataless-lock-replaces' || c.plant === 'dataless-lock' || c.plant === 'dataless'
  if (!dataless) {
    if (!canBeHad(s, c, k, value)) return false
    m.values = withValue(m.values, k, value)
  }
  m.locks[k] = lock
  if (c.plant === 'old-lock-overwrites') d.locks[k] = lock
  if (c.plant !== 'no-rollback' && m.staged >= k && digit(m.stagedChain, k) !== value) {
    m.staged = k - 1
    m.stagedChain = upTo(m.stagedChain, k - 1)
  }
  return true
}

/** Executes the next height on speculation: what is prepared in this regency, or else what it wrote (N4). */
export function execute(s: State, c: Model, x: number): boolean {
  const m = memoryOf(s, x)
  const k = m.staged + 1
  if (m.halted || m.exec < m.final || k <= m.final || k > windowTop(c, m)) return false
  const lock = at(m.locks, k)
  const prepared = lockView(lock) === m.view && lockRegency(lock) === m.regency ? lockValue(lock) : 0
  const value = prepared === 0 ? digit(m.wrote, k) : prepared
  if (value === 0 || !holds(m, k, value)) return false
  m.stagedChain = withDigit(m.stagedChain, k, value)
  m.staged = k
  return true
}

/** Fetches and executes the blocks of the newest certificate. */
export function fetchFinal(s: State, c: Model, x: number): boolean {
  const m = memoryOf(s, x)
  if (m.halted || m.exec >= m.final) return false
  for (let k = m.exec + 1; k <= m.final; k++) if (!canBeHad(s, c, k, digit(m.chain, k))) return false
  m.exec = m.final
  startView(s, c, x)
  return true
}

/** An ACCEPT is sent: counted, compared with what its sender said before, perhaps a certificate. */
function sendAccept(s: State, c: Model, x: number, accept: number): void {
  checkPromise(s, x, memoryOf(s, x))
  const { final } = memoryOf(s, x)
  let known = false
  for (let i = 0; i < s.accepts.length; i++) {
    const other = at(s.accepts, i)
    const by = at(s.acceptedBy, i)
    if (other === accept) {
      s.acceptedBy[i] = by | (1 << x)
      known = true
    } else if (((by >> x) & 1) === 1 && other >> 28 === accept >> 28 && certRegency(other) === certRegency(accept)) {
      const k = Math.min(certHeight(other), certHeight(accept))
      const differs = upTo(certChain(other), k) !== upTo(certChain(accept), k)
      if (certHeight(other) === certHeight(accept)) s.broken = 'contradiction: two ACCEPTs of a correct replica'
      else if (k > final && differs) s.broken = 'contradiction: ACCEPTs of one regency for different chains'
    }
  }
  if (!known) {
    s.accepts.push(accept)
    s.acceptedBy.push(1 << x)
  }
  certify(s, c, accept)
}

const sameAcrossRegencies = (a: number, b: number): boolean =>
  certView(a) === certView(b) && certHeight(a) === certHeight(b) && certChain(a) === certChain(b)

/** N6: Q equal ACCEPTs decide the height and all below. R8: of one regency. */
function certify(s: State, c: Model, accept: number): void {
  let mask = 0
  for (let i = 0; i < s.accepts.length; i++) {
    const other = at(s.accepts, i)
    if (other === accept || (c.plant === 'accepts-across-regencies' && sameAcrossRegencies(other, accept))) {
      mask |= at(s.acceptedBy, i)
    }
  }
  const view = certView(accept)
  const count = bits(mask & maskOf(c, view)) + byzantineIn(s, c, view)
  if (count < quorumIn(c, view) - (c.plant === 'accept-quorum' ? 1 : 0) || s.certificates.includes(accept)) return
  for (const other of s.certificates) {
    const k = Math.min(certHeight(other), certHeight(accept))
    if (upTo(certChain(other), k) !== upTo(certChain(accept), k)) {
      s.broken = 'agreement: two certificates imply different blocks'
    }
  }
  s.certificates.push(accept)
  checkDurable(s, c)
}

/** The ACCEPT of a height that was accepted in this regency before: the same, byte for byte. */
function repeatAccept(s: State, c: Model, x: number, k: number): boolean {
  const m = memoryOf(s, x)
  const chain = at(m.accepted, k) - 1
  if (k <= m.final || !mayRepeat(c, m, x) || upTo(chain, m.final) !== m.chain) return false
  const accept = certOf(m.view, k, m.regency, chain)
  const known = s.accepts.indexOf(accept)
  if (known >= 0 && ((at(s.acceptedBy, known) >> x) & 1) === 1) return false
  sendAccept(s, c, x, accept)
  return true
}

/** Value that height `k` has in an ACCEPT above or at it, or 0 if it cannot be accepted. */
function acceptable(c: Model, m: Core, k: number, isTop: boolean): number {
  const accepted = at(m.accepted, k)
  if (accepted !== 0) return digit(accepted - 1, k)
  const lock = at(m.locks, k)
  const current = lock !== 0 && lockView(lock) === m.view && lockRegency(lock) === m.regency
  if (current || (lock !== 0 && c.plant === 'accept-on-old-lock')) {
    return holds(m, k, lockValue(lock)) ? lockValue(lock) : 0
  }
  if (c.plant !== 'accept-gap' || isTop) return 0
  return lock === 0 ? digit(m.wrote, k) : lockValue(lock)
}

/** N5: the chain that an ACCEPT of `k` names, or 0 if it may not be sent. */
function chainToAccept(c: Model, m: Core, k: number): number {
  const base = c.plant === 'open-above-memory' ? m.final : m.tip
  const bound = c.plant !== 'accept-outside-window' && c.plant !== 'window-for-write-only'
  if (bound && k > clamped(c, m, base + c.w)) return 0
  // heights that are final here but not durable are open still: accepted in this regency, or nothing above them
  for (let j = base + 1; j <= m.final; j++) {
    if (at(m.accepted, j) === 0 || at(m.accepted, j) - 1 !== upTo(m.chain, j)) return 0
  }
  let chain = m.chain
  for (let j = m.final + 1; j <= k; j++) {
    const value = acceptable(c, m, j, j === k)
    if (value === 0) return 0
    // the header is what was executed; with rollback it is what is prepared
    const staged = j < k && m.staged >= j ? digit(m.stagedChain, j) : value
    chain = withDigit(chain, j, c.plant === 'no-rollback' ? staged : value)
    if (c.plant !== 'no-rollback' && m.staged >= j && staged !== value) return 0
  }
  return chain
}

export function accept(s: State, c: Model, x: number, k: number): boolean {
  const replica = replicaOf(s, x)
  const { memory: m, disk: d } = replica
  if (k < 1 || k >= c.rows) return false
  if (at(m.accepted, k) !== 0) return repeatAccept(s, c, x, k)
  if (k <= m.final || m.exec < m.final || !mayVote(c, m, x)) return false
  const chain = chainToAccept(c, m, k)
  if (chain === 0) return false
  syncRegency(s, c, replica)
  for (let j = m.final + 1; j <= k; j++) {
    if (at(m.accepted, j) !== 0) continue
    m.accepted[j] = upTo(chain, j) + 1
    if (c.plant !== 'header-unsynced') d.accepted[j] = at(m.accepted, j)
    if (c.plant === 'lock-unsynced' || (c.plant === 'top-lock-synced' && j < k)) continue
    const lock = at(m.locks, j)
    d.locks[j] = lock
    if (lock !== 0 && c.plant !== 'values-unsynced') d.values = withValue(d.values, j, lockValue(lock))
  }
  if (m.staged < k) {
    m.staged = k
    m.stagedChain = chain
  }
  const { view, regency } = m
  sendAccept(s, c, x, certOf(view, k, regency, chain))
  if (
    c.plant === 'view-on-speculation' &&
    c.change > 0 &&
    view === 0 &&
    k === c.last &&
    digit(chain, c.changeAt) === 2
  ) {
    setFinal(s, c, x, k, chain, eraOf(view, regency))
    m.exec = k
    startView(s, c, x)
  }
  return true
}
