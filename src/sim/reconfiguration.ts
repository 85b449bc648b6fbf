import type { Random } from '../base/random.js'
import { decodeReceipt } from '../codec/block.js'
import { organizationName } from './genesis.js'
import { SimKeyRing } from './key-ring.js'
import type { Machine } from './machine.js'
import { EPOCH_MS } from './process.js'
import type { SimMs } from './scheduler.js'
import type { Acknowledged, Workload } from './workload.js'
import type { World } from './world.js'

/** Between two changes of the view, and before the first, ms. */
const PAUSE_MS_MIN = 20_000
const PAUSE_MS_SPREAD = 600_000
/** A vote, or the start of the view, is looked for again after so long, ms. */
const LOOK_MS = 2_000
/** What does not come about in this time is given up, ms. */
const PATIENCE_MS_MAX = 600_000
const REPLICAS_MAX = 7
const REPLICAS_MIN = 4

interface Proposed {
  readonly proposal: number
  /** Numbers of the replicas that it would add. */
  readonly replicas: readonly number[]
}

/** Operators who let the network grow and shrink, by votes as in life, whatever else goes wrong meanwhile. */
export class Reconfiguration {
  readonly #world: World
  readonly #random: Random
  readonly #workload: Workload
  /** Organizations that run a replica, by the machine that it runs on. */
  readonly #members = new Map<number, Machine>()
  #joiners = 0
  #stopped = false
  /** Views that came into force by these changes. */
  changes = 0

  constructor(world: World, random: Random, workload: Workload) {
    this.#world = world
    this.#random = random
    this.#workload = workload
    for (const machine of world.machines) this.#members.set(machine.organization, machine)
  }

  start(): void {
    this.#later()
  }

  /** Nothing more is proposed or voted on. */
  stop(): void {
    this.#stopped = true
  }

  #later(): void {
    const pauseMs = PAUSE_MS_MIN + this.#random.below(PAUSE_MS_SPREAD)
    this.#world.scheduler.after(pauseMs, () => this.#change())
  }

  #change(): void {
    if (this.#stopped) return
    const { organizations } = this.#world.genesis
    const outside = organizations.map((_, index) => index).filter((index) => !this.#members.has(index))
    const grows = this.#members.size < REPLICAS_MAX && outside.length > 0
    const shrinks = this.#members.size > REPLICAS_MIN
    if (grows && (!shrinks || this.#random.chance(0.6))) this.#add(this.#random.pick(outside))
    else if (shrinks) this.#remove(this.#random.pick([...this.#members.keys()]))
    else this.#later()
  }

  #add(organization: number): void {
    const world = this.#world
    this.#joiners += 1
    const keys = new SimKeyRing(world.crypto, `joiner ${this.#joiners}`)
    const replica = { organization: organizationName(organization), consensusKey: keys.next(), addresses: [] }
    const change = { kind: 'add', ...replica, peerId: `joiner${this.#joiners}` }
    this.#propose(organization, [change], ({ proposal, replicas: [id = 0] }, untilMs) => {
      // The number is in the receipt; a proposal of which none came is left to itself.
      const machine = world.addMachine(id, organization, keys)
      world.note(machine.address, 'operator', `wants to join for org${organization}`)
      world.start(machine)
      this.#vote(proposal, untilMs, () => this.#members.set(organization, machine))
    })
  }

  #remove(organization: number): void {
    const machine = this.#members.get(organization)
    if (machine === undefined) return
    this.#world.note(machine.address, 'operator', `org${organization} is to leave`)
    this.#propose(organization, [{ kind: 'remove', replica: machine.id }], ({ proposal }, untilMs) => {
      this.#vote(proposal, untilMs, () => {
        this.#members.delete(organization)
        this.#retire(machine)
      })
    })
  }

  #propose(
    organization: number,
    changes: readonly object[],
    onProposed: (proposed: Proposed, untilMs: SimMs) => void,
  ): void {
    const untilMs = this.#world.scheduler.nowMs + PATIENCE_MS_MAX
    const args = { title: 'change', changes, expiresMs: EPOCH_MS + untilMs }
    this.#call(organization, 'propose', args, untilMs, (result) => {
      if (result === undefined) this.#later()
      else onProposed(result as Proposed, untilMs)
    })
  }

  /** Everyone votes, one after the other, until it is decided. */
  #vote(proposal: number, untilMs: SimMs, onApproved: () => void, voters = [...this.#members.keys()]): void {
    const [voter, ...others] = voters
    if (voter === undefined) {
      this.#later()
      return
    }
    this.#call(voter, 'vote', { proposal, approve: true }, untilMs, (result) => {
      const { status } = (result ?? {}) as { readonly status?: string }
      if (status !== 'approved') {
        this.#vote(proposal, untilMs, onApproved, others)
        return
      }
      this.changes += 1
      this.#world.note(-1, 'operator', `proposal ${proposal} is approved`)
      onApproved()
      this.#later()
    })
  }

  /** Calls a method of governance again and again until there is a receipt; a refusal gives no result. */
  #call(organization: number, method: string, args: object, untilMs: SimMs, onResult: (result: unknown) => void): void {
    const { scheduler } = this.#world
    if (this.#stopped) return
    if (scheduler.nowMs >= untilMs) {
      this.#later()
      return
    }
    const call = { organization, who: 'admin', contract: 'governance', method, args } as const
    const submission = this.#workload.submit(call)
    const look = (): void => {
      if (submission.acknowledged !== undefined) onResult(resultOf(submission.acknowledged))
      else if (EPOCH_MS + scheduler.nowMs > submission.made.validUntilMs + LOOK_MS) {
        // It may have been executed after all; another proposal does no harm, and another vote is refused.
        this.#call(organization, method, args, untilMs, onResult)
      } else scheduler.after(LOOK_MS, look)
    }
    scheduler.after(LOOK_MS, look)
  }

  /** Who left is switched off once all others work in a view without it. */
  #retire(machine: Machine): void {
    const { scheduler } = this.#world
    const others = this.#world.correct().filter((other) => other !== machine)
    const free = others.every(({ running }) => {
      const { view, from } = running?.context.views.current ?? {}
      const height = running?.ledger.tip().header.height ?? 0
      return view !== undefined && height >= (from ?? 0) && view.replicas.every(({ id }) => id !== machine.id)
    })
    if (!free) {
      scheduler.after(LOOK_MS, () => this.#retire(machine))
      return
    }
    this.#world.kill(machine)
    machine.gone = true
    this.#world.note(machine.address, 'operator', 'is switched off')
  }
}

function resultOf({ receipt }: Acknowledged): unknown {
  const decoded = decodeReceipt(receipt)
  if (decoded === undefined || decoded.status !== 'done' || decoded.result.length === 0) return undefined
  return JSON.parse(new TextDecoder().decode(decoded.result))
}
