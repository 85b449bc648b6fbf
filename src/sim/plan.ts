import { Random } from '../base/random.js'
import type { ReplicaId } from '../types/index.js'
import { STRATEGIES, type Strategy } from './adversary/strategies.js'
import { type Address, GOOD_LINK, type LinkQuality } from './network.js'
import type { SimMs } from './scheduler.js'

export const FAULT_KINDS = [
  'loss',
  'delay',
  'duplicate',
  'reorder',
  'narrow',
  'partition',
  'one-way',
  'ambush',
  'disconnect',
  'kill',
  'power',
  'power-all',
  'pause',
  'skew',
  'jump',
  'slow-disk',
  'disk-error',
  'rot-log',
  'rot-ledger',
  'lost-disk',
] as const

/** `split`, which only Twins plans have, leaves the targets and the others as two groups, whatever was cut before. */
export type FaultKind = (typeof FAULT_KINDS)[number] | 'split'

/** Something goes wrong from an instant of its round until another. */
export interface Fault {
  readonly kind: FaultKind
  /** ms since the start of the round. */
  readonly at: SimMs
  readonly until: SimMs
  readonly targets: readonly Address[]
  readonly parameters: Readonly<Record<string, number>>
}

/** Faults with traffic for a while; then all is healed, progress must come back, and there is rest. */
export interface Round {
  readonly lastsMs: SimMs
  readonly restMs: SimMs
  readonly faults: readonly Fault[]
}

/** All that goes wrong in one history. */
export interface Plan {
  readonly n: number
  /** Organizations, where the network is to grow and shrink among them. */
  readonly organizations?: number
  /** Snapshots and pruning, where replicas do not keep everything. */
  readonly snapshots?: { readonly everyBlocks: number; readonly retainBlocks: number }
  /** Replicas that a second machine runs as well, with the same key: the next addresses after those of the replicas. */
  readonly twins?: readonly ReplicaId[]
  /** Byzantine replicas, from the start to the end: at most f, machines with other lasting faults counted. */
  readonly adversaries?: readonly { readonly target: Address; readonly strategy: Strategy }[]
  readonly link: LinkQuality
  readonly rounds: readonly Round[]
}

const ROUND_MS_MIN = 10_000
const ROUND_MS_SPREAD = 70_000
const REST_MS_MIN = 1_000
const REST_MS_SPREAD = 800_000
const REST_MS_DENSE = 10_000
/** Rounds of networks of four and more that are ambushes, one after another, and their times, ms. */
const AMBUSHES_CHANCE = 0.15
const AMBUSH_MS_MIN = 800
const AMBUSH_MS_SPREAD = 3_200
const AMBUSH_HOLD_MS_MIN = 20
const AMBUSH_HOLD_MS_SPREAD = 400
/** A fault begins at most so early, and lasts at least so long, ms. */
const FAULT_MS_MIN = 300

export interface PlanOptions {
  /** With hardly any rest between the faults. */
  readonly dense?: boolean
  /** Every network of four grows and shrinks. */
  readonly grows?: boolean
  /** Every network of four and more has a Byzantine replica of this kind. */
  readonly strategy?: Strategy
}

/** Makes the plan of a seed. */
export function makePlan(
  seed: number,
  hours: number,
  { dense = false, grows = false, strategy }: PlanOptions = {},
): Plan {
  const random = new Random(seed ^ 0x5eed)
  const n = networkSize(random)
  const link = { ...GOOD_LINK, delayMs: random.pick([1, 2, 5, 20, 60]), jitterMs: random.pick([0, 1, 3, 10]) }
  const rounds: Round[] = []
  const endMs = hours * 3_600_000
  const planner = new Planner(random, n, dense ? REST_MS_DENSE : REST_MS_SPREAD)
  for (let atMs = 0; atMs < endMs; ) {
    const round = planner.round()
    rounds.push(round)
    atMs += round.lastsMs + round.restMs
  }
  const other = new Random(seed ^ 0x71e3)
  const plan: Plan = {
    n,
    ...(n === 4 && (other.chance(0.2) || grows) ? { organizations: 7 } : {}),
    ...(other.chance(0.25) ? { snapshots: { everyBlocks: 20 + other.below(60), retainBlocks: 1 } } : {}),
    link,
    rounds,
  }
  return withAdversary(plan, new Random(seed ^ 0xb12a), strategy)
}

/** A third of the histories of a fixed view has a Byzantine replica, and then nothing else that fails for good. */
function withAdversary({ organizations, ...plan }: Plan, random: Random, strategy: Strategy | undefined): Plan {
  const { n } = plan
  const grows = organizations !== undefined && strategy === undefined
  if (n < 4 || grows || (strategy === undefined && !random.chance(0.33)))
    return grows ? { organizations, ...plan } : plan
  const mended = ({ faults, ...round }: Round): Round => ({
    ...round,
    faults: faults.filter(({ kind }) => !LASTING.includes(kind)),
  })
  const adversaries = [{ target: random.below(n), strategy: strategy ?? random.pick(STRATEGIES) }]
  return { ...plan, rounds: plan.rounds.map(mended), adversaries }
}

