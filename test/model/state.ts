/**
 * The state of the model: what each replica holds in memory and on disk, and every message that was ever sent.
 * All of it is small integers. Rules are cited by their ids (N2, R7, ...), see docs/protocol-model.md.
 */
import type { PlantName } from './plants.js'

/** View 0 is { 0, 1, 2, 3 }; a change of view replaces 3 by 4, or adds 4. */
export const REPLICAS = 5
const VIEWS = [
  [0, 1, 2, 3],
  [0, 1, 2, 4],
  [0, 1, 2, 3, 4],
] as const
export const NOBODY = -1

/** Bounds and kinds of events of one exploration. */
export interface Scope {
  /** W: how many heights may be open at once. */
  readonly w: number
  readonly heights: number
  readonly regencies: number
  /** The Byzantine replica, or NOBODY. */
  readonly byz: number
  /** 0: no change of view; 1: a replica is replaced; 2: one is added. */
  readonly change: 0 | 1 | 2
  /** Value 2 at this height changes the view. */
  readonly changeAt: number
  /** Replicas may stop in an orderly way (D4). */
  readonly orderly: boolean
  /** So many disks may be lost, one after the other (T2). */
  readonly lost: number
  /** Replicas may execute what they wrote before it is prepared. */
  readonly eager: boolean
  /** STOPs are always at hand: more behaviour and fewer states, for the exhaustive search. */
  readonly freeStops?: boolean
  readonly plant: PlantName | undefined
}

/** A scope with what follows from it. */
export interface Model extends Scope {
  readonly members: readonly [readonly number[], readonly number[]]
  readonly masks: readonly [number, number]
  readonly quorums: readonly [number, number]
  /** Last height of view 0 when the view changes. */
  readonly last: number
  /** Sizes of the tables: one above the highest height and regency. */
  readonly rows: number
  readonly columns: number
}

/**
 * What one replica knows, once for its memory and once for its disk. On disk `final`, `exec` and `tip` are the same
 * height: the ledger tip, which was written together with its own certificate (D1, N7).
 * Fields with two bits a height (wrote, proposed, values, chain) are packed; heights start at 1.
 */
export interface Core {
  view: number
  regency: number
  /** Height of the newest certificate known, and the values up to it. */
  final: number
  chain: number
  /** Executed up to this final height. */
  exec: number
  /** The ledger tip that this replica takes for durable. */
  tip: number
  /** Ledger rows, which end at the tip; higher only with a planted bug. */
  rows: number
  rowChain: number
  /** View and regency of the newest certificate (N6), packed by `era`. */
  proof: number
  /** What it said in the regency in force. */
  wrote: number
  proposed: number
  /** Which values of each height it holds: bit 0 for value 1, bit 1 for value 2. */
  values: number
  /** Outcome of the SYNC at hand; counts only with hasSync. */
  sync: number
  hasSync: boolean
  sentSync: boolean
  /** D3: no votes here, unless above barHeight. */
  barred: boolean
  barHeight: number
  /** D4: nothing was said after the record. */
  mark: boolean
  /** T2: H + 2W and G of a replica that lost its disk, or 0. */
  silentTo: number
  g: number
  /** Highest regency asked for. */
  wish: number
  /** N4: height and chain executed on speculation (memory only). */
  staged: number
  stagedChain: number
  halted: boolean
  /** Prepared value by height: lockOf(view, regency, value), or 0. */
  locks: number[]
  /** Chain accepted in the regency in force by height, plus 1; 0 for none. */
  accepted: number[]
}

export interface Replica {
  memory: Core
  disk: Core
}

/** One signed STOPDATA (R4): base and the locks above it. */
export interface StopData {
  readonly view: number
  readonly regency: number
  readonly from: number
  readonly base: number
  readonly chain: number
  readonly locks: readonly number[]
}

export interface State {
  replicas: Replica[]
  /** Writers by (view, height, regency): five bits for value 1, five for value 2. */
  writes: number[]
  /** Proposals of correct leaders, two bits. */
  proposals: number[]
  /** Who asked for (view, regency). */
  stops: number[]
  accepts: number[]
  acceptedBy: number[]
  certificates: number[]
  stopData: StopData[]
  /** SYNCs of correct leaders: era * 2^28 + outcome. */
  syncs: number[]
  lostDisks: number
  crashes: number
  /** The Byzantine replica says nothing any more (progress check). */
  quiet: boolean
  /** The property that is broken, or ''. */
  broken: string
}

export const at = (list: readonly number[], i: number): number => list[i] as number

// chains: two bits a height, at most ten heights
export const digit = (chain: number, k: number): number => (chain >> (2 * (k - 1))) & 3
export const upTo = (chain: number, k: number): number => chain & ((1 << (2 * k)) - 1)
export const withDigit = (chain: number, k: number, value: number): number =>
  upTo(chain, k - 1) | (value << (2 * (k - 1)))
/** Sets one packed field and leaves the others. */
export const setPair = (pairs: number, k: number, value: number): number =>
  (pairs & ~(3 << (2 * (k - 1)))) | (value << (2 * (k - 1)))

export const eraOf = (view: number, regency: number): number => (view << 4) | regency

