/** What a replica may conclude and do: counts of messages, windows, bars, who holds which value. */
import {
  at,
  bits,
  type Core,
  certChain,
  certHeight,
  digit,
  diskOf,
  eraOf,
  isCorrect,
  isMember,
  lockValue,
  type Model,
  maskOf,
  membersOf,
  quorumIn,
  type State,
  slot,
} from './state.js'

/** The Byzantine replica signs whatever helps, so it counts for one in every quorum of its view. */
export const byzantineIn = (s: State, c: Model, view: number): number =>
  c.byz >= 0 && !s.quiet && isMember(c, view, c.byz) ? 1 : 0

export function writersOf(s: State, c: Model, view: number, k: number, regency: number, value: number): number {
  const masks = at(s.writes, slot(c, view, k, regency))
  return value === 1 ? masks & 31 : masks >> 5
}

/** N3: Q WRITEs for one value. */
export function isPrepared(s: State, c: Model, view: number, k: number, regency: number, value: number): boolean {
  const writers = bits(writersOf(s, c, view, k, regency, value) & maskOf(c, view)) + byzantineIn(s, c, view)
  return writers >= quorumIn(c, view) - (c.plant === 'write-quorum' ? 1 : 0)
}

/** R2: STOP(r) counts for every regency up to r, and in the model at any age. */
export function stopsFor(s: State, c: Model, view: number, regency: number): number {
  if (c.freeStops) return c.columns
  let mask = at(s.stops, view * c.columns + regency)
  if (c.plant !== 'stops-counted-exactly') {
    for (let r = regency + 1; r < c.columns; r++) mask |= at(s.stops, view * c.columns + r)
  }
  return bits(mask & maskOf(c, view)) + byzantineIn(s, c, view)
}

export const changesView = (c: Model, chain: number): boolean => c.change > 0 && digit(chain, c.changeAt) === 2
export const knowsChange = (c: Model, m: Core): boolean =>
  c.change > 0 && m.exec >= c.changeAt && changesView(c, m.chain)

/** V1: no vote of view 0 beyond its last height. */
export const clamped = (c: Model, m: Core, top: number): number =>
  m.view === 0 && c.plant !== 'clamp-ignored' && knowsChange(c, m) ? Math.min(top, c.last) : top

/** N2: the highest height of the window; it starts above `final`. */
export const windowTop = (c: Model, m: Core): number =>
  Math.min(
    c.rows - 1,
    clamped(
      c,
      m,
      (c.plant === 'window-without-blocks' || c.plant === 'window-for-write-only' ? m.final : m.exec) + c.w,
    ),
  )

/** T2: a replica that lost its disk says nothing until its newest certificate is above H + 2W, and of its view. */
export function isSilent(c: Model, m: Core): boolean {
  if (m.silentTo === 0) return false
  if (m.final <= m.silentTo) return true
  return c.plant !== 'certificate-of-another-view' && c.change > 0 && m.proof >> 4 !== m.view
}

/** T2: votes only from G on. */
const belowG = (c: Model, m: Core): boolean => c.plant !== 'return-below-g' && eraOf(m.view, m.regency) < m.g

/** May say something new in this regency, apart from what needs the SYNC. */
export const mayVote = (c: Model, m: Core, x: number): boolean =>
  !m.halted && isMember(c, m.view, x) && !isSilent(c, m) && !belowG(c, m) && !(m.barred && m.final <= m.barHeight)

/** May send again what its log holds: the bar of D3 is no hindrance. */
export const mayRepeat = (c: Model, m: Core, x: number): boolean =>
  !m.halted && isMember(c, m.view, x) && !isSilent(c, m) && !belowG(c, m)

/** N2a: WRITE and PROPOSE need the SYNC of their regency. */
export const maySpeak = (c: Model, m: Core, x: number): boolean => m.hasSync && mayVote(c, m, x)

