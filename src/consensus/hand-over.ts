import type { Digest, LanePlace, ReplicaId } from '../types/index.js'
import { roundTripMs } from './clocks.js'
import type { Effect } from './interface.js'
import { headOf } from './lanes.js'
import { isBehind, type PooledBatch } from './pool.js'
import { type CoreState, isNamed, leader, others } from './state.js'

/** Batches of one lane that are handed over at a time. */
const BATCHES_MAX = 8
/** The pause doubles so often at most: a peer that was away for long must not wait for long once it is back. */
const DOUBLINGS_MAX = 1

/**
 * Hands batches to peers whose held vector does not show them (rule L3): the author to anybody, others to the leader first. What a peer
 * holds is known from its status, so nothing is sent again merely because the way is long.
 */
export function handOver(state: CoreState, out: Effect[]): void {
  const pauseMs = state.options.timings.statusMs + 2 * roundTripMs(state)
  for (const lane of state.pool.lanes()) {
    let place: LanePlace = headOf(state, lane)
    for (let handed = 0; handed < BATCHES_MAX; ) {
      const batch = state.pool.next(lane, place)
      if (batch === undefined) break
      place = batch
      const sinceMs = Math.max(batch.receivedMs, batch.handedMs)
      if (state.nowMs - sinceMs < pauseMs * 2 ** Math.min(batch.handed, DOUBLINGS_MAX)) continue
      const to = lacking(state, batch)
      if (to.length === 0) continue
      handed += 1
      batch.handed += 1
      batch.handedMs = state.nowMs
      out.push({ kind: 'send-batch', to, digest: batch.digest })
    }
  }
}

/**
 * Batches that continue nothing, since one before them is lost with its author's memory: after a dedup window none of their transactions
 * can be executed any more.
 */
export function dropDead(state: CoreState, out: Effect[]): void {
  if (state.pool.size === 0) return
  const { dedupWindowMs } = state.options
  const held = new Map(state.pool.lanes().map((lane) => [lane, state.pool.held(lane, headOf(state, lane))]))
  const digests: Digest[] = []
  for (const batch of state.pool.all()) {
    if (state.nowMs - batch.receivedMs < dedupWindowMs) continue
    const place = held.get(batch.lane)
    if (place !== undefined && isBehind(place, batch) && !isBehind(headOf(state, batch.lane), batch)) continue
    if (!isNamed(state, batch.digest)) digests.push(batch.digest)
  }
  if (digests.length === 0) return
  for (const digest of digests) state.pool.remove(digest)
  out.push({ kind: 'drop-batches', digests })
}

function lacking(state: CoreState, batch: PooledBatch): readonly ReplicaId[] {
  const isOwn = batch.lane === state.options.self
  const asked = isOwn || batch.handed > 1 ? others(state) : others(state).filter((id) => id === leader(state))
  return asked.filter((id) => !shows(state, id, batch))
}

function shows(state: CoreState, id: ReplicaId, batch: PooledBatch): boolean {
  const held = state.peers.get(id)?.lanes.find(({ lane }) => lane === batch.lane)
  return held !== undefined && isBehind(held, batch)
}
