import { Random } from '../base/random.js'
import { DEFAULT_LANE, type FinalBlock } from '../replica/index.js'
import { WAITING_MAX } from '../replica/submissions.js'
import type { Finality, Height, Signed } from '../types/index.js'
import { corrupt } from './adversary/corrupt.js'
import { Ballots } from './ballots.js'
import { Calm } from './calm.js'
import {
  Agreement,
  type Bounds,
  boundProblem,
  boundsOf,
  ChainCheck,
  ExactlyOnce,
  leftoverProblem,
  type Problem,
} from './checkers.js'
import { Coverage } from './coverage.js'
import { type Fault, faultText, type Round } from './fault.js'
import { Faults } from './faults.js'
import { LedgerCheck } from './ledger-check.js'
import { isByzantine, type Machine } from './machine.js'
import type { Address } from './network.js'
import type { Plan } from './plan.js'
import { Reconfiguration } from './reconfiguration.js'
import type { SimMs } from './scheduler.js'
import type { Violation, ViolationKind } from './violation.js'
import { type Acknowledged, type Submission, Workload } from './workload.js'
import { type SeenBlock, World } from './world.js'

/** After a heal a new transaction must be final, and every correct replica have its block, within this, ms. */
export const LIVENESS_MS_MAX = 120_000
/** While progress is awaited, a new transaction is tried so often, ms. */
const PROBE_MS = 10_000
const LOOK_MS = 4_000
/** Long enough for every transaction to expire and be given up: validity, drift, and the sweep. */
const LAST_REST_MS = 75_000
/** A replica that lost its votes has them again after so many windows of heights: two by rule T2, and some to hear of it. */
const SILENT_WINDOWS_MAX = 5
/** What clients send while many instances are to be open, and how close upon one another, ms. */
const STREAM_TRANSACTIONS = 24
const STREAM_PAUSE_MS = 60

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
  /** States of the core that were met (coverage.ts). */
  readonly states: readonly string[]
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
  readonly #ballots = new Ballots()
  readonly #once = new ExactlyOnce()
  readonly #coverage = new Coverage()
  readonly #chain: ChainCheck
  readonly #calm: Calm
  readonly #bounds: Bounds
  readonly #faultCounts = new Map<string, number>()

  constructor(seed: number, plan: Plan) {
    this.seed = seed
    this.#plan = plan
    this.#random = new Random(seed)
    const { n, link, rounds: _, twins = [], adversaries = [], ...rest } = plan
    const organizations = rest.organizations ?? n
    this.world = new World({ ...rest, n, organizations, random: this.#random, link })
    for (const id of twins) this.world.addTwin(id)
    const { crypto, genesis } = this.world
    this.#workload = new Workload(this.world, this.#random, (_, machine, block) => this.#onReceipt(machine, block))
    this.#faults = new Faults(this.world)
    this.#reconfiguration = new Reconfiguration(this.world, this.#random, this.#workload)
    this.#chain = new ChainCheck(crypto.suite, genesis)
    this.#calm = new Calm(this.world, this.#workload, this.#agreement, link)
    const laneBatchesMax = 2 * DEFAULT_LANE.batchesInFlightMax
    this.#bounds = boundsOf(organizations, genesis.parameters.window, laneBatchesMax, WAITING_MAX)
    for (const { target, strategy } of adversaries) corrupt(this.world, target, strategy, seed)
    this.world.spoken.listen((from, signed) => this.#onSpoken(from, signed))
    this.world.events = {
      written: (machine, block) => this.#onWritten(machine, block),
      final: (machine, block) => this.#onFinal(machine, block),
      counted: (machine, name) => this.#coverage.counted(machine, name),
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
      this.#look()
      if (this.#grows) this.#reconfiguration.start()
      for (const round of this.#plan.rounds) {
        if (this.#failed() || world.scheduler.nowMs >= endMs) break
        await this.#runRound(round)
      }
      if (!this.#failed()) await this.#end()
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    return this.#result()
  }

  #failed = (): boolean => this.world.violations.length > 0

  get #grows(): boolean {
    return this.world.genesis.organizations.length > this.#plan.n
  }

  #report(kind: ViolationKind, machine: Machine, problem: Problem): void {
    if (problem !== undefined) this.world.violate(kind, machine.address, problem)
  }

  async #runRound(round: Round): Promise<void> {
    const { scheduler } = this.world
    const healMs = scheduler.nowMs + round.lastsMs
    for (const fault of round.faults) {
      scheduler.after(fault.at, () => {
        if (scheduler.nowMs <= healMs) this.#begin(fault)
      })
      scheduler.after(fault.until, () => this.#faults.end(fault))
    }
    if (this.#plan.twins === undefined) this.#workload.run(healMs)
    await scheduler.runUntil(healMs, this.#failed)
    if (this.#failed()) return
    await this.#heal()
    const restsMs = scheduler.nowMs + round.restMs
    // While views change, leaders do so too, and who has left takes nothing.
    if (round.served !== undefined && !this.#grows && !this.#failed()) {
      await this.#calm.serve(round.served, this.#failed)
    }
    await scheduler.runUntil(restsMs, this.#failed)
    if (!this.#failed()) this.#calm.end()
  }

  #begin(fault: Fault): void {
    const { kind, at, until, targets } = fault
    this.world.note(-1, 'fault', `${faultText(fault)} for ${until - at} ms`)
    this.#faultCounts.set(kind, (this.#faultCounts.get(kind) ?? 0) + 1)
    this.#faults.begin(fault)
    if (kind === 'split' || kind === 'ambush') this.#workload.runAtSides(targets)
    if (kind === 'blackout') this.#workload.stream(STREAM_TRANSACTIONS, STREAM_PAUSE_MS)
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
    while (!this.#failed() && !alive() && scheduler.nowMs < healedMs + LIVENESS_MS_MAX) {
      probes.push(this.#workload.submit())
      await scheduler.runUntil(scheduler.nowMs + PROBE_MS, () => this.#failed() || alive())
    }
    if (this.#failed() || alive()) return
    world.violate('stuck', -1, `no progress within ${LIVENESS_MS_MAX} ms of a heal: ${this.#standing()}`)
  }

  #everybodyHas({ acknowledged }: Submission): boolean {
    return acknowledged !== undefined && this.#areAt(acknowledged.height)
  }

  /** Whether this height is final and written at every correct machine. */
  #areAt(height: Height): boolean {
    return this.world
      .correct()
      .every(({ running }) => running !== undefined && running.ledger.tip().header.height >= height)
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
    await world.scheduler.runUntil(world.scheduler.nowMs + LAST_REST_MS, this.#failed)
    for (const { address } of this.#silent()) {
      world.violate('stuck', address, `it has no votes again after blocks of ${SILENT_WINDOWS_MAX} windows`)
    }
    if (this.#failed()) return
    for (const machine of world.correct()) {
      const { running } = machine
      if (running !== undefined) this.#report('bound', machine, leftoverProblem(running.replica.status()))
    }
    if (this.#failed()) return
    await this.#heal()
    const receipts = [...this.#workload.acknowledged.values()]
    await this.#catchUp(Math.max(0, ...receipts.map(({ height }) => height)))
    if (!this.#failed()) this.#checkLedgers(receipts)
  }

  /** A client may have the receipt of a block that others than its replica will only have in a moment. */
  async #catchUp(height: Height): Promise<void> {
    const { scheduler } = this.world
    await scheduler.runUntil(scheduler.nowMs + LIVENESS_MS_MAX, () => this.#failed() || this.#areAt(height))
    if (this.#failed() || this.#areAt(height)) return
    this.world.violate('stuck', -1, `not level at height ${height} within ${LIVENESS_MS_MAX} ms: ${this.#standing()}`)
  }

  #checkLedgers(receipts: readonly Acknowledged[]): void {
    const { world } = this
    const check = new LedgerCheck(this.#chain, this.#agreement, world.genesis.parameters.window)
    for (const machine of world.correct()) {
      const { running } = machine
      if (running === undefined) world.violate('stuck', machine.address, `it is down: ${machine.halt}`)
      else check.check(running.ledger, receipts, (kind, problem) => this.#report(kind, machine, problem))
    }
  }

  /** Machines that do not vote, since what they voted for was lost, or may have been. */
  #silent(): readonly Machine[] {
    return this.world.machines.filter((machine) => {
      const silent = machine.running?.replica.status().silent
      return !isByzantine(machine) && (silent === 'lost' || silent === 'barred')
    })
  }

  /** Makes so many heights final that no vote from before the loss of a disk can matter any more. */
  async #outlastSilence(): Promise<void> {
    const last = this.#agreement.height + SILENT_WINDOWS_MAX * this.world.genesis.parameters.window
    while (!this.#failed() && this.#silent().length > 0 && this.#agreement.height < last) await this.#heal()
  }

  #onWritten(machine: Machine, { height, hash, transactions }: SeenBlock): void {
    if (isByzantine(machine)) return
    this.#report('agreement', machine, this.#agreement.check(height, hash))
    this.#report('executed-twice', machine, this.#once.check(height, transactions))
  }

  #onFinal(machine: Machine, { sealed, finality }: FinalBlock): void {
    if (isByzantine(machine)) return
    const { height } = sealed.header
    const { headers } = finality
    const text = `block ${height} ${sealed.hash.slice(0, 8)} ${sealed.header.transactions} tx`
    this.world.note(machine.address, 'final', text)
    for (const { header, hash } of [sealed, ...headers]) {
      this.#report('agreement', machine, this.#agreement.check(header.height, hash))
    }
    this.#learn(machine, finality)
    this.#report('chain', machine, this.#chain.finalityProblem(sealed, finality))
  }

  #onSpoken(from: Address, signed: Signed): void {
    const { message, sender, view } = signed
    const machine = this.world.machine(from)
    if (sender === machine.id && !isByzantine(machine)) this.#coverage.spoke(machine, signed)
    if (message.kind !== 'accept') return
    const votes = this.#chain.votesNeeded({ ...signed, message })
    const header = votes && this.#ballots.note(sender, view, message, votes)
    if (header) this.#report('agreement', machine, this.#agreement.check(message.cid, header))
  }

  /** A receipt must be of the block that everybody has, and come with what proves it. */
  #onReceipt(machine: Machine, { sealed, finality }: FinalBlock): void {
    const { height } = sealed.header
    this.#report('agreement', machine, this.#agreement.check(height, sealed.hash))
    this.#learn(machine, finality)
    this.#report('chain', machine, this.#chain.finalityProblem(sealed, finality))
  }

  /** Checks need the views that the blocks so far have made. */
  #learn({ running }: Machine, { certificate }: Finality): void {
    if (running !== undefined && !this.#chain.knows(certificate.view)) this.#chain.learn(running.ledger)
  }

  /** Looks at every machine now and then. */
  #look(): void {
    const { world } = this
    world.scheduler.after(LOOK_MS, () => {
      world.recover(this.#agreement.height - 2 * world.genesis.parameters.window)
      for (const machine of world.machines) {
        const { running } = machine
        if (!isByzantine(machine)) this.#coverage.look(machine)
        // A log without its ledger names more instances until the ledger is back.
        if (running !== undefined && !machine.faulty)
          this.#report('bound', machine, boundProblem(running.replica.status(), this.#bounds))
      }
      this.#look()
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
      states: this.#coverage.states,
    }
  }
}
