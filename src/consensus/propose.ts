import type { Digest, LanePlace, ReplicaId } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import type { Effect } from './interface.js'
import { headsBelow } from './lanes.js'
import { NO_PLACE, type PooledBatch } from './pool.js'
import { mayVote } from './silence.js'
import { baseOf, type CoreState, instanceAt, leads, windowTop } from './state.js'
import { logRegency } from './write.js'

/** Transactions of a proposal that show load, and how long they do, ms. */
const BUSY_TRANSACTIONS = 32
const BUSY_MS = 500
/** Shortest and longest wait for a fuller proposal under load, ms. */
const GATHER_MS_MIN = 5
const GATHER_MS_MAX = 60
/** An empty block is proposed for silent peers so often at most, ms. */
const EMPTY_EVERY_MS = 100
/** A peer may ask for empty blocks again after so long, ms. */
const EMPTY_AGAIN_MS = 60_000

/**
 * PROPOSE: the leader fills the window; at once while nothing is open, else when enough has gathered or the wait for more is over.
 */
export function propose(state: CoreState, out: Effect[], waited = false): void {
  const { options, pool, regency } = state
  if (state.phase !== 'normal' || !leads(state) || !mayVote(state)) return
  let mayWait = !waited
  while (state.nextFree <= windowTop(state)) {
    const isWork = headsAreWaiting(state)
    if (!isWork && !isEmptyBlockDue(state)) return
    // A leader that lacks a value below does not know what continues the lanes: it waits for that.
    if (isWork && !headsBelow(state, state.nextFree).complete) return
    const isSmall = pool.waiting(regency) < options.proposalTransactions
    if (mayWait && isWork && isSmall && (isOpen(state) || isBusy(state))) {
      waitForMore(state, out)
      return
    }
    mayWait = true
    proposeNext(state, out)
  }
}

/** Whether a batch continues its lane beyond all that is proposed. */
export function headsAreWaiting(state: CoreState): boolean {
  if (state.pool.size === 0) return false
  const { heads } = headsBelow(state, Number.POSITIVE_INFINITY)
  return state.pool.lanes().some((lane) => state.pool.next(lane, heads.get(lane) ?? NO_PLACE) !== undefined)
}

/**
 * A view that ends is filled up with empty blocks, and a new one begins with a block at once (rule V3). Peers that may vote only above a
 * height are helped there in an idle network (rule T2).
 */
function isEmptyBlockDue(state: CoreState): boolean {
  const { final, lastHeight, nextFree, nowMs, lastProposal, options } = state
  if (lastHeight !== undefined) return true
  if (final === baseOf(options) && final > 0 && nextFree === final + 1) return true
  if (nowMs - lastProposal.atMs < EMPTY_EVERY_MS || isOpen(state)) return false
  return [...state.emptyUntil.values()].some(({ height }) => final <= height)
}

/** Notes that a peer is silent until a height is final. What it may ask for at a time is bounded. */
export function noteSilentPeer(state: CoreState, from: ReplicaId, until: number): void {
  const { emptyUntil, final, nowMs, options } = state
  if (until < final || until > final + 3 * options.window || !state.members.has(from)) return
  const granted = emptyUntil.get(from)
  if (granted !== undefined && nowMs - granted.grantedMs < EMPTY_AGAIN_MS) return
  emptyUntil.set(from, { height: until, grantedMs: nowMs })
}

/** Whether a proposal of this leader is not final yet. */
const isOpen = ({ final, nextFree }: CoreState): boolean => final < nextFree - 1

/**
 * Under load a block costs about the same whether it holds few transactions or many, so the leader waits a moment for the lanes
 * that are about to send. Alone or idle, nobody waits.
 */
function isBusy({ lastProposal, nowMs }: CoreState): boolean {
  return lastProposal.transactions >= BUSY_TRANSACTIONS && nowMs - lastProposal.atMs < BUSY_MS
}

function waitForMore(state: CoreState, out: Effect[]): void {
  const afterMs = gatherMs(state)
  const atMs = state.nowMs + afterMs
  if (state.proposeAtMs !== undefined && state.proposeAtMs <= atMs) return
  state.proposeAtMs = atMs
  out.push({ kind: 'set-timer', timer: 'propose', afterMs })
}

/**
 * How long to wait for a fuller proposal. Under load, until what was proposed before is final, since its clients come back then,
 * and then a share of the latency that there is anyway; on a long way between replicas no longer than the bound.
 */
function gatherMs(state: CoreState): number {
  const { proposeAfterMs } = state.options.timings
  if (!isBusy(state)) return proposeAfterMs
  if (isOpen(state)) return GATHER_MS_MAX
  return Math.max(GATHER_MS_MIN, Math.min(Math.round(state.latencyMs / 4), proposeAfterMs))
}

function proposeNext(state: CoreState, out: Effect[]): void {
  const { options, regency } = state
  const cid = state.nextFree
  const chosen = choose(state)
  for (const batch of chosen) batch.proposedIn = regency
  state.lastProposal = { atMs: state.nowMs, transactions: chosen.reduce((sum, batch) => sum + batch.transactions, 0) }
  state.nextFree = cid + 1
  state.proposeAtMs = undefined
  const digests: Digest[] = chosen.map(({ digest }) => digest)
  const value = options.makeValue(state.wallMs, digests)
  const instance = instanceAt(state, cid)
  instance.proposals.set(regency, { digest: value.digest, timely: true })
  instance.values.set(value.digest, value)
  instance.written = { regency, digest: value.digest }
  logRegency(state, out)
  out.push({ kind: 'send', to: 'view', message: { kind: 'propose', cid, regency, value } })
  out.push({ kind: 'send', to: 'view', message: { kind: 'write', cid, regency, digest: value.digest } })
}

/**
 * Batches for a proposal: the lanes take turns in a fixed circle whose pointer only moves on (rule L3), each giving what continues it,
 * within the bounds that voters enforce.
 */
function choose(state: CoreState): readonly PooledBatch[] {
  const { heads } = headsBelow(state, state.nextFree)
  const { transactionsMax, bytesMax, costMax } = state.options.bounds
  const chosen: PooledBatch[] = []
  let [transactions, bytes, cost] = [0, 0, 0]
  for (const lane of rounds(state, heads)) {
    const batch = state.pool.next(lane, heads.get(lane) ?? NO_PLACE)
    if (batch === undefined) continue
    transactions += batch.transactions
    bytes += batch.bytes
    cost += batch.cost
    const isFull = transactions > transactionsMax || bytes > bytesMax || cost > costMax
    if (chosen.length >= LIMITS.valueBatchesMax || (chosen.length > 0 && isFull)) break
    chosen.push(batch)
    heads.set(lane, { incarnation: batch.incarnation, number: batch.number })
    state.lanePointer = lane
  }
  return chosen
}

/** The lanes after the pointer, round and round, while any of them has more. */
function* rounds(state: CoreState, heads: ReadonlyMap<ReplicaId, LanePlace>): Generator<ReplicaId> {
  const all = state.pool.lanes()
  const after = all.filter((lane) => lane > state.lanePointer)
  const lanes = [...after, ...all.filter((lane) => lane <= state.lanePointer)]
  const hasMore = (lane: ReplicaId): boolean => state.pool.next(lane, heads.get(lane) ?? NO_PLACE) !== undefined
  while (lanes.some(hasMore)) yield* lanes
}
