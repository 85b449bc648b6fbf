import type { Random } from '../base/random.js'
import type { FinalBlock, Outcome } from '../replica/index.js'
import type { Digest, Height, TimeMs } from '../types/index.js'
import type { Machine } from './machine.js'
import type { Address } from './network.js'
import { EPOCH_MS } from './process.js'
import type { SimMs } from './scheduler.js'
import { digestOf } from './trace.js'
import { type Call, type MadeTransaction, TransactionMaker } from './transactions.js'
import type { World } from './world.js'

/** What a client was told: its transaction is final, here. */
export interface Acknowledged {
  readonly id: Digest
  readonly height: Height
  readonly index: number
  readonly receipt: Uint8Array
  readonly at: SimMs
}

/** A client has a receipt from a machine, of this block. */
export type OnAcknowledged = (acknowledged: Acknowledged, machine: Machine, block: FinalBlock) => void

/** A client waits so long for an outcome, ms, and then asks another replica. */
const PATIENCE_MS_MIN = 2_000
const PATIENCE_MS_SPREAD = 6_000
/** For how long a transaction is valid, ms: less than the dedup window, so that clocks may differ. */
const VALID_FOR_MS_MIN = 15_000
const VALID_FOR_MS_SPREAD = 30_000

/** Validity of what one replica alone is given, ms: longer than it may take. */
const SERVED_VALID_FOR_MS = 55_000

/** Transactions that clients send on each side of a split, and within how long after it begins, ms. */
const SIDE_TRANSACTIONS = 2
const SIDE_SPREAD_MS = 600

/** One transaction from its making to its receipt, or until it expires. */
export class Submission {
  readonly made: MadeTransaction
  readonly madeAt: SimMs
  acknowledged: Acknowledged | undefined
  tries = 0

  constructor(made: MadeTransaction, madeAt: SimMs) {
    this.made = made
    this.madeAt = madeAt
  }
}

/** A transaction that was handed to one replica only. */
export interface Served {
  readonly submission: Submission
  readonly machine: Machine
  readonly takenAt: SimMs
  outcome: 'final' | 'refused' | undefined
}

/** The clients of all organizations: bursts, a trickle, and silence; what they were told is remembered. */
export class Workload {
  readonly acknowledged = new Map<Digest, Acknowledged>()
  /** Every transaction that was ever made. */
  submitted = 0
  readonly #world: World
  readonly #random: Random
  readonly #maker: TransactionMaker
  readonly #onAcknowledged: OnAcknowledged

  constructor(world: World, random: Random, onAcknowledged: OnAcknowledged) {
    this.#world = world
    this.#random = random
    this.#maker = new TransactionMaker(world.crypto, world.genesis, random)
    this.#onAcknowledged = onAcknowledged
  }

  /** Clients are busy in their own way until an instant. */
  run(untilMs: SimMs): void {
    const { scheduler } = this.#world
    const pauseMs = this.#random.pick([1_000, 2_500, 6_000, 15_000])
    const burst = this.#random.pick([1, 1, 2, 10])
    const next = (): void => {
      if (scheduler.nowMs >= untilMs) return
      for (let i = 1 + this.#random.below(burst); i > 0; i--) this.submit()
      // Now and then one comes close upon another.
      const gapMs = this.#random.chance(0.1) ? this.#random.below(20) : this.#random.below(2 * pauseMs)
      scheduler.after(1 + gapMs, next)
    }
    next()
  }

  /** Makes a transaction, of a call or any, and hands it to a replica, to others when no answer comes, until it is final or expired. The first is one of some, where any of those takes it. */
  submit(call?: Call, first?: readonly Address[]): Submission {
    const { scheduler } = this.#world
    const validForMs = VALID_FOR_MS_MIN + this.#random.below(VALID_FOR_MS_SPREAD)
    const submission = new Submission(this.#make(EPOCH_MS + scheduler.nowMs + validForMs, call), scheduler.nowMs)
    this.submitted += 1
    this.#try(submission, first)
    return submission
  }

  /** Makes a transaction that this replica alone is given, once. */
  serve(machine: Machine): Served {
    const { scheduler } = this.#world
    const { organization } = machine
    const args = { category: 'sim', subject: `served ${this.submitted}`, payload: '' }
    const call: Call = { organization, who: 'client', contract: 'logbook', method: 'append', args }
    const made = this.#make(EPOCH_MS + scheduler.nowMs + SERVED_VALID_FOR_MS, call)
    const submission = new Submission(made, scheduler.nowMs)
    const served: Served = { submission, machine, takenAt: scheduler.nowMs, outcome: undefined }
    this.submitted += 1
    const isTaken = this.#world.submit(machine, made.bytes, {}, (outcome) => {
      served.outcome ??= outcome.kind
      this.#onOutcome(submission, machine, outcome)
    })
    if (!isTaken) served.outcome = 'refused'
    return served
  }

  /** Clients send one after another for a while, so that many instances are open at once. */
  stream(amount: number, pauseMs: SimMs): void {
    for (let i = 0; i < amount; i++) this.#world.scheduler.after(i * pauseMs, () => this.submit())
  }

  /** Clients on both sides of a split, some each. */
  runAtSides(group: readonly Address[]): void {
    const others = this.#world.machines.map(({ address }) => address).filter((address) => !group.includes(address))
    for (const side of [group, others]) {
      if (side.length === 0) continue
      for (let i = 0; i < SIDE_TRANSACTIONS; i++) {
        this.#world.scheduler.after(this.#random.below(SIDE_SPREAD_MS), () => this.submit(undefined, side))
      }
    }
  }

  #make(validUntilMs: TimeMs, call: Call | undefined): MadeTransaction {
    return call === undefined ? this.#maker.next(validUntilMs) : this.#maker.encode(call, validUntilMs)
  }

  #try(submission: Submission, first: readonly Address[] = []): void {
    const world = this.#world
    const { made } = submission
    if (submission.acknowledged !== undefined || EPOCH_MS + world.scheduler.nowMs > made.validUntilMs) return
    submission.tries += 1
    const able = world.machines.filter(
      ({ gone, organization }) => !gone && (made.vouchedBy === undefined || made.vouchedBy === organization),
    )
    if (able.length === 0) return
    const near = able.filter(({ address }) => first.includes(address))
    const machine = this.#random.pick(near.length > 0 ? near : able)
    const submitter = made.client === undefined ? {} : { client: made.client }
    world.submit(machine, made.bytes, submitter, (outcome) => this.#onOutcome(submission, machine, outcome))
    const patienceMs = PATIENCE_MS_MIN + this.#random.below(PATIENCE_MS_SPREAD)
    world.scheduler.after(patienceMs, () => this.#try(submission))
  }

  #onOutcome(submission: Submission, machine: Machine, outcome: Outcome): void {
    const world = this.#world
    const { id } = submission.made
    if (outcome.kind === 'refused') {
      world.count(`refused.${outcome.code}`)
      return
    }
    // What a Byzantine replica says is worth nothing: the client asks another.
    if (machine.byzantine) return
    const { block, index } = outcome
    const receipt = block.receipts[index] ?? new Uint8Array()
    const acknowledged = { id, height: block.sealed.header.height, index, receipt, at: world.scheduler.nowMs }
    world.trace.note(
      world.scheduler.nowMs,
      machine.address,
      'receipt',
      digestOf(receipt),
      () => `${id} in block ${acknowledged.height}`,
    )
    submission.acknowledged ??= acknowledged
    if (!this.acknowledged.has(id)) this.acknowledged.set(id, acknowledged)
    this.#onAcknowledged(acknowledged, machine, block)
  }
}
