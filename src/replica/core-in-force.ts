import { decodeValue, makeValue } from '../codec/block.js'
import { encodeLogRecord } from '../codec/wal.js'
import {
  type CoreOptions,
  type Effect,
  type Input,
  type Now,
  ReplicaCore,
  type Restored,
  type WalRecord,
} from '../consensus/index.js'
import type { Signer } from '../ports.js'
import type { Height, ViewId } from '../types/index.js'
import type { ReplicaContext, ReplicaModules } from './context.js'
import { readHeads } from './lane-heads.js'
import type { ReplicaOptions } from './options.js'
import type { RestoredLog } from './restoring.js'
import { highestAccept, isRolledBack } from './rolled-back.js'

/** Batches of one lane that a replica keeps at most: twice what a correct one has on its way. */
const LANE_BATCHES_MAX_FACTOR = 2
const VOTES_LOST: WalRecord = { kind: 'lost' }
const NOTHING: readonly Effect[] = []

type Modules = Pick<ReplicaModules, 'clock' | 'counters' | 'keys' | 'ledger' | 'logger' | 'wal'>

/** The core of the view in force. A view that ends, or a ledger that moves under the core, gives a new one (adr/0005). */
export class CoreInForce {
  readonly #context: ReplicaContext
  readonly #modules: Modules
  readonly #options: ReplicaOptions
  #core: ReplicaCore
  #signer: Signer | undefined
  #changing = false

  /**
   * @param log what the log of votes held
   */
  constructor(
    context: ReplicaContext,
    modules: Modules,
    options: ReplicaOptions,
    log: Pick<RestoredLog, 'records' | 'ahead' | 'empty'>,
  ) {
    this.#context = context
    this.#modules = modules
    this.#options = options
    this.#signer = this.#signerOfView()
    // A log begins with its view, so an empty one beside a ledger that has blocks is not the one that was written.
    const isGone = log.empty && modules.ledger.tip().header.height > 0
    const lost = options.votesLost === true || log.ahead || isGone || this.#isRolledBack(log.records)
    const view: WalRecord = { kind: 'view', view: context.views.current.view.id }
    if (log.empty) modules.wal.append(encodeLogRecord(view))
    if (lost) modules.wal.append(encodeLogRecord(VOTES_LOST))
    this.#core = this.#newCore(lost ? [VOTES_LOST] : log.records)
  }

  get core(): ReplicaCore {
    return this.#core
  }

  /** Signs for the view in force; absent while this replica only follows. */
  get signer(): Signer | undefined {
    return this.#signer
  }

  /** Between two views nothing reaches a core. */
  get changing(): boolean {
    return this.#changing
  }

  now(): Now {
    const { clock } = this.#modules
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() }
  }

  start(): readonly Effect[] {
    return this.#core.start(this.now())
  }

  step(input: Input): readonly Effect[] {
    return this.#changing ? NOTHING : this.#core.step(input, this.now())
  }

  /** From here on the core is not fed, until `renew`. */
  beginChange(): void {
    this.#changing = true
  }

  /**
   * A new core for a ledger that moved under the old one, in the view that orders the next height.
   * @param beginView called before the core of another view begins, with the records that its log is to start with
   */
  async renew(beginView: (records: readonly WalRecord[]) => Promise<void>): Promise<void> {
    const { views } = this.#context
    const { id: before } = views.current.view
    views.load(this.#modules.ledger, this.#modules.ledger.tip().header.height + 1)
    this.#signer = this.#signerOfView()
    const { id } = views.current.view
    const records = this.#carriedOver(before, id)
    if (id !== before) await beginView([{ kind: 'view', view: id }, ...records])
    this.#core = this.#newCore(records)
    this.#changing = false
  }

  /** What the old core has said binds the new one too, within the view; a lost disk stays lost until it ends in a view. */
  #carriedOver(before: ViewId, after: ViewId): readonly WalRecord[] {
    const records = this.#core.durableRecords()
    if (before === after) return records
    const { silent } = this.#core.status()
    // Who only follows has asked nobody: its silence begins with the first view that it is in.
    const isLost = silent === 'lost' || (silent === 'following' && records.some(({ kind }) => kind === 'lost'))
    return isLost ? [VOTES_LOST] : []
  }

  #signerOfView(): Signer | undefined {
    const { self, views } = this.#context
    const member = views.current.members.get(self)
    return member && this.#modules.keys.signer(member.info.consensusKey)
  }

  /**
   * Whether the ledger is older than the votes in the log. What the log had forgotten by then, since it was final, is unknown here,
   * and what it holds is too much for one window, so its votes are as good as lost.
   */
  #isRolledBack(records: readonly WalRecord[]): boolean {
    const { ledger, logger, counters } = this.#modules
    const { height } = ledger.tip().header
    if (!isRolledBack(height, records, this.#context.genesis.parameters.window)) return false
    counters.add('ledger-rolled-back')
    logger.warn({ height, accepted: highestAccept(records) }, 'the ledger is older than the votes of this replica')
    return true
  }

  #newCore(records: readonly WalRecord[]): ReplicaCore {
    const { genesis, self, sha256, views } = this.#context
    const { view, from } = views.current
    const { parameters } = genesis
    const lastHeight = views.lastHeight()
    const options: CoreOptions = {
      self,
      start: this.#options.start,
      view,
      firstHeight: from,
      ...(lastHeight === undefined ? {} : { lastHeight }),
      votes: this.#signer !== undefined,
      window: parameters.window,
      clockDriftMsMax: parameters.clockDriftMsMax,
      dedupWindowMs: parameters.dedupWindowMs,
      timings: this.#options.timings,
      proposalTransactions: this.#options.proposalTransactions,
      bounds: {
        transactionsMax: parameters.proposalTransactionsMax,
        bytesMax: parameters.proposalBytesMax,
        costMax: parameters.proposalCostMax,
      },
      laneBatchesMax: this.#options.lane.batchesInFlightMax * LANE_BATCHES_MAX_FACTOR,
      makeValue: (timestampMs, digests) => makeValue(sha256, timestampMs, digests),
      readValue: (bytes) => decodeValue(sha256, bytes),
    }
    return new ReplicaCore(options, this.#restored(records))
  }

  #restored(records: readonly WalRecord[]): Restored {
    const { ledger } = this.#modules
    const height: Height = ledger.tip().header.height
    const certificate = ledger.certificate(height)
    const heads = readHeads(ledger, this.#context.views.current.view)
    return { height, heads, records, ...(certificate === undefined ? {} : { certificate }) }
  }
}
