import type { Random } from '../base/random.js'
import { quorumOf } from '../consensus/index.js'
import { FAULT_KINDS, type Fault, type FaultKind, LASTING, type Round } from './fault.js'
import type { Address } from './network.js'
import type { SimMs } from './scheduler.js'

const ROUND_MS_MIN = 10_000
const ROUND_MS_SPREAD = 70_000
const REST_MS_MIN = 1_000
/** A fault begins at most so early, and lasts at least so long, ms. */
const FAULT_MS_MIN = 300

/** Of the rounds of networks of four and more: ambushes, or blackouts, one after another and nothing else. */
const AMBUSHES_CHANCE = 0.13
const BLACKOUTS_CHANCE = 0.1
/** Rounds in which an operator restarts all replicas, one after another. */
const ROLLING_CHANCE = 0.05
const AMBUSH_MS_MIN = 800
const AMBUSH_MS_SPREAD = 3_200
const AMBUSH_HOLD_MS_MIN = 20
const AMBUSH_HOLD_MS_SPREAD = 400
const BLACKOUT_MS_MIN = 4_000
const BLACKOUT_MS_SPREAD = 8_000
const RESTART_MS_MIN = 400
const RESTART_MS_SPREAD = 3_000
const WALL_JUMP_MS_MAX = 10_000

/** Rests of which the service is looked at closely, and transactions that each replica takes in them. */
const SERVED_CHANCE = 0.4
const SERVED = [3, 3, 3, 20] as const

/** Not for any replica at any time, or in rounds of their own. */
const SPECIAL: readonly FaultKind[] = [...LASTING, 'ambush', 'blackout']

/** One-way delays of lines that are long, ms. */
const FAR_MS = [1, 50, 150, 400, 1_500] as const

/** Draws the rounds of one history. */
export class Planner {
  readonly #random: Random
  readonly #restMsSpread: number
  readonly #n: number
  /** Machines whose disk may lose what it promised to keep, one after the other: at most f. */
  readonly #unlucky: Address[]
  /** Machines whose clock may be beyond the bound for long: with the unlucky ones at most f. */
  readonly #astray: readonly Address[]

  constructor(random: Random, n: number, restMsSpread: number) {
    this.#random = random
    this.#restMsSpread = restMsSpread
    this.#n = n
    const bad = this.#shuffled().slice(0, quorumOf(n).f)
    this.#unlucky = bad.filter(() => random.chance(0.5))
    this.#astray = bad.filter((address) => !this.#unlucky.includes(address))
  }

  #shuffled(): Address[] {
    const addresses = Array.from({ length: this.#n }, (_, address) => address)
    for (let i = addresses.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1)
      const moved = addresses[i] as Address
      addresses[i] = addresses[j] as Address
      addresses[j] = moved
    }
    return addresses
  }

