/**
 * Random blocks of actions that look like a run of the protocol: a vote among some replicas, a regency change among
 * others, a loss of power. Single actions seldom come that far.
 */
import type { Random } from '../../src/base/random.js'
import { type Action, act } from './actions.js'
import { drawChoice, offered, preparedValue } from './generate.js'
import { stopsFor, windowTop } from './knowledge.js'
import { isCorrect, leaderOf, type Model, memoryOf, quorumIn, type State } from './state.js'

/** Does an action if it is allowed; false when it is not. */
export type Do = (action: Action) => boolean

export interface RoundTaste {
  readonly hides: number
  readonly favourite: number
}

export function drawRound(s: State, c: Model, taste: RoundTaste, random: Random, go: Do): void {
  const correct = s.replicas.map((_, x) => x).filter((x) => isCorrect(c, x))
  const some = (chance: number): number[] => {
    const list = correct.filter(() => random.chance(chance))
    return random.chance(0.5) ? list.reverse() : list
  }
  const dice = random.below(100)
  if (dice < 33) thinVote(s, c, taste, random, go, correct)
  else if (dice < 68) vote(s, c, taste, random, go, some(0.5 + random.below(3) / 4))
  else if (dice < 86) change(s, c, taste, random, go, correct, some)
  else if (dice < 92) loss(c, random, go, some)
  else if (dice < 96) for (const x of some(0.75)) catchUp(s, c, taste, random, go, x)
  else rare(c, random, go, random.pick(correct))
}

/** Two correct writers and one replica that prepares, perhaps accepts; the Byzantine one makes the quorum full. */
function thinVote(s: State, c: Model, taste: RoundTaste, random: Random, go: Do, correct: readonly number[]): void {
  const [a, b] = [random.pick(correct), random.pick(correct)]
  const end = random.chance(0.67) ? random.pick([a, b]) : random.pick(correct)
  const first = memoryOf(s, a)
  const top = Math.min(c.heights, windowTop(c, first))
  for (let k = first.final + 1; k <= top; k++) {
    go(act('propose', leaderOf(c, first.view, first.regency), k, 1 + random.below(2)))
    for (const x of [a, b]) writeOffered(s, c, taste, random, go, x, k)
    prepareAt(s, c, go, end, k)
    if (random.chance(0.67)) go(act('accept', end, k))
    if (random.chance(0.5)) break
  }
  if (random.chance(0.5)) {
    const x = random.pick(correct)
    go(act('accept', x, memoryOf(s, x).final + 1))
  }
}

function writeOffered(s: State, c: Model, taste: RoundTaste, random: Random, go: Do, x: number, k: number): void {
  const value = offered(s, c, x, k, taste.favourite, random)
  if (value !== 0) go(act('write', x, k, value))
}

function prepareAt(s: State, c: Model, go: Do, x: number, k: number): void {
  const { view, regency } = memoryOf(s, x)
  const value = preparedValue(s, c, view, k, regency)
  if (value !== 0) go(act('prepare', x, k, value))
}

function vote(s: State, c: Model, taste: RoundTaste, random: Random, go: Do, part: readonly number[]): void {
  const [writes, prepares, accepts] = [random.below(4), random.below(4), random.below(4)].map((n) => (n + 1) / 4)
  const [learns, disks] = [random.below(5) / 4, random.below(4) / 8]
  const rounds = 1 + random.below(3)
  for (let round = 0; round < rounds; round++) {
    for (const x of part) {
      const m = memoryOf(s, x)
      const top = Math.min(c.heights, windowTop(c, m))
      for (let k = m.final + 1; k <= top; k++) {
        if (!random.chance(writes ?? 1)) continue
        const leader = leaderOf(c, m.view, m.regency)
        if (part.includes(leader)) go(act('propose', leader, k, 1 + random.below(2)))
        writeOffered(s, c, taste, random, go, x, k)
      }
      if (c.eager && random.chance(0.3)) while (go(act('execute', x)));
    }
    for (const x of part) {
      const m = memoryOf(s, x)
      const top = Math.min(c.heights, windowTop(c, m))
      for (let k = m.final + 1; k <= top; k++) if (random.chance(prepares ?? 1)) prepareAt(s, c, go, x, k)
    }
    for (const x of part) acceptSome(s, c, random, go, x, accepts ?? 1)
    for (const x of part) settle(s, c, random, go, x, learns ?? 1, disks ?? 0)
  }
}

