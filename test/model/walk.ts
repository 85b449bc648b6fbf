/** Random walks: each run has a seed, so that a run number is a reproduction. */
import { Random } from '../../src/base/random.js'
import { type Action, act, apply, describe } from './actions.js'
import { drawAction, tasteOf } from './generate.js'
import { deadEnd } from './progress.js'
import { drawRound } from './rounds.js'
import { initialState, isCorrect, type Model, modelOf, NOBODY, type Scope, type State } from './state.js'

/** Rows and columns beyond the bounds, for the progress check. */
const ROOM = 4

export interface Walk {
  /** What varies from run to run is drawn unless it stands here. */
  readonly scope: Partial<Scope>
  readonly steps?: number
  /** A written beginning: its scope and actions. */
  readonly beginning?: { readonly scope: Scope; readonly actions: readonly Action[] }
  /** Look for dead ends too. */
  readonly progress?: boolean
  /** Only violations that begin with this end a run. */
  readonly only?: string
}

export interface Run {
  readonly model: Model
  readonly actions: readonly Action[]
  readonly broken: string
  readonly state: State
  readonly checks: number
}

function drawScope(walk: Walk, random: Random): Scope {
  const given = walk.scope
  const change = random.below(4)
  const scope: Scope = {
    w: 1 + (random.chance(0.67) ? 1 : 0),
    heights: 5,
    regencies: 4,
    byz: random.below(6) - 1,
    change: change === 1 ? 1 : change === 2 && random.chance(0.5) ? 2 : 0,
    changeAt: 1 + random.below(2),
    orderly: random.chance(0.5),
    lost: 0,
    eager: random.chance(0.5),
    plant: undefined,
    ...walk.beginning?.scope,
    ...given,
  }
  const byz = scope.byz === 4 ? random.below(4) : scope.byz
  return { ...scope, byz }
}

/** One run: until a property is broken or the steps are used up. */
export function walkOnce(walk: Walk, run: number): Run {
  const random = new Random(run)
  const c = modelOf(drawScope(walk, random), ROOM)
  const s = initialState(c)
  const actions: Action[] = []
  const steps = walk.steps ?? 120
  let broken = ''
  const go = (action: Action): boolean => {
    if (broken !== '' || s.broken !== '' || actions.length >= steps) return false
    if (!apply(s, c, action)) return false
    actions.push(action)
    return true
  }
  for (const action of walk.beginning?.actions ?? []) go(action)
  let checks = 0
  const check = (chance: number): string => {
    if (s.broken !== '' || walk.progress === false || !random.chance(chance)) return s.broken
    checks += 1
    return deadEnd(s, c) ?? ''
  }
  // what is not asked for does not end the run
  const counted = (what: string): string => {
    if (walk.only === undefined || what.startsWith(walk.only)) return what
    s.broken = ''
    return ''
  }
  const rounds = random.chance(0.5)
  const taste = tasteOf(c, random)
  for (let tries = 0; broken === '' && actions.length < steps && tries < (rounds ? 40 : steps * 10); tries++) {
    if (rounds) drawRound(s, c, taste, random, go)
    else {
      const action = drawAction(s, c, taste, random)
      if (action === undefined || !go(action)) continue
      // power fails for all at once, too
      if (action.kind === 'crash' && random.chance(1 / 6)) powerLoss(s, c, go)
    }
    broken = counted(check(rounds ? 1 / 20 : 1 / 100))
  }
  if (broken === '') broken = counted(check(0.5))
  return { model: c, actions, broken, state: s, checks }
}

function powerLoss(s: State, c: Model, go: (action: Action) => boolean): void {
  for (let x = 0; x < s.replicas.length; x++) if (isCorrect(c, x)) go(act('crash', x))
}

/** Plays actions from the beginning; those that are not allowed are passed over, and so are other violations. */
export function replay(c: Model, actions: readonly Action[], only = '', progress = true): string {
  const state = initialState(c)
  for (const action of actions) {
    apply(state, c, action)
    if (state.broken !== '' && state.broken.startsWith(only)) return state.broken
    state.broken = ''
  }
  return progress ? (deadEnd(state, c) ?? '') : ''
}

/** Leaves out what the violation does not need. */
export function shorten({ model, actions, broken, state }: Run): Action[] {
  const inCheck = state.broken === ''
  const breaks = (list: readonly Action[]): boolean => replay(model, list, broken, inCheck) === broken
  let kept = [...actions]
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let i = 0; i < kept.length; ) {
      const fewer = [...kept.slice(0, i), ...kept.slice(i + size)]
      if (breaks(fewer)) kept = fewer
      else i += size
    }
  }
  return kept
}

export function trace(c: Model, actions: readonly Action[]): string[] {
  const state = initialState(c)
  const lines: string[] = []
  for (const action of actions) {
    const before = structuredClone(state)
    const done = apply(state, c, action)
    lines.push(`${describe(before, state, action)}${done ? '' : ' (not allowed)'}`)
  }
  return lines
}

export const scopeText = ({ w, heights, regencies, byz, change, changeAt, orderly, lost }: Model): string =>
  `W = ${w}, heights to ${heights}, regencies to ${regencies}, B = ${byz === NOBODY ? 'nobody' : `R${byz}`}, ` +
  `change ${change === 0 ? 'none' : `${change} at h${changeAt}`}, ${orderly ? 'orderly stops, ' : ''}${lost} disks lost`

export function report(run: number, found: Run): string {
  const kept = shorten(found)
  return [`run ${run}: ${found.broken}`, scopeText(found.model), ...trace(found.model, kept)].join('\n  ')
}
