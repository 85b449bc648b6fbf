import type { FinalityCertificate, Height } from '../types/index.js'
import { countServed } from './duty.js'
import type { Effect, ExecutedHeight, Input } from './interface.js'
import { type CoreState, inReach, instanceAt, isNamed } from './state.js'

/** Heights whose time of finality is remembered, in windows. */
const TIMES_KEPT_WINDOWS = 4

/**
 * A certificate decides its height and every height below (rule N6), whatever regency it is of and whoever brings it.
 * @returns whether it says anything new
 */
export function noteCertificate(state: CoreState, certificate: FinalityCertificate): boolean {
  const { cid } = certificate
  if (cid <= state.durable) return false
  const isNewest = cid > state.final
  if (isNewest) {
    const oldest = cid - TIMES_KEPT_WINDOWS * state.options.window
    for (let height = Math.max(state.final + 1, oldest); height <= cid; height++) {
      state.finalMs.set(height, state.nowMs)
    }
    for (const height of state.finalMs.keys()) if (height < oldest) state.finalMs.delete(height)
    state.certificate = certificate
    state.final = cid
  }
  if (!inReach(state, cid)) return isNewest
  const instance = instanceAt(state, cid)
  if (instance.certificate !== undefined) return isNewest
  instance.certificate = certificate
  instance.newsMs = state.nowMs
  return true
}

/** Heights that are certified and executed here with the certified header become final here. */
export function advanceFinal(state: CoreState, out: Effect[]): void {
  const run: ExecutedHeight[] = []
  let reached = 0
  let certificate: FinalityCertificate | undefined
  for (let cid = state.executedFinal + 1; ; cid++) {
    const instance = state.instances.get(cid)
    if (instance?.executed === undefined) break
    run.push(instance.executed)
    if (instance.certificate === undefined) continue
    if (instance.certificate.header !== instance.executed.header) {
      // With the same value some block below is another one; only the certified blocks themselves can tell which.
      if (instance.certificate.digest === instance.executed.digest) state.contradicted = true
      break
    }
    reached = run.length
    certificate = instance.certificate
  }
  if (certificate === undefined) return
  makeFinal(state, run.slice(0, reached))
  out.push({ kind: 'final', certificate })
}

/** Blocks that stand for good now: what they changed counts. */
function makeFinal(state: CoreState, blocks: readonly ExecutedHeight[]): void {
  for (const block of blocks) {
    state.executedFinal = block.height
    if (block.lastHeight !== undefined) state.lastHeight = block.lastHeight
    countServed(state, block)
    for (const { lane, incarnation, number } of block.heads) state.heads.set(lane, { incarnation, number })
    state.timeoutScale = Math.max(1, state.timeoutScale / 2)
    noteLatency(state, block)
  }
  state.regencyServed = true
  state.lastAdvanceMs = state.nowMs
  state.nextFree = Math.max(state.nextFree, state.executedFinal + 1)
  if (state.executedFinal >= state.final) state.contradicted = false
}

/** Of this regency alone: the time that a failed leader cost is no measure for the next one. */
function noteLatency(state: CoreState, { height, digest }: ExecutedHeight): void {
  for (const name of state.instances.get(height)?.values.get(digest)?.batches ?? []) {
    const batch = state.pool.get(name)
    if (batch === undefined) continue
    const latency = state.nowMs - batch.receivedMs
    state.latencyMs = state.latencyMs === 0 ? latency : state.latencyMs * 0.9 + latency * 0.1
  }
}

/** Blocks came from a peer with the proof that they are final, and are executed here. */
export function noteInstalled(
  state: CoreState,
  { blocks, certificate, kept }: Extract<Input, { kind: 'installed' }>,
  dropAbove: (from: Height) => void,
): void {
  if (!kept) dropAbove((blocks.at(-1)?.height ?? state.executedFinal) + 1)
  noteCertificate(state, certificate)
  for (const block of blocks) {
    const instance = state.instances.get(block.height)
    if (instance === undefined) continue
    instance.executing = undefined
    instance.executed = block
  }
  makeFinal(
    state,
    blocks.filter(({ height }) => height > state.executedFinal),
  )
}

/** The ledger holds all up to here: what was kept for it may go (rule D1). */
export function noteWritten(state: CoreState, certificate: FinalityCertificate, out: Effect[]): void {
  if (certificate.cid <= state.durable) return
  state.durable = certificate.cid
  state.durableCertificate = certificate
  noteFinalWithLedger(state, certificate)
  for (const cid of state.instances.keys()) if (cid <= state.durable) state.instances.delete(cid)
  const digests = state.pool
    .behind(state.heads)
    .map(({ digest }) => digest)
    .filter((digest) => !isNamed(state, digest))
  for (const digest of digests) state.pool.remove(digest)
  if (digests.length > 0) out.push({ kind: 'drop-batches', digests })
}

function noteFinalWithLedger(state: CoreState, certificate: FinalityCertificate): void {
  if (certificate.cid <= state.final) return
  state.certificate = certificate
  state.final = certificate.cid
}

/** Whether the height has been final for so long that a vote for it is one that was sent again. */
export function isLongFinal(state: CoreState, cid: Height, afterMs: number): boolean {
  if (cid > state.final) return false
  const sinceMs = state.finalMs.get(cid)
  return sinceMs === undefined || state.nowMs - sinceMs >= afterMs
}