/** The highest alone, or one after the other. */
function acceptSome(s: State, c: Model, random: Random, go: Do, x: number, chance: number): void {
  const m = memoryOf(s, x)
  const [low, top] = [m.final + 1, Math.min(c.heights, windowTop(c, m))]
  if (random.chance(0.5)) {
    for (let k = top; k >= low; k--) if (random.chance(chance) && go(act('accept', x, k))) return
  } else {
    for (let k = low; k <= top && random.chance(chance); k++) go(act('accept', x, k))
  }
}

function settle(s: State, _c: Model, random: Random, go: Do, x: number, learns: number, disks: number): void {
  if (s.certificates.length > 0 && random.chance(learns)) {
    go(act('learn', x, random.pick(s.certificates)))
    if (random.chance(0.75)) go(act('fetch', x))
  }
  const m = memoryOf(s, x)
  if (m.exec > m.tip && random.chance(Math.max(disks, 0.2))) {
    go(act('flush', x, random.chance(0.6) ? m.exec : m.tip + 1 + random.below(m.exec - m.tip)))
  }
  if (random.chance(disks)) go(act('compact', x))
}

function change(
  s: State,
  c: Model,
  taste: RoundTaste,
  random: Random,
  go: Do,
  correct: readonly number[],
  some: (chance: number) => number[],
): void {
  const views = correct.map((x) => memoryOf(s, x).view)
  const view = random.pick(views)
  const inView = correct.filter((x) => memoryOf(s, x).view === view)
  const top = Math.max(...inView.map((x) => memoryOf(s, x).regency))
  const regency = random.chance(0.33) ? top : Math.min(top + 1, c.regencies)
  if (regency < 2) return
  for (const x of inView) {
    if (stopsFor(s, c, view, regency) >= quorumIn(c, view)) break
    if (!go(act('wish', x, regency))) go(act('wish', x, Math.min(regency, memoryOf(s, x).regency + 1)))
  }
  const part = some(0.5 + random.below(3) / 4)
  for (const x of part) if (memoryOf(s, x).view === view) go(act('install', x, regency))
  if (random.chance(1 / 6)) for (const x of part) go(act('stopData', x))
  const leader = leaderOf(c, view, regency)
  if (isCorrect(c, leader) && random.chance(0.8)) {
    const choice = drawChoice(s, c, view, regency, taste.hides, random)
    const m = memoryOf(s, leader)
    if (choice !== undefined && m.view === view && m.regency === regency) go(act('sendSync', leader, 0, 0, choice))
  }
  takeAll(s, c, taste, random, go, view, regency, some(0.5 + random.below(3) / 4))
}

/** Some take the SYNC; a Byzantine leader may show them different ones. */
function takeAll(
  s: State,
  c: Model,
  taste: RoundTaste,
  random: Random,
  go: Do,
  view: number,
  regency: number,
  takers: readonly number[],
): void {
  const correctLeader = isCorrect(c, leaderOf(c, view, regency))
  let choice = correctLeader ? undefined : drawChoice(s, c, view, regency, taste.hides, random)
  for (const x of takers) {
    if (memoryOf(s, x).view !== view) continue
    if (!correctLeader && random.chance(0.25)) choice = drawChoice(s, c, view, regency, taste.hides, random)
    if (correctLeader || choice !== undefined) go(act('takeSync', x, regency, random.below(3), choice))
  }
}

function loss(c: Model, random: Random, go: Do, some: (chance: number) => number[]): void {
  for (const x of some(0.25 + random.below(4) / 4)) {
    if (c.orderly && random.chance(0.5)) {
      go(act('stop', x))
      if (random.chance(0.33)) go(act('crash', x))
    } else go(act('crash', x))
  }
  if (random.chance(0.33)) for (const x of some(0.75)) go(act('drop', x))
}

/** A replica without its SYNC gets one. */
function catchUp(s: State, c: Model, taste: RoundTaste, random: Random, go: Do, x: number): void {
  const m = memoryOf(s, x)
  if (m.hasSync || m.regency < 2) return
  takeAll(s, c, taste, random, go, m.view, m.regency, [x])
}

function rare(c: Model, random: Random, go: Do, x: number): void {
  if (c.lost > 0 && random.chance(0.67)) go(act('lose', x))
  else go(act(random.chance(0.5) ? 'drop' : 'compact', x))
}
