import type { Clock } from '../ports.js'
import type { ReplicaId } from '../types/index.js'

/** Round trips of the last half minute count. */
const SAMPLES_MS = 30_000
const SAMPLES_MAX = 16
/** Time between two pings at least, ms. */
const PING_MS = 3_000
/** Share of a new measurement in the moving average of what a proposal costs. */
const NEW_SHARE = 0.1

/** What this replica measures of its peers and of itself (rule L4). */
export class Measures {
  readonly #clock: Clock
  readonly #samples = new Map<ReplicaId, { readonly ms: number; readonly atMs: number }[]>()
  /** Of one transaction, executed, and of one sync of the ledger, ms. */
  #transactionMs = 0
  #syncMs = 0
  #pingedMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A number that a peer is to send back at once; absent where the last one is not long ago. */
  ping(): number | undefined {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#pingedMs < PING_MS) return undefined
    this.#pingedMs = nowMs
    return Math.max(1, Math.round(nowMs))
  }

  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  pong(from: ReplicaId, ping: number): void {
    const nowMs = this.#clock.monotonicMs()
    const ms = nowMs - ping
    if (ms < 0 || ms > SAMPLES_MS) return
    const samples = (this.#samples.get(from) ?? []).filter(({ atMs }) => nowMs - atMs <= SAMPLES_MS)
    samples.push({ ms, atMs: nowMs })
    if (samples.length > SAMPLES_MAX) samples.shift()
    this.#samples.set(from, samples)
  }

  /** What a quorum costs: the (Q - 1)-th smallest of the peers' median round trips, ms; 0 while too few are measured. */
  roundTripMs(peers: readonly ReplicaId[], quorum: number): number {
    const medians = peers.flatMap((id) => this.#median(id) ?? []).sort((a, b) => a - b)
    return medians[quorum - 2] ?? 0
  }

  #median(id: ReplicaId): number | undefined {
    const sorted = (this.#samples.get(id) ?? []).map(({ ms }) => ms).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]
  }

  executed(transactions: number, ms: number): void {
    if (transactions > 0) this.#transactionMs = average(this.#transactionMs, ms / transactions)
  }

  synced(ms: number): void {
    this.#syncMs = average(this.#syncMs, ms)
  }

  /** What a proposal of so many transactions costs this replica, ms. */
  proposalMs(transactions: number): number {
    return transactions * this.#transactionMs + this.#syncMs
  }
}

const average = (before: number, ms: number): number => (before === 0 ? ms : before + (ms - before) * NEW_SHARE)
