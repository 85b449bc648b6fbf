import { BatchPool } from '../../src/consensus/pool.js'
import { testBatch } from '../consensus/cluster.js'

/**
 * Known defect 5 as a question of reachability: a regency change binds another value where a batch was to stand. Is there
 * always a way to a decision on the batch, without a further change? Leaders are correct here; there are a few slots and one batch, and
 * whether a leader may propose it is asked of the production pool.
 */
export interface BatchState {
  readonly regency: number
  readonly slots: readonly Slot[]
  /** By leader: the regency in which it last marked the batch as proposed; 0 for never. */
  readonly marks: readonly number[]
}

interface Slot {
  readonly value: 'none' | 'batch' | 'null'
  readonly decided: boolean
}

export interface BatchScope {
  readonly regencies: number
  readonly slots: number
  /** Planted: the new leader builds its proposal, and marks the batch, before it knows what it is bound to. */
  readonly builtForSync: boolean
}

const EMPTY: Slot = { value: 'none', decided: false }
const LEADERS = 4

const leaderIn = (regency: number): number => regency % LEADERS

/** Whether the production pool offers, in a regency, a batch that was marked in another. */
export function mayPropose(markedIn: number, regency: number): boolean {
  const pool = new BatchPool(1)
  pool.add(testBatch(0, 1), 0, false)
  if (markedIn > 0) for (const batch of pool.choose(markedIn, 0, 1, 1)) batch.proposedIn = markedIn
  return pool.waiting(regency) > 0 && pool.choose(regency, 0, 1, 1).length === 1
}

const marked = ({ marks }: BatchState, regency: number): readonly number[] =>
  marks.map((mark, leader) => (leader === leaderIn(regency) ? regency : mark))

/** The leader proposes the batch in the first free slot. */
function proposals(state: BatchState): BatchState[] {
  const { regency, slots, marks } = state
  const free = slots.findIndex(({ value }) => value === 'none')
  if (free < 0 || isOrdered(state) || !mayPropose(marks[leaderIn(regency)] ?? 0, regency)) return []
  const proposed = slots.map((slot, i): Slot => (i === free ? { value: 'batch', decided: false } : slot))
  return [{ ...state, slots: proposed, marks: marked(state, regency) }]
}

function decisions(state: BatchState): BatchState[] {
  return state.slots.flatMap((slot, i) =>
    slot.value === 'none' || slot.decided
      ? []
      : [{ ...state, slots: state.slots.map((other, j) => (j === i ? { ...slot, decided: true } : other)) }],
  )
}

/** A regency change keeps what is decided. For each open slot it binds what stood there or the null value; above those it binds nothing. */
function changes(scope: BatchScope, state: BatchState): BatchState[] {
  if (state.regency >= scope.regencies) return []
  const regency = state.regency + 1
  let outcomes: Slot[][] = [[]]
  for (const slot of state.slots) {
    const kept: readonly Slot[] = slot.decided ? [slot] : [slot, { value: 'null', decided: false }, EMPTY]
    outcomes = outcomes.flatMap((before) => kept.map((one) => [...before, one]))
  }
  return outcomes
    .filter((slots) => slots.every((slot, i) => i === 0 || slot.value === 'none' || slots[i - 1]?.value !== 'none'))
    .map((slots) => {
      const bound = slots.some(({ value, decided }) => value === 'batch' && !decided)
      const changed = { regency, slots, marks: bound ? marked(state, regency) : state.marks }
      return scope.builtForSync && !bound ? builtEarly(changed) : changed
    })
}

/** The planted fault: the leader took the batch already, and puts it where no bound value displaced it. */
function builtEarly(state: BatchState): BatchState {
  const open = state.slots.findIndex(({ decided }) => !decided)
  const free = state.slots[open]?.value === 'none'
  const slots = state.slots.map((slot, i): Slot => (free && i === open ? { value: 'batch', decided: false } : slot))
  return { ...state, slots, marks: marked(state, state.regency) }
}

export const isOrdered = ({ slots }: BatchState): boolean =>
  slots.some(({ value, decided }) => decided && value === 'batch')

export interface Reachability {
  readonly states: number
  readonly ordered: number
  /** States from which no continuation in the regency in force orders the batch, though a slot is free. */
  readonly stuck: readonly BatchState[]
}

export function reachability(scope: BatchScope): Reachability {
  const all = new Map<string, BatchState>()
  const slots = Array.from({ length: scope.slots }, () => EMPTY)
  const queue: BatchState[] = [{ regency: 1, slots, marks: Array.from({ length: LEADERS }, () => 0) }]
  for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
    const key = JSON.stringify(state)
    if (all.has(key)) continue
    all.set(key, state)
    queue.push(...proposals(state), ...decisions(state), ...changes(scope, state))
  }
  const states = [...all.values()]
  const stuck = states.filter((state) => hasRoom(state) && !canOrder(state))
  return { states: all.size, ordered: states.filter(isOrdered).length, stuck }
}

/** Without a free slot the scope is used up, and nothing follows from that. */
const hasRoom = ({ slots }: BatchState): boolean => slots.some(({ value }) => value === 'none')

function canOrder(state: BatchState): boolean {
  return isOrdered(state) || [...proposals(state), ...decisions(state)].some(canOrder)
}
