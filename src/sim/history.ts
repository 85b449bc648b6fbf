import { Random } from '../base/random.js'
import { DEFAULT_LANE, type FinalBlock } from '../replica/index.js'
import { WAITING_MAX } from '../replica/submissions.js'
import type { Height } from '../types/index.js'
import { corrupt } from './adversary/corrupt.js'
import {
  Agreement,
  acknowledgedProblem,
  type Bounds,
  boundProblem,
  boundsOf,
  ChainCheck,
  ExactlyOnce,
  leftoverProblem,
  type Problem,
} from './checkers.js'
import { Faults } from './faults.js'
import { faultText, type Plan, type Round } from './plan.js'
import { Reconfiguration } from './reconfiguration.js'
import type { SimMs } from './scheduler.js'
import type { Violation, ViolationKind } from './violation.js'
import { type Acknowledged, type Submission, Workload } from './workload.js'
import { type Machine, type Running, World } from './world.js'

/** After a heal a new transaction must be final, and every correct replica have its block, within this, ms. */
export const LIVENESS_MS_MAX = 120_000
/** While progress is awaited, a new transaction is tried so often, ms. */
const PROBE_MS = 10_000
const BOUNDS_CHECK_MS = 2_000
/** Long enough for every transaction to expire and be given up: validity, drift, and the sweep. */
const LAST_REST_MS = 75_000
/** A replica that lost its votes has them again after so many windows of heights: four by rule (docs/adr/0006), and some to hear of it. */
const SILENT_WINDOWS_MAX = 6

export interface HistoryResult {
  readonly seed: number
  readonly hash: string
  readonly simulatedMs: SimMs
  readonly events: number
  readonly faults: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  readonly submitted: number
  readonly acknowledged: number
  readonly height: Height
  readonly counts: ReadonlyMap<string, number>
}

/** One history: a world, its clients, its faults by plan, and the checkers. It ends at the first violation. */
export class History {
  readonly world: World
  readonly seed: number
  readonly #plan: Plan
  readonly #random: Random
  readonly #workload: Workload
  readonly #faults: Faults
  readonly #reconfiguration: Reconfiguration
  readonly #agreement = new Agreement()
  readonly #once = new ExactlyOnce()
  readonly #chain: ChainCheck
  readonly #bounds: Bounds
  readonly #faultCounts = new Map<string, number>()

