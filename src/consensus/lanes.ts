import type { LanePlace, ReplicaId, Value } from '../types/index.js'
import { continues, NO_PLACE } from './pool.js'
import { type CoreState, eligibleDigest, openInstances } from './state.js'

/** The head of a lane as of the newest final block that was executed here. */
export const headOf = (state: CoreState, lane: ReplicaId): LanePlace => state.heads.get(lane) ?? NO_PLACE

/** Moves the heads on as the execution of a value does; batches that are not at hand are passed over. */
export function takeBatches(state: CoreState, heads: Map<ReplicaId, LanePlace>, value: Value): number {
  let taken = 0
  for (const digest of value.batches) {
    const batch = state.pool.get(digest)
    if (batch === undefined || !continues(heads.get(batch.lane) ?? NO_PLACE, batch)) continue
    heads.set(batch.lane, { incarnation: batch.incarnation, number: batch.number })
    taken += 1
  }
  return taken
}

/**
 * The heads below an instance, as far as this replica can tell: executed blocks as they came out, and the values that are bound or
 * proposed above. `complete` is false where a value in between is not at hand.
 */
export function headsBelow(
  state: CoreState,
  below: number,
): { readonly heads: Map<ReplicaId, LanePlace>; readonly complete: boolean } {
  const heads = new Map(state.heads)
  let complete = true
  let next = state.executedFinal + 1
  for (const instance of openInstances(state)) {
    const { cid, executed } = instance
    if (cid <= state.executedFinal || cid >= below) continue
    if (cid !== next) complete = false
    next = cid + 1
    const digest = instance.certificate?.digest ?? eligibleDigest(state, instance)
    // What was executed in an older regency and is not bound or proposed again took nothing.
    if (executed !== undefined && (cid <= state.final || executed.digest === digest)) {
      for (const { lane, incarnation, number } of executed.heads) heads.set(lane, { incarnation, number })
      continue
    }
    const value = digest === undefined ? undefined : instance.values.get(digest)
    if (value === undefined || !value.batches.every((batch) => state.pool.has(batch))) complete = false
    if (value !== undefined) takeBatches(state, heads, value)
  }
  return { heads, complete: complete && (next === below || below === Number.POSITIVE_INFINITY) }
}
