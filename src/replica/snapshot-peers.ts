import type { Status } from '../codec/frame.js'
import { quorumOf } from '../consensus/index.js'
import type { Ledger } from '../ports.js'
import type { Height, ReplicaId, TimeMs } from '../types/index.js'
import type { ReplicaContext } from './context.js'

/** A replica without history of its own, or that prunes it, takes a snapshot when it is behind by more, in blocks. */
const SNAPSHOT_BEHIND_BLOCKS_MAX = 5_000
/** How long there must be a reason before a transfer begins: by then all peers have said where they stand. */
const SETTLE_MS = 1_000
/** After so long without a new final block, peers that claim to hold the next one are no longer believed. */
const STALL_MS = 30_000
/** What a peer said of itself counts for so long. */
const STATUS_AGE_MS_MAX = 10_000
/** How long a peer is passed over. */
const SKIP_MS = 10_000

interface Peer {
  readonly status: Status
  readonly atMs: TimeMs
}

type Reason = 'no-blocks' | 'stalled' | 'far-behind'

/** What peers say of themselves, who of them may be asked, and whether that is a reason to take a snapshot. */
export class SnapshotPeers {
  readonly #context: ReplicaContext
  readonly #ledger: Ledger
  readonly #prunes: boolean
  readonly #peers = new Map<ReplicaId, Peer>()
  readonly #skippedUntilMs = new Map<ReplicaId, TimeMs>()
  #neededSinceMs: TimeMs | undefined
  #advanced: { readonly height: Height; readonly atMs: TimeMs } | undefined

  /** @param prunes whether this replica gives up old blocks anyway */
  constructor(context: ReplicaContext, ledger: Ledger, prunes: boolean) {
    this.#context = context
    this.#ledger = ledger
    this.#prunes = prunes
  }

  heard(from: ReplicaId, status: Status, nowMs: TimeMs): void {
    this.#peers.set(from, { status, atMs: nowMs })
  }

  skip(peer: ReplicaId, nowMs: TimeMs): void {
    this.#skippedUntilMs.set(peer, nowMs + SKIP_MS)
  }

  #recent(nowMs: TimeMs): readonly (readonly [ReplicaId, Status])[] {
    return [...this.#peers].flatMap(([id, { status, atMs }]) =>
      nowMs - atMs <= STATUS_AGE_MS_MAX ? [[id, status] as const] : [],
    )
  }

  /** Peers that said something of late and are not passed over. */
  available(nowMs: TimeMs): readonly (readonly [ReplicaId, Status])[] {
    return this.#recent(nowMs).filter(([id]) => (this.#skippedUntilMs.get(id) ?? 0) <= nowMs)
  }

  /** Whether there has been a reason for long enough. */
  isNeeded(nowMs: TimeMs): boolean {
    if (this.#reason(nowMs) === undefined) this.#neededSinceMs = undefined
    else this.#neededSinceMs ??= nowMs
    return this.#neededSinceMs !== undefined && nowMs - this.#neededSinceMs >= SETTLE_MS
  }

  /** A transfer is over: the next one needs its reason for as long again. */
  settleAgain(): void {
    this.#neededSinceMs = undefined
  }

  #reason(nowMs: TimeMs): Reason | undefined {
    const { height } = this.#ledger.tip().header
    if (this.#advanced?.height !== height) this.#advanced = { height, atMs: nowMs }
    const ahead = this.#recent(nowMs)
      .map(([, status]) => status)
      .filter(({ finalized }) => finalized > height)
    const offered = Math.max(0, ...ahead.map(({ snapshot }) => snapshot))
    if (offered <= this.#ledger.tip().header.height) return undefined
    const without = ahead.filter(({ oldest }) => oldest > height + 1).length
    if (without === ahead.length) return 'no-blocks'
    // One correct replica at least says that it pruned the next block, and nobody gives it.
    const { f } = quorumOf(this.#context.views.current.view.replicas.length)
    if (without > f && nowMs - this.#advanced.atMs >= STALL_MS) return 'stalled'
    const historyless = this.#prunes || height === 0
    return historyless && offered - height > SNAPSHOT_BEHIND_BLOCKS_MAX ? 'far-behind' : undefined
  }
}