  constructor(seed: number, plan: Plan) {
    this.seed = seed
    this.#plan = plan
    this.#random = new Random(seed)
    const { n, link, organizations = n, snapshots = {} } = plan
    this.world = new World({ n, organizations, snapshots, random: this.#random, link })
    for (const id of plan.twins ?? []) this.world.addTwin(id)
    const { crypto, genesis } = this.world
    this.#workload = new Workload(this.world, this.#random, (receipt, machine) => this.#onReceipt(receipt, machine))
    this.#faults = new Faults(this.world)
    this.#reconfiguration = new Reconfiguration(this.world, this.#random, this.#workload)
    this.#chain = new ChainCheck(crypto.suite, genesis)
    const laneBatchesMax = 2 * DEFAULT_LANE.batchesInFlightMax
    this.#bounds = boundsOf(organizations, genesis.parameters.window, laneBatchesMax, WAITING_MAX)
    for (const { target, strategy } of plan.adversaries ?? []) corrupt(this.world, target, strategy, seed)
    this.world.events = {
      executed: (machine, { height, hash, transactions }) => {
        if (machine.byzantine || machine.adversary !== undefined) return
        this.#report('agreement', machine, this.#agreement.check(height, hash))
        this.#report('executed-twice', machine, this.#once.check(height, transactions))
      },
      final: (machine, block) => {
        if (machine.adversary === undefined) this.#onFinal(machine, block)
      },
      halted: (machine, code) => this.#faults.halted(machine, code),
    }
  }

  /** Runs the plan, or as much of it as fits into the time. */
  async run(endMs: SimMs): Promise<HistoryResult> {
    const { world } = this
    const onRejection = (error: unknown): void =>
      world.violate('crash', -1, `unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`)
    process.on('unhandledRejection', onRejection)
    try {
      for (const machine of world.machines) world.start(machine)
      this.#watchBounds()
      if (this.world.genesis.organizations.length > this.#plan.n) this.#reconfiguration.start()
      for (const round of this.#plan.rounds) {
        if (this.#failed || world.scheduler.nowMs >= endMs) break
        await this.#runRound(round)
      }
      if (!this.#failed) await this.#end()
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    return this.#result()
  }

  get #failed(): boolean {
    return this.world.violations.length > 0
  }

  #report(kind: ViolationKind, machine: Machine, problem: Problem): void {
    if (problem !== undefined) this.world.violate(kind, machine.address, problem)
  }

  async #runRound(round: Round): Promise<void> {
    const { scheduler } = this.world
    const startMs = scheduler.nowMs
    const healMs = startMs + round.lastsMs
    for (const fault of round.faults) {
      scheduler.after(fault.at, () => {
        if (scheduler.nowMs > healMs) return
        this.world.note(-1, 'fault', `${faultText(fault)} for ${fault.until - fault.at} ms`)
        this.#faultCounts.set(fault.kind, (this.#faultCounts.get(fault.kind) ?? 0) + 1)
        this.#faults.begin(fault)
        if (fault.kind === 'split' || fault.kind === 'ambush') this.#workload.runAtSides(fault.targets)
      })
      scheduler.after(fault.until, () => this.#faults.end(fault))
    }
    if (this.#plan.twins === undefined) this.#workload.run(healMs)
    await scheduler.runUntil(healMs, () => this.#failed)
    if (this.#failed) return
    await this.#heal()
    await scheduler.runUntil(scheduler.nowMs + round.restMs, () => this.#failed)
  }

  /** Everything is mended; then progress must come back. */
  async #heal(): Promise<void> {
    const { world } = this
    const { scheduler } = world
    world.note(-1, 'heal', '')
    this.#faults.heal()
    const healedMs = scheduler.nowMs
    const probes: Submission[] = []
    const alive = (): boolean => probes.some((probe) => this.#everybodyHas(probe))
    while (!this.#failed && !alive() && scheduler.nowMs < healedMs + LIVENESS_MS_MAX) {
      probes.push(this.#workload.submit())
      await scheduler.runUntil(scheduler.nowMs + PROBE_MS, () => this.#failed || alive())
    }
    if (this.#failed || alive()) return
    world.violate('stuck', -1, `no progress within ${LIVENESS_MS_MAX} ms of a heal: ${this.#standing()}`)
  }

  #everybodyHas({ acknowledged }: Submission): boolean {
    return acknowledged !== undefined && this.#areAt(acknowledged.height)
  }

  /** Whether this height is final at every correct machine. */
  #areAt(height: Height): boolean {
    return this.world
      .correct()
      .every(({ running }) => running !== undefined && running.ledger.finalized().height >= height)
  }

  #standing(): string {
    const of = ({ address, gone, faulty, running }: Machine): string => {
      if (running === undefined) return `r${address} ${gone ? 'gone' : 'down'}`
      const { view, regency, phase, silent, executed, finalized, pendingBatches } = running.replica.status()
      const mark = faulty ? ' (faulty)' : ''
      return `r${address}${mark} ${silent ?? phase} view ${view} regency ${regency} executed ${executed} finalized ${finalized} pending ${pendingBatches}`
    }
    return this.world.machines.map(of).join('; ')
  }

  /** The last rest: nothing is left over, and what was promised was kept. */
  async #end(): Promise<void> {
    const { world } = this
    this.#reconfiguration.stop()
    await this.#heal()
    await this.#outlastSilence()
    await world.scheduler.runUntil(world.scheduler.nowMs + LAST_REST_MS, () => this.#failed)
    for (const { address } of this.#silent()) {
      world.violate('stuck', address, `it has no votes again after blocks of ${SILENT_WINDOWS_MAX} windows`)
    }
    if (this.#failed) return
    for (const machine of world.correct()) {
      const { running } = machine
      if (running !== undefined) this.#report('bound', machine, leftoverProblem(running.replica.status()))
    }
    if (this.#failed) return
    await this.#heal()
    const receipts = [...this.#workload.acknowledged.values()]
    await this.#catchUp(Math.max(0, ...receipts.map(({ height }) => height)))
    if (this.#failed) return
    for (const machine of world.correct()) {
      const { running } = machine
      if (running === undefined) world.violate('stuck', machine.address, `it is down: ${machine.halt}`)
      else this.#checkLedger(machine, running, receipts)
    }
  }

  /** A client may have the receipt of a block that others than its replica will only have in a moment. */
  async #catchUp(height: Height): Promise<void> {
    const { scheduler } = this.world
    await scheduler.runUntil(scheduler.nowMs + LIVENESS_MS_MAX, () => this.#failed || this.#areAt(height))
    if (this.#failed || this.#areAt(height)) return
    this.world.violate('stuck', -1, `not level at height ${height} within ${LIVENESS_MS_MAX} ms: ${this.#standing()}`)
  }

  /** Machines that do not vote, since what they voted for was lost. */
  #silent(): readonly Machine[] {
    return this.world.machines.filter(({ running }) => running?.replica.status().silent === 'abstaining')
  }

  /** Makes so many heights final that no vote from before the loss of a disk can matter any more. */
  async #outlastSilence(): Promise<void> {
    const last = this.#agreement.height + SILENT_WINDOWS_MAX * this.world.genesis.parameters.window
    while (!this.#failed && this.#silent().length > 0 && this.#agreement.height < last) await this.#heal()
  }

  #checkLedger(machine: Machine, { ledger }: Running, receipts: readonly Acknowledged[]): void {
    const { height: finalized } = ledger.finalized()
    const oldest = ledger.oldest()
    let parent = oldest === 1 ? this.#genesisParent(ledger) : undefined
    this.#chain.learn(ledger)
    for (let height = oldest; height <= finalized; height++) {
      const record = ledger.record(height)
      const kept = ledger.receipts(height)
      if (record === undefined || kept === undefined) {
        this.#report('chain', machine, `block ${height} is missing`)
        return
      }
      this.#report('chain', machine, this.#chain.check(record, kept, parent))
      this.#report('agreement', machine, this.#agreement.check(height, record.sealed.hash))
      parent = { hash: record.sealed.hash, timeMs: record.sealed.header.timeMs }
    }
    for (const receipt of receipts) {
      if (receipt.height < oldest) continue
      if (receipt.height <= finalized) this.#report('acknowledged-lost', machine, acknowledgedProblem(receipt, ledger))
      else this.#report('acknowledged-lost', machine, `block ${receipt.height} of ${receipt.id} is missing`)
    }
  }

  #genesisParent(ledger: Running['ledger']) {
    const genesis = ledger.header(0)
    return { hash: genesis?.hash ?? '', timeMs: genesis?.header.timeMs ?? 0 }
  }

  #onFinal(machine: Machine, { sealed, certificate }: FinalBlock): void {
    if (machine.byzantine) return
    const { height } = sealed.header
    this.world.note(
      machine.address,
      'final',
      `block ${height} ${sealed.hash.slice(0, 8)} ${sealed.header.transactions} tx`,
    )
    this.#report('agreement', machine, this.#agreement.check(height, sealed.hash))
    this.#report(
      'agreement',
      machine,
      certificate.digest === sealed.hash ? undefined : `a certificate of another block ${height}`,
    )
    if (!this.#chain.knows(certificate.view) && machine.running !== undefined) this.#chain.learn(machine.running.ledger)
    this.#report('chain', machine, this.#chain.certificateProblem(certificate, 'persist'))
  }

  /** A receipt must be of the block that everybody has. */
  #onReceipt({ id, height }: Acknowledged, machine: Machine): void {
    const known = this.#agreement.hash(height)
    if (known === undefined)
      this.#report('acknowledged-lost', machine, `${id} is said to be in the unknown block ${height}`)
  }

  #watchBounds(): void {
    const { world } = this
    world.scheduler.after(BOUNDS_CHECK_MS, () => {
      world.recover(this.#agreement.height - 2 * world.genesis.parameters.window)
      for (const machine of world.machines) {
        const { running } = machine
        // A log without its ledger names more instances until the ledger is back.
        if (running !== undefined && !machine.faulty)
          this.#report('bound', machine, boundProblem(running.replica.status(), this.#bounds))
      }
      this.#watchBounds()
    })
  }

  #result(): HistoryResult {
    const { world, seed } = this
    return {
      seed,
      hash: world.trace.hash,
      simulatedMs: world.scheduler.nowMs,
      events: world.scheduler.events,
      faults: Object.fromEntries(this.#faultCounts),
      violations: world.violations,
      submitted: this.#workload.submitted,
      acknowledged: this.#workload.acknowledged.size,
      height: this.#agreement.height,
      counts: world.counts.set('view-changes', this.#reconfiguration.changes),
    }
  }
}
