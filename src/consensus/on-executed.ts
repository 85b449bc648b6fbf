import type { Digest, Height } from '../types/index.js'
import { fetchBlocks } from './catch-up.js'
import type { Effect, Input } from './interface.js'
import { finalizeReady } from './on-vote.js'
import { type CoreState, instanceAt, mayVote, openInstances } from './state.js'
import { advance, deliverReady, propose } from './voting.js'

/** Step 7: the block is durable here, so this replica says so; the window moves on. */
export function onExecuted(
  state: CoreState,
  { height, headerHash, lastHeight }: Extract<Input, { kind: 'executed' }>,
  out: Effect[],
): void {
  if (lastHeight !== undefined) state.lastHeight = lastHeight
  if (height <= state.finalized) return
  noteExecuted(state, height)
  instanceAt(state, height).header = headerHash
  if (mayVote(state)) out.push({ kind: 'send', to: 'view', message: persistVote(height, headerHash) })
  afterExecution(state, out)
}

export const persistVote = (height: Height, digest: Digest) =>
  ({ kind: 'persist', cid: height, regency: 0, digest }) as const

/** A block came from a peer, with the proof that it is final. */
export function onStateInstalled(
  state: CoreState,
  block: Extract<Input, { kind: 'state-installed' }>,
  out: Effect[],
): void {
  if (block.lastHeight !== undefined) state.lastHeight = block.lastHeight
  // What lies above the view is for the next one.
  if (block.height <= state.finalized || block.height > (state.lastHeight ?? block.height)) return
  noteExecuted(state, block.height)
  const instance = instanceAt(state, block.height)
  instance.header = block.headerHash
  instance.outcome = block.value
  instance.installedIn = block.regency
  instance.finality = block.certificate
  for (const digest of block.batches) state.pool.order(digest)
  instance.installed = block.batches
  state.lastNewsMs = state.nowMs
  afterExecution(state, out)
  fetchBlocks(state, out)
}

function noteExecuted(state: CoreState, height: Height): void {
  state.executed = Math.max(state.executed, height)
  state.delivered = Math.max(state.delivered, height)
  state.nextFree = Math.max(state.nextFree, height + 1)
  state.lastAdvanceMs = state.nowMs
}

function afterExecution(state: CoreState, out: Effect[]): void {
  finalizeReady(state, out)
  for (const instance of openInstances(state)) advance(state, instance, out)
  deliverReady(state, out)
  propose(state, out)
}
