/** Random actions, one at a time. Each run draws its own weights, so that rare combinations are common in some run. */
import type { Random } from '../../src/base/random.js'
import { type Action, act, type Kind } from './actions.js'
import { isPrepared, stopsFor, windowTop, writersOf } from './knowledge.js'
import { type Choice, stopDataOf, syncsOf } from './regency.js'
import {
  at,
  certOf,
  isCorrect,
  isMember,
  leaderOf,
  type Model,
  membersOf,
  memoryOf,
  type State,
  slot,
  startOf,
  withDigit,
} from './state.js'
import { boundValue } from './votes.js'

const USUAL: Readonly<Record<Kind, number>> = {
  propose: 40,
  write: 160,
  prepare: 100,
  execute: 20,
  accept: 100,
  learn: 30,
  fetch: 30,
  flush: 14,
  compact: 6,
  drop: 3,
  wish: 30,
  install: 40,
  stopData: 6,
  sendSync: 40,
  takeSync: 60,
  crash: 6,
  stop: 4,
  lose: 2,
}
const KINDS = Object.keys(USUAL) as Kind[]
const NEEDED: readonly Kind[] = ['write', 'prepare', 'accept']

/** What this run prefers. */
export interface Taste {
  readonly weights: readonly number[]
  readonly total: number
  /** Replicas that the network favours; changes now and then. */
  readonly active: number[]
  /** How much the Byzantine replica hides of what it knows, 0 to 3. */
  readonly hides: number
  /** Which values a Byzantine leader mostly proposes. */
  readonly favourite: number
}

export function tasteOf(c: Model, random: Random): Taste {
  const weights = KINDS.map((kind) => {
    if ((kind === 'stop' && !c.orderly) || (kind === 'lose' && c.lost === 0) || (kind === 'execute' && !c.eager))
      return 0
    const weight = USUAL[kind] << random.below(5)
    return random.chance(0.05) && !NEEDED.includes(kind) ? 0 : weight
  })
  const active = [0, 1, 2, 3, 4].map(() => 1 << random.below(5))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return { weights, total, active, hides: random.below(4), favourite: random.below(5) }
}

function drawWeighted(weights: readonly number[], total: number, random: Random): number {
  let left = random.below(total)
  let i = 0
  for (; left >= at(weights, i); i++) left -= at(weights, i)
  return i
}

function drawReplica(s: State, c: Model, taste: Taste, random: Random): number {
  let total = 0
  for (let x = 0; x < s.replicas.length; x++) if (isCorrect(c, x)) total += at(taste.active, x)
  let left = random.below(total)
  let x = 0
  for (; ; x++) {
    if (!isCorrect(c, x)) continue
    if (left < at(taste.active, x)) return x
    left -= at(taste.active, x)
  }
}

/** An action that may well be allowed, or nothing. */
export function drawAction(s: State, c: Model, taste: Taste, random: Random): Action | undefined {
  if (random.chance(1 / 12)) for (let x = 0; x < 5; x++) taste.active[x] = 1 << random.below(5)
  const kind = KINDS[drawWeighted(taste.weights, taste.total, random)] as Kind
  const x = drawReplica(s, c, taste, random)
  const m = memoryOf(s, x)
  switch (kind) {
    case 'propose': {
      const leader = leaderOf(c, m.view, m.regency)
      if (!isCorrect(c, leader)) return undefined
      const k = drawHeight(c, s, leader, random)
      return k === 0 ? undefined : act('propose', leader, k, 1 + random.below(2))
    }
    case 'write': {
      const k = drawHeight(c, s, x, random)
      const value = k === 0 ? 0 : offered(s, c, x, k, taste.favourite, random)
      return value === 0 ? undefined : act('write', x, k, value)
    }
    case 'prepare':
      return drawPrepare(s, c, x, random)
    case 'accept':
      return act('accept', x, random.chance(0.6) ? m.final + 1 + random.below(c.w) : m.final + 1)
    case 'learn':
      return s.certificates.length === 0 ? undefined : act('learn', x, random.pick(s.certificates))
    case 'flush':
      return m.exec <= m.tip
        ? undefined
        : act('flush', x, random.chance(0.5) ? m.exec : m.tip + 1 + random.below(m.exec - m.tip))
    case 'wish':
      return act('wish', x, drawWish(s, c, x, random))
    case 'install':
      return drawInstall(s, c, x)
    case 'sendSync':
      return drawSync(s, c, x, taste, random)
    case 'takeSync':
      return drawTakeSync(s, c, x, taste.hides, random)
    default:
      return act(kind, x)
  }
}

export function drawHeight(c: Model, s: State, x: number, random: Random): number {
  const m = memoryOf(s, x)
  const top = Math.min(c.heights, windowTop(c, m))
  return top <= m.final ? 0 : m.final + 1 + random.below(top - m.final)
}

/** A value that `x` may write at `k`; a Byzantine leader mostly proposes one value to all. */
export function offered(s: State, c: Model, x: number, k: number, favourite: number, random: Random): number {
  const m = memoryOf(s, x)
  const bound = boundValue(m, k)
  if (bound !== 0) return bound
  if (isCorrect(c, leaderOf(c, m.view, m.regency))) {
    const proposed = at(s.proposals, slot(c, m.view, k, m.regency))
    return proposed === 3 ? 1 + random.below(2) : proposed
  }
  return random.chance(0.8) ? 1 + ((k * 7 + m.regency * 13 + favourite) & 1) : 1 + random.below(2)
}

