import { EtalonError } from '../base/errors.js'
import type { SnapshotReply, SnapshotRequest } from '../codec/frame.js'
import { decodeWholeBlock } from '../codec/snapshot.js'
import type { Clock, Counters, Damage, Ledger, Logger } from '../ports.js'
import type { Digest, Height, ReplicaId, TimeMs } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { Ingress } from './ingress.js'
import { openWhole, snapshotFirstHeight } from './snapshot-window.js'

/** Blocks that are pruned at once, and how often at most that is put off while blocks wait to be executed. */
const PRUNE_STEP_BLOCKS_MAX = 32
const PUT_OFF_MAX = 20
/** Rows that the scrub reads at once. With `CARE_MS` this bounds what it costs. */
const SCRUB_ROWS_MAX = 200
/** Period of the care, ms. */
export const CARE_MS = 500
/** Damaged blocks that are pulled anew at a time; more is found again on the next round. */
const REPAIRS_MAX = 64
/** How long a peer has to give a damaged block before the next is asked, ms. */
const REPAIR_MS_MAX = 2_000

export interface LedgerCareModules {
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
  readonly ledger: Ledger
  readonly ingress: Ingress
  readonly send: (to: ReplicaId, request: SnapshotRequest) => boolean
  readonly connected: () => readonly ReplicaId[]
  /** First height that the snapshots served here need. */
  readonly servedFrom: () => Height | undefined
  readonly fatal: (error: unknown) => void
}

export interface LedgerCareOptions {
  /** Newest blocks that are kept; all when absent. */
  readonly retainBlocks?: number
  /** Least time between two steps of the care, ms; a step at every tick when absent. */
  readonly careMs?: number
}

export interface ScrubStatus {
  /** Rows checked since the start. */
  readonly rows: number
  /** Times that the whole ledger was read. */
  readonly rounds: number
  /** Damaged places found, and blocks that peers gave again. */
  readonly damaged: number
  readonly repaired: number
}

/** What is done for the ledger beside executing: old blocks are pruned, and all of it is read for bit rot, a little at a time. */
export class LedgerCare {
  readonly #context: ReplicaContext
  readonly #modules: LedgerCareModules
  readonly #retainBlocks: number | undefined
  readonly #careMs: number
  #steppedMs = Number.NEGATIVE_INFINITY
  readonly #repairs = new Map<Height, TimeMs | undefined>()
  #turn = 0
  #putOff = 0
  #running: Promise<void> | undefined
  #scrub: ScrubStatus = { rows: 0, rounds: 0, damaged: 0, repaired: 0 }

  constructor(context: ReplicaContext, modules: LedgerCareModules, { retainBlocks, careMs = 0 }: LedgerCareOptions) {
    this.#context = context
    this.#modules = modules
    this.#retainBlocks = retainBlocks
    this.#careMs = careMs
  }

  scrubbed(): ScrubStatus {
    return this.#scrub
  }

  /** @param busy blocks wait to be executed */
  tick(busy: boolean): void {
    if (this.#running !== undefined) return
    this.#putOff = busy ? this.#putOff + 1 : 0
    if (busy && this.#putOff < PUT_OFF_MAX) return
    const nowMs = this.#modules.clock.monotonicMs()
    if (nowMs - this.#steppedMs < this.#careMs) return
    this.#steppedMs = nowMs
    this.#putOff = 0
    this.#running = this.#step()
      .catch((error: unknown) => this.#modules.fatal(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Settles when the step under way is over. */
  async stop(): Promise<void> {
    await this.#running
  }

  async #step(): Promise<void> {
    await this.#prune()
    await this.#scrubStep()
    this.#askForRepairs()
  }

  /**
   * Old blocks go when nothing needs them: neither clients by the config, nor exactly-once, nor a snapshot served here. Without one nothing
   * goes, or a replica that joins could begin nowhere.
   */
  async #prune(): Promise<void> {
    const { ledger, servedFrom, counters } = this.#modules
    const sealed = ledger.tip()
    const { height } = sealed.header
    const served = servedFrom()
    if (this.#retainBlocks === undefined || served === undefined) return
    const wanted = Math.min(height - this.#retainBlocks + 1, snapshotFirstHeight(this.#context, ledger, sealed), served)
    const from = ledger.oldest()
    const below = Math.min(wanted, from + PRUNE_STEP_BLOCKS_MAX)
    if (below <= from) return
    await ledger.prune(below)
    counters.add('blocks-pruned', below - from)
  }

  async #scrubStep(): Promise<void> {
    const { rows, wrapped, damage } = await this.#modules.ledger.scrub(SCRUB_ROWS_MAX)
    const { rows: before, rounds, damaged, repaired } = this.#scrub
    const found = damage.filter(({ height }) => height === undefined || !this.#repairs.has(height))
    const all = damaged + found.length
    this.#scrub = { rows: before + rows, rounds: rounds + (wrapped ? 1 : 0), damaged: all, repaired }
    this.#modules.counters.add('scrub.rows', rows)
    for (const one of found) this.#onDamage(one)
  }

  #onDamage({ detail, height }: Damage): void {
    const { counters, logger, fatal } = this.#modules
    counters.add('scrub.damaged')
    logger.error({ height, problem: detail }, 'the ledger is damaged')
    if (height === undefined || height === 0) {
      fatal(new EtalonError('ledger/state-damaged', detail, REMEDY))
      return
    }
    if (this.#repairs.size < REPAIRS_MAX) this.#repairs.set(height, undefined)
  }

  #askForRepairs(): void {
    const { clock, connected, send } = this.#modules
    const nowMs = clock.monotonicMs()
    const peers = connected()
    for (const [height, askedMs] of this.#repairs) {
      if (peers.length === 0 || (askedMs !== undefined && nowMs - askedMs < REPAIR_MS_MAX)) continue
      this.#turn += 1
      const to = peers[this.#turn % peers.length] as ReplicaId
      this.#repairs.set(height, nowMs)
      send(to, { height: 0, manifest: false, chunks: [], fromHeight: height, toHeight: height })
    }
  }

  /** @returns a promise where the peer must not be read further until it settles */
  async onReply({ blocks }: SnapshotReply): Promise<void> {
    try {
      for (const bytes of blocks) await this.#repair(bytes)
    } catch (error) {
      this.#modules.fatal(error)
    }
  }

  /** Unknown while the header above is damaged too: that one is repaired first. */
  #expectedHash(height: Height): Digest | undefined {
    try {
      return this.#modules.ledger.expectedHash(height)
    } catch (error) {
      if (error instanceof EtalonError) return undefined
      throw error
    }
  }

  async #repair(bytes: Uint8Array): Promise<void> {
    const { ingress, ledger, logger, counters } = this.#modules
    const block = decodeWholeBlock(this.#context.sha256, bytes)
    const height = block?.record.sealed.header.height ?? 0
    if (block === undefined || !this.#repairs.has(height)) {
      ingress.reject('unwanted-reply')
      return
    }
    const expected = this.#expectedHash(height)
    if (expected === undefined || openWhole(this.#context, ingress, block, expected) === undefined) return
    await ledger.repair(height, block)
    this.#repairs.delete(height)
    this.#scrub = { ...this.#scrub, repaired: this.#scrub.repaired + 1 }
    counters.add('scrub.repaired')
    logger.warn({ height }, 'a damaged block was given again by a peer')
  }
}

const REMEDY =
  'Stop the node, remove the folders `ledger` and `wal` of its data folder (keep the keys) and start it: it fetches a snapshot from its ' +
  'peers, and votes again once none of its earlier votes can matter. Suspect the disk.'