const LASTING: readonly FaultKind[] = ['rot-log', 'rot-ledger', 'lost-disk', 'jump']
/** Not for any replica at any time. */
const SPECIAL: readonly FaultKind[] = [...LASTING, 'ambush']

function networkSize(random: Random): number {
  const die = random.below(100)
  if (die < 78) return 4
  if (die < 82) return 7
  return random.pick([1, 2, 3])
}

class Planner {
  readonly #random: Random
  readonly #restMsSpread: number
  readonly #n: number
  /** Machines whose disk may lose what it promised to keep, one after the other: at most f. */
  readonly #unlucky: Address[]
  /** Machines whose clock may be beyond the bound: with the unlucky ones at most f. */
  readonly #astray: readonly Address[]

  constructor(random: Random, n: number, restMsSpread: number) {
    this.#random = random
    this.#restMsSpread = restMsSpread
    this.#n = n
    const bad = this.#shuffled().slice(0, Math.floor((n - 1) / 3))
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
    if (this.#n >= 4 && random.chance(AMBUSHES_CHANCE)) return { lastsMs, restMs, faults: this.#ambushes(lastsMs) }
    const faults = Array.from({ length: 1 + random.below(6) }, () => this.#fault(lastsMs))
    faults.sort((a, b) => a.at - b.at)
    return { lastsMs, restMs, faults }
  }

  /** One ambush after another (ambush.ts), and nothing else. */
  #ambushes(lastsMs: SimMs): readonly Fault[] {
    const random = this.#random
    const faults: Fault[] = []
    for (let at = random.below(FAULT_MS_MIN); at < lastsMs - FAULT_MS_MIN; ) {
      const until = Math.min(lastsMs, at + AMBUSH_MS_MIN + random.below(AMBUSH_MS_SPREAD))
      const parameters = {
        accept: random.chance(0.3) ? 1 : 0,
        holdMs: AMBUSH_HOLD_MS_MIN + random.below(AMBUSH_HOLD_MS_SPREAD),
      }
      faults.push({ kind: 'ambush', at, until, targets: [random.below(this.#n)], parameters })
      at = until
    }
    return faults
  }

  #fault(lastsMs: SimMs): Fault {
    const random = this.#random
    const at = random.below(lastsMs - FAULT_MS_MIN)
    const until = at + FAULT_MS_MIN + random.below(lastsMs - at - FAULT_MS_MIN + 1)
    const kind = this.#kind()
    return { kind, at, until, targets: this.#targets(kind), parameters: this.#parameters(kind) }
  }

  #kind(): FaultKind {
    const random = this.#random
    if (this.#unlucky.length > 0 && random.chance(0.05)) return random.pick(['rot-log', 'rot-ledger', 'lost-disk'])
    if (this.#astray.length > 0 && random.chance(0.05)) return 'jump'
    const usual = FAULT_KINDS.filter((kind) => !SPECIAL.includes(kind))
    return random.pick(usual)
  }

  #targets(kind: FaultKind): readonly Address[] {
    if (kind === 'rot-log' || kind === 'rot-ledger' || kind === 'lost-disk') return this.#unlucky.splice(0, 1)
    if (kind === 'jump') return [this.#random.pick(this.#astray)]
    const shuffled = this.#shuffled()
    if (kind === 'power-all') return shuffled
    return shuffled.slice(0, 1 + this.#random.below(this.#n))
  }

  #parameters(kind: FaultKind): Readonly<Record<string, number>> {
    const random = this.#random
    switch (kind) {
      case 'loss':
        return { percent: 1 + random.below(30) }
      case 'delay':
        return {
          delayMs: random.pick([20, 100, 400]),
          tailPercent: random.below(30),
          tailMs: 200 + random.below(8_000),
        }
      case 'duplicate':
        return { percent: 1 + random.below(50) }
      case 'reorder':
        return { jitterMs: random.pick([20, 200, 2_000]) }
      case 'narrow':
        return { outboxBytes: random.pick([600, 2_000, 20_000]) }
      case 'skew':
        return { errorMs: random.below(4_000) - 2_000 }
      case 'jump':
        return { errorMs: (random.chance(0.5) ? 1 : -1) * (6_000 + random.below(24_000)) }
      case 'lost-disk':
        return { joined: random.chance(0.5) ? 1 : 0 }
      case 'slow-disk':
        return { syncMs: random.pick([20, 200, 1_500]), jitterMs: random.below(500) }
      default:
        return {}
    }
  }
}

export const faultText = ({ kind, targets, parameters }: Fault): string =>
  [kind, targets.map((address) => `r${address}`).join(' '), ...Object.entries(parameters).map(([k, v]) => `${k}=${v}`)]
    .filter((part) => part !== '')
    .join(' ')