// locks
export const lockOf = (view: number, regency: number, value: number): number => (view << 6) | (regency << 2) | value
export const lockView = (lock: number): number => lock >> 6
export const lockRegency = (lock: number): number => (lock >> 2) & 15
export const lockValue = (lock: number): number => lock & 3

// certificates, and ACCEPTs, which say the same: view, height, regency, chain
export const certOf = (view: number, k: number, regency: number, chain: number): number =>
  (view << 28) | (k << 24) | (regency << 20) | chain
export const certView = (cert: number): number => cert >> 28
export const certHeight = (cert: number): number => (cert >> 24) & 15
export const certRegency = (cert: number): number => (cert >> 20) & 15
export const certChain = (cert: number): number => cert & 0xfffff

// outcomes of a SYNC: base, highest bound height, values up to that height (0 in a gap)
export const outcomeOf = (base: number, top: number, chain: number): number => (base << 24) | (top << 20) | chain
export const outBase = (outcome: number): number => outcome >> 24
export const outTop = (outcome: number): number => (outcome >> 20) & 15
export const outChain = (outcome: number): number => outcome & 0xfffff
export const VOID = -1

export function modelOf(scope: Scope, room = 0): Model {
  const members = [VIEWS[0], VIEWS[scope.change === 2 ? 2 : 1]] as const
  const mask = (list: readonly number[]): number => list.reduce((all, x) => all | (1 << x), 0)
  const quorum = (n: number): number => Math.ceil((n + 2) / 2)
  return {
    ...scope,
    members,
    masks: [mask(members[0]), mask(members[1])],
    quorums: [quorum(members[0].length), quorum(members[1].length)],
    last: scope.changeAt + scope.w,
    rows: Math.min(11, scope.heights + 1 + room),
    columns: Math.min(16, scope.regencies + 1 + 2 * room),
  }
}

export const membersOf = (c: Model, view: number): readonly number[] => (view === 0 ? c.members[0] : c.members[1])
export const maskOf = (c: Model, view: number): number => (view === 0 ? c.masks[0] : c.masks[1])
export const quorumIn = (c: Model, view: number): number => (view === 0 ? c.quorums[0] : c.quorums[1])
export const isMember = (c: Model, view: number, x: number): boolean => ((maskOf(c, view) >> x) & 1) === 1
export const leaderOf = (c: Model, view: number, regency: number): number => {
  const members = membersOf(c, view)
  return at(members, regency % members.length)
}
export const isCorrect = (c: Model, x: number): boolean => x !== c.byz
/** Replicas that exist in this scope. */
export const replicasOf = (c: Model): number => (c.change === 0 ? 4 : REPLICAS)
/** First height at which a view can begin, less one. */
export const startOf = (c: Model, view: number): number => (view === 0 ? 0 : c.last)
export const memoryOf = (s: State, x: number): Core => (s.replicas[x] as Replica).memory
export const diskOf = (s: State, x: number): Core => (s.replicas[x] as Replica).disk
export const slot = (c: Model, view: number, k: number, regency: number): number =>
  (view * c.rows + k) * c.columns + regency

export function bits(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1
  return count
}

const zeros = (length: number): number[] => new Array<number>(length).fill(0)

export function emptyCore(c: Model): Core {
  return {
    view: 0,
    regency: 1,
    final: 0,
    chain: 0,
    exec: 0,
    tip: 0,
    rows: 0,
    rowChain: 0,
    proof: 0,
    wrote: 0,
    proposed: 0,
    values: 0,
    sync: 0,
    hasSync: true,
    sentSync: false,
    barred: false,
    barHeight: 0,
    mark: false,
    silentTo: 0,
    g: 0,
    wish: 0,
    staged: 0,
    stagedChain: 0,
    halted: false,
    locks: zeros(c.rows),
    accepted: zeros(c.rows),
  }
}

export function initialState(c: Model): State {
  return {
    replicas: Array.from({ length: replicasOf(c) }, () => ({ memory: emptyCore(c), disk: emptyCore(c) })),
    writes: zeros(2 * c.rows * c.columns),
    proposals: zeros(2 * c.rows * c.columns),
    stops: zeros(2 * c.columns),
    accepts: [],
    acceptedBy: [],
    certificates: [],
    stopData: [],
    syncs: [],
    lostDisks: 0,
    crashes: 0,
    quiet: false,
    broken: '',
  }
}

export const copyCore = (core: Core): Core => ({
  ...core,
  locks: core.locks.slice(),
  accepted: core.accepted.slice(),
})

/** A copy; with `only`, the other replicas are shared, since an action changes one replica. */
export function copyState(s: State, only = NOBODY): State {
  return {
    ...s,
    replicas: s.replicas.map((replica, x) =>
      only === NOBODY || only === x ? { memory: copyCore(replica.memory), disk: copyCore(replica.disk) } : replica,
    ),
    writes: s.writes.slice(),
    proposals: s.proposals.slice(),
    stops: s.stops.slice(),
    accepts: s.accepts.slice(),
    acceptedBy: s.acceptedBy.slice(),
    certificates: s.certificates.slice(),
    stopData: s.stopData.slice(),
    syncs: s.syncs.slice(),
  }
}
