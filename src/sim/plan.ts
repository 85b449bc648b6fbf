import { Random } from '../base/random.js'
import { quorumOf } from '../consensus/index.js'
import type { NetworkParameters, ReplicaId } from '../types/index.js'
import { STRATEGIES, type Strategy } from './adversary/strategies.js'
import { type Fault, LASTING, type Round } from './fault.js'
import { type Address, GOOD_LINK, type LinkQuality } from './network.js'
import { Planner } from './planner.js'

/** All that goes wrong in one history. */
export interface Plan {
  readonly n: number
  /** Organizations, where the network is to grow and shrink among them. */
  readonly organizations?: number
  /** Snapshots and pruning, where replicas do not keep everything. */
  readonly snapshots?: { readonly everyBlocks: number; readonly retainBlocks: number }
  /** What differs from the usual parameters of a network. */
  readonly parameters?: Partial<NetworkParameters>
  /** Growth of a log after which it is compacted, bytes. */
  readonly logBytesMax?: number
  /** Replicas that a second machine runs as well, with the same key: the next addresses after those of the replicas. */
  readonly twins?: readonly ReplicaId[]
  /** Byzantine replicas, from the start to the end: at most f, machines with other lasting faults counted. */
  readonly adversaries?: readonly { readonly target: Address; readonly strategy: Strategy }[]
  readonly link: LinkQuality
  readonly rounds: readonly Round[]
}

const REST_MS_SPREAD = 800_000
const REST_MS_DENSE = 10_000

export interface PlanOptions {
  /** With hardly any rest between the faults. */
  readonly dense?: boolean
  /** Every network of four grows and shrinks. */
  readonly grows?: boolean
  /** Every network of four and more has a Byzantine replica of this kind. */
  readonly strategy?: Strategy
}

/** Makes the plan of a seed. */
export function makePlan(seed: number, hours: number, options: PlanOptions = {}): Plan {
  const { dense = false, grows = false, strategy } = options
  const random = new Random(seed ^ 0x5eed)
  const n = networkSize(random)
  const link = { ...GOOD_LINK, delayMs: random.pick([1, 2, 5, 20, 60, 150]), jitterMs: random.pick([0, 1, 3, 10]) }
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
    ...(other.chance(0.3) ? { logBytesMax: other.pick([4, 8, 64, 256]) * 1024 } : {}),
    ...(other.chance(0.2) ? { parameters: smallBounds(other) } : {}),
    link,
    rounds,
  }
  return withAdversary(plan, new Random(seed ^ 0xb12a), strategy)
}

/** Bounds of a proposal that the few transactions of a history reach, and windows of other sizes. */
function smallBounds(random: Random): Partial<NetworkParameters> {
  return random.chance(0.5) ? { proposalTransactionsMax: 4 + random.below(12) } : { window: random.pick([2, 4, 16]) }
}

/** A third of the histories of a fixed view has a Byzantine replica, and then nothing else that fails for good. */
function withAdversary({ organizations, ...plan }: Plan, random: Random, strategy: Strategy | undefined): Plan {
  const { n } = plan
  const grows = organizations !== undefined && strategy === undefined
  if (n < 4 || grows || (strategy === undefined && !random.chance(0.33)))
    return grows ? { organizations, ...plan } : plan
  const chosen = strategy ?? random.pick(STRATEGIES)
  const rounds = plan.rounds.map(({ faults, ...round }) => ({ ...round, faults: besideAdversary(faults, n) }))
  // Where nobody prunes, nobody needs a snapshot.
  const snapshots = chosen === 'drip-snapshot' ? { snapshots: { everyBlocks: 10, retainBlocks: 1 } } : {}
  return { ...plan, ...snapshots, rounds, adversaries: [{ target: random.below(n), strategy: chosen }] }
}

/** With the Byzantine one, those whose wall clock jumps are still no quorum. */
function besideAdversary(faults: readonly Fault[], n: number): readonly Fault[] {
  const astray = Math.max(1, quorumOf(n).votes - 2)
  return faults
    .filter(({ kind }) => !LASTING.includes(kind))
    .map((fault) => (fault.kind === 'wall-jump' ? { ...fault, targets: fault.targets.slice(0, astray) } : fault))
}

function networkSize(random: Random): number {
  const die = random.below(100)
  if (die < 78) return 4
  if (die < 82) return 7
  return random.pick([1, 2, 3])
}
