import { quorumOf } from '../consensus/index.js'
import { DEFAULT_TIMINGS } from '../consensus/interface.js'
import type { Height } from '../types/index.js'
import type { Agreement } from './checkers.js'
import type { Machine } from './machine.js'
import type { LinkQuality } from './network.js'
import type { SimMs } from './scheduler.js'
import type { Served, Workload } from './workload.js'
import type { World } from './world.js'

/** Heights that must become final before timeouts that failures had doubled are short again, and the time for it, ms. */
const SETTLED_HEIGHTS = 6
const SETTLE_MS_MAX = 90_000
const SETTLE_PAUSE_MS = 700
/** Of one after another that a replica takes, when there are few of them or many, ms. */
const CALM_PAUSE_MS = 3_000
const BUSY_PAUSE_MS = 400
const FEW = 5
/** Ticks, statuses and batches that a lane gathers, ms. */
const SLACK_MS = 4_000
/** Until then the batch of a transaction is with everybody, on lines that are not longer than those of a calm network, ms. */
const HANDED_OVER_MS = 2_000

/** What the bounds of service follow from. */
export interface ServiceTerms {
  /** Replicas that lead in turn, and with them lanes. */
  readonly n: number
  /** How many of them are faulty. */
  readonly faulty: number
  readonly window: number
  readonly dedupWindowMs: number
  readonly roundTripMs: number
}

/** K: free proposals after which a lane that is not served is a reason for a STOP (rule L3). */
export const dutyProposals = ({ n, window }: Pick<ServiceTerms, 'n' | 'window'>): number => n + window

/**
 * Bound on the time from a correct replica's taking of a transaction to its being final, in a network that is stable, ms (docs/simulation.md). Each
 * faulty leader costs at most K turns, or a third of the dedup window, and a regency change; timeouts double from one to the next. A correct
 * one then finishes two heights.
 */
export function serviceMsMax(terms: ServiceTerms): SimMs {
  const { faulty, dedupWindowMs, roundTripMs } = terms
  const turnMs = Math.max(DEFAULT_TIMINGS.turnMs, 4 * roundTripMs)
  const finishMs = Math.max(DEFAULT_TIMINGS.finishMs, 8 * roundTripMs)
  let totalMs = SLACK_MS
  for (let failed = 0; failed < faulty; failed++) {
    const factor = 2 ** failed
    totalMs += Math.min(dutyProposals(terms) * factor * turnMs, dedupWindowMs / 3) + factor * finishMs
  }
  return totalMs + 2 * 2 ** faulty * finishMs
}

/** Bound on the blocks that become final before one with a batch that everybody holds: K and a window for each leader. */
export const servedBlocksMax = (terms: ServiceTerms): number =>
  (terms.faulty + 1) * (dutyProposals(terms) + terms.window)

/** What holds while nothing goes wrong but what stays: everyone is served in time, and no leader is replaced without need. */
export class Calm {
  readonly #world: World
  readonly #workload: Workload
  readonly #agreement: Agreement
  readonly #roundTripMs: number
  /** The highest regency when the network had settled; absent where one may have to change it. */
  #regency: number | undefined

  constructor(world: World, workload: Workload, agreement: Agreement, link: LinkQuality) {
    this.#world = world
    this.#workload = workload
    this.#agreement = agreement
    this.#roundTripMs = 2 * (link.delayMs + link.jitterMs)
  }

  /** Lets the network settle; then every correct replica takes so many transactions, and each must be served. */
  async serve(amount: number, failed: () => boolean): Promise<void> {
    const { scheduler } = this.#world
    if (!(await this.#settle(failed))) return
    this.#world.count('calm')
    this.#regency = this.#mayChange() ? undefined : this.#highestRegency()
    const terms = this.#terms()
    const taken: { readonly served: Served; handed: Height | undefined }[] = []
    const pauseMs = amount > FEW ? BUSY_PAUSE_MS : CALM_PAUSE_MS
    for (let i = 0; i < amount && !failed(); i++) {
      for (const machine of this.#world.correct()) {
        const one: (typeof taken)[number] = { served: this.#workload.serve(machine), handed: undefined }
        taken.push(one)
        scheduler.after(HANDED_OVER_MS, () => {
          one.handed = this.#agreement.height
        })
      }
      await scheduler.runUntil(scheduler.nowMs + pauseMs, failed)
    }
    const isDone = (): boolean => taken.every(({ served }) => served.outcome !== undefined)
    await scheduler.runUntil(scheduler.nowMs + serviceMsMax(terms), () => failed() || isDone())
    if (failed()) return
    for (const { served, handed } of taken) if (!failed()) this.#judge(served, handed, terms)
  }

  /** The rest is over. */
  end(): void {
    const before = this.#regency
    this.#regency = undefined
    if (before === undefined || this.#mayChange()) return
    const now = this.#highestRegency()
    if (now <= before) return
    this.#world.violate('needless-change', -1, `regency ${now} after ${before}, with nothing wrong`)
  }

  async #settle(failed: () => boolean): Promise<boolean> {
    const { scheduler } = this.#world
    const height = this.#agreement.height + SETTLED_HEIGHTS
    const untilMs = scheduler.nowMs + SETTLE_MS_MAX
    while (this.#agreement.height < height && scheduler.nowMs < untilMs && !failed()) {
      this.#workload.submit()
      await scheduler.runUntil(scheduler.nowMs + SETTLE_PAUSE_MS, failed)
    }
    return this.#agreement.height >= height && !failed()
  }

  #terms(): ServiceTerms {
    const { machines, genesis } = this.#world
    const n = genesis.replicas.length
    const { window, dedupWindowMs } = genesis.parameters
    const faulty = Math.min(quorumOf(n).f, machines.filter((machine) => machine.faulty).length)
    return { n, faulty, window, dedupWindowMs, roundTripMs: this.#roundTripMs }
  }

  /** Whether somebody may rightly ask for another leader. */
  #mayChange(): boolean {
    const unable = ({ faulty, running }: Machine): boolean =>
      faulty || running === undefined || running.replica.status().silent !== undefined
    return this.#world.machines.some(unable)
  }

  #highestRegency(): number {
    return Math.max(...this.#world.machines.map(({ running }) => running?.replica.status().regency ?? 0))
  }

  #judge({ machine, outcome, submission, takenAt }: Served, handed: Height | undefined, terms: ServiceTerms): void {
    const { id } = submission.made
    if (machine.faulty || machine.gone) return
    if (outcome === 'refused') {
      this.#world.count('calm.refused')
      return
    }
    this.#world.count('calm.served')
    const mostMs = serviceMsMax(terms)
    const { acknowledged } = submission
    if (acknowledged === undefined || acknowledged.at - takenAt > mostMs) {
      const tookMs = acknowledged === undefined ? 'never' : `after ${acknowledged.at - takenAt} ms`
      this.#world.violate('unserved', machine.address, `${id} is final ${tookMs}, at most ${mostMs} ms are allowed`)
    } else if (handed !== undefined && acknowledged.height - handed > servedBlocksMax(terms)) {
      const blocks = acknowledged.height - handed
      this.#world.violate('unserved', machine.address, `${id} waited for ${blocks} blocks of others`)
    }
  }
}