  round(): Round {
    const random = this.#random
    const lastsMs = ROUND_MS_MIN + random.below(ROUND_MS_SPREAD)
    const restMs = REST_MS_MIN + random.below(this.#restMsSpread)
    const served = random.chance(SERVED_CHANCE) ? { served: random.pick(SERVED) } : {}
    return { lastsMs, restMs, faults: this.#faults(lastsMs), ...served }
  }

  #faults(lastsMs: SimMs): readonly Fault[] {
    const random = this.#random
    if (this.#n >= 4) {
      if (random.chance(AMBUSHES_CHANCE)) return this.#inTurn(lastsMs, (at) => this.#ambush(at))
      if (random.chance(BLACKOUTS_CHANCE)) return this.#inTurn(lastsMs, (at) => this.#blackout(at))
      if (random.chance(ROLLING_CHANCE)) return this.#rolling(lastsMs)
    }
    const faults = Array.from({ length: 1 + random.below(6) }, () => this.#fault(lastsMs))
    return faults.sort((a, b) => a.at - b.at)
  }

  #inTurn(lastsMs: SimMs, next: (at: SimMs) => Fault): readonly Fault[] {
    const faults: Fault[] = []
    for (let at = this.#random.below(FAULT_MS_MIN); at < lastsMs - FAULT_MS_MIN; at = faults.at(-1)?.until ?? lastsMs) {
      const fault = next(at)
      faults.push({ ...fault, until: Math.min(lastsMs, fault.until) })
    }
    return faults
  }

  /** See ambush.ts. */
  #ambush(at: SimMs): Fault {
    const random = this.#random
    const until = at + AMBUSH_MS_MIN + random.below(AMBUSH_MS_SPREAD)
    const holdMs = AMBUSH_HOLD_MS_MIN + random.below(AMBUSH_HOLD_MS_SPREAD)
    const parameters = { accept: random.chance(0.3) ? 1 : 0, holdMs }
    return { kind: 'ambush', at, until, targets: [random.below(this.#n)], parameters }
  }

  /** See blackout.ts. */
  #blackout(at: SimMs): Fault {
    const random = this.#random
    const until = at + BLACKOUT_MS_MIN + random.below(BLACKOUT_MS_SPREAD)
    const parameters = {
      depth: 1 + random.below(8),
      holdMs: random.pick([0, 5, 50, 300]),
      lone: random.chance(0.7) ? 1 : 0,
    }
    return { kind: 'blackout', at, until, targets: [random.below(this.#n)], parameters }
  }

  /** What an upgrade of the whole network is: each replica stops in order and starts again. */
  #rolling(lastsMs: SimMs): readonly Fault[] {
    const random = this.#random
    const each = Math.floor(lastsMs / this.#n)
    return this.#shuffled().map((target, turn): Fault => {
      const at = turn * each + random.below(FAULT_MS_MIN)
      const until = Math.min(lastsMs, at + RESTART_MS_MIN + random.below(RESTART_MS_SPREAD))
      return { kind: 'restart', at, until, targets: [target], parameters: {} }
    })
  }

  #fault(lastsMs: SimMs): Fault {
    const random = this.#random
    const at = random.below(lastsMs - FAULT_MS_MIN)
    const until = at + FAULT_MS_MIN + random.below(lastsMs - at - FAULT_MS_MIN + 1)
    const kind = this.#kind()
    const ends = kind === 'wall-jump' ? Math.min(until, at + FAULT_MS_MIN + random.below(WALL_JUMP_MS_MAX)) : until
    return { kind, at, until: ends, targets: this.#targets(kind), parameters: this.#parameters(kind) }
  }

  #kind(): FaultKind {
    const random = this.#random
    if (this.#unlucky.length > 0 && random.chance(0.05)) {
      return random.pick(['rot-log', 'rot-ledger', 'lost-disk', 'old-disk'])
    }
    if (this.#astray.length > 0 && random.chance(0.05)) return 'jump'
    const usual = FAULT_KINDS.filter((kind) => !SPECIAL.includes(kind))
    // The wrong clock of a single replica is the clock of the chain.
    return random.pick(this.#n === 1 ? usual.filter((kind) => kind !== 'wall-jump') : usual)
  }

  #targets(kind: FaultKind): readonly Address[] {
    if (LASTING.includes(kind)) return kind === 'jump' ? [this.#random.pick(this.#astray)] : this.#unlucky.splice(0, 1)
    const shuffled = this.#shuffled()
    if (kind === 'power-all') return shuffled
    // A quorum of wrong clocks moves the time of the chain itself, and nothing can be done about that.
    const most = kind === 'wall-jump' ? Math.max(1, quorumOf(this.#n).votes - 1 - this.#astray.length) : this.#n
    return shuffled.slice(0, 1 + this.#random.below(most))
  }

  #parameters(kind: FaultKind): Readonly<Record<string, number>> {
    const random = this.#random
    const sign = (): number => (random.chance(0.5) ? 1 : -1)
    switch (kind) {
      case 'loss':
        return { percent: 1 + random.below(30) }
      case 'delay':
        return {
          delayMs: random.pick([20, 100, 400]),
          tailPercent: random.below(30),
          tailMs: 200 + random.below(8_000),
        }
      case 'far':
        return { outMs: random.pick(FAR_MS), inMs: random.pick(FAR_MS) }
      case 'duplicate':
        return { percent: 1 + random.below(50) }
      case 'reorder':
        return { jitterMs: random.pick([20, 200, 2_000]) }
      case 'narrow':
        return { outboxBytes: random.pick([600, 2_000, 20_000]) }
      case 'compaction':
        return { step: random.below(5), power: random.chance(0.7) ? 1 : 0 }
      case 'skew':
        return { errorMs: random.below(4_000) - 2_000 }
      case 'jump':
        return { errorMs: sign() * (6_000 + random.below(24_000)) }
      case 'wall-jump':
        return { errorMs: sign() * random.pick([8_000, 70_000, 600_000]) }
      case 'lost-disk':
        return { joined: random.chance(0.5) ? 1 : 0 }
      case 'old-disk':
        return { running: random.chance(0.5) ? 1 : 0 }
      case 'slow-disk':
        return { syncMs: random.pick([20, 200, 1_500]), jitterMs: random.below(500) }
      default:
        return {}
    }
  }
}