export function preparedValue(s: State, c: Model, view: number, k: number, regency: number): number {
  for (const value of [1, 2]) {
    if (writersOf(s, c, view, k, regency, value) !== 0 && isPrepared(s, c, view, k, regency, value)) return value
  }
  return 0
}

function drawPrepare(s: State, c: Model, x: number, random: Random): Action | undefined {
  const m = memoryOf(s, x)
  const k = drawHeight(c, s, x, random)
  if (k === 0) return undefined
  const old = c.plant === 'old-lock-overwrites' && m.regency > 1 && random.chance(0.3)
  const regency = old ? 1 + random.below(m.regency - 1) : m.regency
  const value = preparedValue(s, c, m.view, k, regency)
  return value === 0 ? undefined : act('prepare', x, k, value | (old ? regency << 2 : 0))
}

export function drawWish(s: State, c: Model, x: number, random: Random): number {
  const m = memoryOf(s, x)
  const next = (c.plant === 'free-wish' ? Math.max(m.regency, m.wish) : m.regency) + 1
  if (random.chance(0.5)) {
    for (let r = c.regencies; r > next; r--) if (stopsFor(s, c, m.view, r) >= 2) return r
  }
  return Math.min(next, c.regencies)
}

function drawInstall(s: State, c: Model, x: number): Action | undefined {
  const m = memoryOf(s, x)
  for (let r = c.regencies; r > m.regency; r--) if (stopsFor(s, c, m.view, r) >= 3) return act('install', x, r)
  return undefined
}

function drawSync(s: State, c: Model, x: number, taste: Taste, random: Random): Action | undefined {
  const { view, regency } = memoryOf(s, x)
  const leader = leaderOf(c, view, regency)
  if (!isCorrect(c, leader)) return undefined
  const m = memoryOf(s, leader)
  if (m.regency < 2 || m.hasSync || !isMember(c, m.view, leader)) return undefined
  const choice = drawChoice(s, c, m.view, m.regency, taste.hides, random)
  return choice === undefined ? undefined : act('sendSync', leader, 0, 0, choice)
}

function drawTakeSync(s: State, c: Model, x: number, hides: number, random: Random): Action | undefined {
  const m = memoryOf(s, x)
  const regency = m.hasSync || random.chance(0.3) ? m.regency + 1 + random.below(2) : m.regency
  if (regency > c.regencies || regency < 2 || !isMember(c, m.view, x)) return undefined
  if (isCorrect(c, leaderOf(c, m.view, regency))) {
    const sent = syncsOf(s, m.view, regency).length
    return sent === 0 ? undefined : act('takeSync', x, regency, random.below(sent))
  }
  const choice = drawChoice(s, c, m.view, regency, hides, random)
  return choice === undefined ? undefined : act('takeSync', x, regency, 0, choice)
}

/** n - f STOPDATA, mostly with one of the Byzantine replica. */
export function drawChoice(
  s: State,
  c: Model,
  view: number,
  regency: number,
  hides: number,
  random: Random,
): Choice | undefined {
  const need = membersOf(c, view).length - 1 - (c.plant === 'stopdata-quorum' ? 1 : 0)
  const have = membersOf(c, view).filter((x) => isCorrect(c, x) && stopDataOf(s, view, regency, x).length > 0)
  const byzantine = c.byz >= 0 && isMember(c, view, c.byz) && (have.length < need || random.chance(0.75))
  let count = byzantine ? 1 : 0
  if (have.length + count < need) return undefined
  let from = 0
  const versions = [0, 0, 0, 0, 0]
  for (; count < need; count++) {
    const [x] = have.splice(random.below(have.length), 1) as [number]
    from |= 1 << x
    versions[x] = random.below(stopDataOf(s, view, regency, x).length)
  }
  const lies = byzantine ? drawStatement(s, c, view, regency, hides, random) : { base: 0, locks: [], stripped: 0 }
  return { from, versions, byzantine, ...lies }
}

function drawStatement(
  s: State,
  c: Model,
  view: number,
  regency: number,
  hides: number,
  random: Random,
): Pick<Choice, 'base' | 'locks' | 'stripped'> {
  const hidden = hides / 4
  let base = s.certificates.length > 0 && !random.chance(hidden) ? random.pick(s.certificates) : 0
  if (random.chance(1 / 12)) base = inventedBase(c, view, random)
  const start = startOf(c, view)
  const height = Math.max(start, (base >> 24) & 15)
  const locks = new Array<number>(c.rows).fill(0)
  const lies = random.chance(0.25)
  for (let k = height + 1; k <= height + c.w && k < c.rows; k++) {
    if (lies && random.chance(0.4)) locks[k] = ((1 + random.below(regency - 1)) << 2) | (1 + random.below(2))
    else if (!random.chance(hidden)) locks[k] = realLock(s, c, view, k, regency, random)
  }
  const stripped = random.chance(1 / 6)
    ? random.below(1 << (c.w + height + 1)) & random.below(1 << (c.w + height + 1))
    : 0
  return { base, locks, stripped }
}

function inventedBase(c: Model, view: number, random: Random): number {
  const k = random.below(c.heights + 1)
  let chain = 0
  for (let j = 1; j <= k; j++) chain = withDigit(chain, j, 1 + random.below(2))
  return certOf(view, k, 1, chain)
}

/** A prepared certificate that the Byzantine replica can assemble. */
function realLock(s: State, c: Model, view: number, k: number, regency: number, random: Random): number {
  const found: number[] = []
  for (let r = 1; r < regency; r++) {
    const value = preparedValue(s, c, view, k, r)
    if (value !== 0) found.push((r << 2) | value)
  }
  return found.length === 0 ? 0 : random.pick(found)
}