/** T2: no STOPDATA and no SYNC while silent, nor ever for a regency up to G. */
export function mayPromise(c: Model, m: Core): boolean {
  if (m.g === 0) return true
  if (c.plant !== 'silent-stopdata' && isSilent(c, m)) return false
  return c.plant === 'stopdata-up-to-g' || eraOf(m.view, m.regency) > m.g
}

export const holds = (core: Core, k: number, value: number): boolean =>
  ((digit(core.values, k) >> (value - 1)) & 1) === 1 ||
  (core.exec >= k && digit(core.chain, k) === value) ||
  (core.rows >= k && digit(core.rowChain, k) === value)

/** Some correct replica, or the Byzantine one, can give the value. */
export function canBeHad(s: State, c: Model, k: number, value: number): boolean {
  if (c.byz >= 0 && !s.quiet) return true
  return correctHolder(s, c, k, value)
}

export function correctHolder(s: State, c: Model, k: number, value: number): boolean {
  return s.replicas.some(({ memory }, x) => isCorrect(c, x) && holds(memory, k, value))
}

/** D1: the disk of a correct replica can bring the height back: the ledger row, or lock and value. */
function covers(disk: Core, k: number, value: number): boolean {
  if (disk.rows >= k) return digit(disk.rowChain, k) === value
  return lockValue(at(disk.locks, k)) === value && ((digit(disk.values, k) >> (value - 1)) & 1) === 1
}

/** A certified height is on as many disks as it has correct signers, less those that were lost. */
export function checkDurable(s: State, c: Model): void {
  let top = 0
  for (const cert of s.certificates) if (certHeight(cert) > certHeight(top)) top = cert
  if (top === 0) return
  const view = top >> 28
  const need = Math.max(1, quorumIn(c, view) - byzantineIn(s, c, view) - s.lostDisks)
  for (let k = 1; k <= certHeight(top); k++) {
    let disks = 0
    for (let x = 0; x < s.replicas.length; x++) {
      if (isCorrect(c, x) && covers(diskOf(s, x), k, digit(certChain(top), k))) disks += 1
    }
    if (disks < need && s.broken === '') s.broken = 'durability: a certified height is on too few disks'
  }
}

/** T2 and D3: what others say of the highest final height and the highest regency, from their disks. */
export function askOthers(s: State, c: Model, x: number, view: number): { height: number; g: number } {
  let height = 0
  let g = 0
  for (const y of membersOf(c, view)) {
    if (y === x || !isCorrect(c, y)) continue
    const d = diskOf(s, y)
    height = Math.max(height, d.tip)
    const asked = c.plant === 'g-installed-only' ? d.regency : Math.max(d.regency, d.wish)
    g = Math.max(g, eraOf(d.view, asked))
    // STOPs of its earlier life still count, so who lost its disk names one regency more
    if (d.g > 0 && c.plant !== 'g-of-old-life') g = Math.max(g, d.g + 1)
    if (c.plant === 'one-answer') break
  }
  return { height, g }
}

export function lowestAnswer(s: State, c: Model, x: number, view: number): number {
  let height = 15
  for (const y of membersOf(c, view)) if (y !== x && isCorrect(c, y)) height = Math.min(height, diskOf(s, y).tip)
  return height
}

/** Regency of a certificate for just this height and chain, the lowest if there are several; 0 if there is none. */
export function proofOf(s: State, k: number, chain: number): number {
  let best = 0
  for (const cert of s.certificates) {
    if (certHeight(cert) !== k || certChain(cert) !== chain) continue
    const era = eraOf(cert >> 28, (cert >> 20) & 15)
    if (best === 0 || era < best) best = era
  }
  return best
}

/** R1: has `x` promised to vote in no regency as low as this? */
export const promisedAbove = (s: State, x: number, era: number): boolean =>
  s.stopData.some((sd) => sd.from === x && eraOf(sd.view, sd.regency) > era)
