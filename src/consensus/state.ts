import type {
  Accept,
  ConsensusId,
  Digest,
  FinalityCertificate,
  Height,
  LanePlace,
  LostBounds,
  PeerStatus,
  PreparedCertificate,
  Regency,
  ReplicaId,
  Signed,
  Stop,
  StopData,
  Sync,
  TimeMs,
  Value,
  WalRecord,
  Write,
} from '../types/index.js'
import type { CoreOptions, Effect, ExecutedHeight } from './interface.js'
import { BatchPool } from './pool.js'
import { leaderOf, type Quorum, quorumOf } from './quorum.js'
import { VoteTable } from './votes.js'

/** A WRITE that this replica cast; kept so that it never casts another in the same regency. */
export interface OwnWrite {
  readonly regency: Regency
  readonly digest: Digest
}

/** An ACCEPT that this replica cast, or that a higher one implies. */
export interface OwnAccept extends OwnWrite {
  readonly header: Digest
  readonly lock: PreparedCertificate
}

/** A proposal, and the signed bytes that it came in unless this replica made it. */
export interface Proposal {
  readonly digest: Digest
  readonly carried?: Uint8Array
  /** Whether its time was within the drift bound when it came (rule L7). */
  timely: boolean
}

/** One open slot of the ledger. */
export interface Instance {
  readonly cid: ConsensusId
  /** Proposals of leaders, one a regency at most; the first counts. */
  readonly proposals: Map<Regency, Proposal>
  /** Values by digest: proposed, pulled, or restored. */
  readonly values: Map<Digest, Value>
  readonly writes: VoteTable<Write>
  readonly accepts: VoteTable<Accept>
  written: OwnWrite | undefined
  accepted: OwnAccept | undefined
  /** The prepared certificate of the highest regency: the lock. */
  lock: PreparedCertificate | undefined
  /** Decides this height, and all below. */
  certificate: FinalityCertificate | undefined
  /** Executed here, on what is executed below. */
  executed: ExecutedHeight | undefined
  /** What execution was asked for, and the name of the request. */
  executing: { readonly token: number; readonly digest: Digest } | undefined
  /** Last time that something new was learned of it, and that own messages were sent again. */
  newsMs: number
  resentMs: number
  resends: number
}

/** `syncing`: the regency is installed and its SYNC is awaited. */
export type Phase = 'normal' | 'syncing'

/** Why this replica asks for another leader. It lapses with its cause (rule R2). */
export type WishCause =
  | 'turn'
  | 'finish'
  | 'duty'
  | 'hand-over'
  | 'evidence'
  | 'refused'
  | 'sync'
  | 'barred'
  | 'resign'
  | 'join'

export interface Wish {
  readonly regency: Regency
  readonly cause: WishCause
}

/** A STOP of another replica, with when it came. */
export interface HeardStop {
  readonly signed: Signed<Stop>
  readonly atMs: number
}

/** What a replica that asks where the others stand has heard (rules D3 and T2). */
export interface Report {
  readonly height: Height
  readonly asked: Regency
}

/** Reasons not to vote that end by themselves. */
export interface Silences {
  /** Set after a restart: votes in this regency may have been cast before. */
  barredIn: Regency | undefined
  /** Set when the disk with earlier votes is lost; `bounds` once a quorum of this view has told. */
  lost: { readonly bounds: LostBounds | undefined } | undefined
  readonly reports: Map<ReplicaId, Report>
  reportsSinceMs: number | undefined
  /** H of a barred replica: the highest final height of itself and a quorum of others at the time of asking. */
  barHeight: Height | undefined
}

/** What a SYNC bound, for the regency in force. */
export interface Binding {
  readonly base: Height
  readonly top: ConsensusId
  readonly digests: ReadonlyMap<ConsensusId, Digest>
}

/** How a leader has served a lane since it owes it a batch (rule L3). */
export interface Duty {
  readonly sinceMs: number
  proposals: number
}

export interface CoreState {
  readonly options: CoreOptions
  readonly quorum: Quorum
  readonly members: ReadonlySet<ReplicaId>
  readonly pool: BatchPool
  readonly instances: Map<ConsensusId, Instance>
  readonly peers: Map<ReplicaId, PeerStatus>
  readonly silences: Silences

  /** Last height of the view, once a final block has set it. */
  lastHeight: Height | undefined
  nowMs: number
  wallMs: TimeMs
  /** Runs like the monotonic clock while this process does, and stands still while the process does: leaders are judged by it. */
  patienceMs: number

  regency: Regency
  phase: Phase
  /** On the patience clock. */
  phaseSinceMs: number
  /** Whether the log says that this regency is in force. */
  regencyLogged: boolean
  /** The mark of the orderly stop before this start, until this replica says anything (rule D4). */
  mark: Extract<WalRecord, { kind: 'mark' }> | undefined
  /** Highest regency that this replica asked for. */
  asked: Regency
  stopNumber: number
  wish: Wish | undefined
  /** It led when it was told to stop, and hands its regency over (rule D4). */
  resigns: boolean
  lastStopMs: number
  /** Newest STOP of each other replica. */
  readonly stops: Map<ReplicaId, HeardStop>
  /** The STOPs that installed the regency in force. */
  installedBy: readonly Signed<Stop>[]
  /** STOPDATA for a regency that this replica leads. */
  readonly stopData: Map<ReplicaId, Signed<StopData>>
  lastStopDataMs: number
  /** The SYNC of the regency in force, in its signed form unless this replica just made it. */
  sync: Sync | undefined
  /** A SYNC of this regency was sent in the life before an orderly stop. */
  syncedBefore: boolean
  signedSync: Signed<Sync> | undefined
  binding: Binding
  /** The leader of the regency in force contradicted itself, or proposed what no correct one does. */
  leaderAtFault: 'evidence' | 'refused' | undefined

  /** The newest certificate known here: what is final. Absent at the start of a view. */
  certificate: FinalityCertificate | undefined
  final: Height
  /** When heights became final here: tells votes that are sent again from late ones. */
  readonly finalMs: Map<Height, number>
  /** Highest final height whose block, and all below, is executed here. */
  executedFinal: Height
  /** The ledger holds all up to here, synced: what ACCEPTs, locks and STOPDATA count from (rule D1). */
  durable: Height
  durableCertificate: FinalityCertificate | undefined
  /** Lane heads as of `executedFinal`. */
  readonly heads: Map<ReplicaId, LanePlace>
  executionToken: number
  /** A certificate names another header than the one executed here: the blocks must come from a peer. */
  contradicted: boolean

  /** Next instance that this replica proposes in as leader. */
  nextFree: ConsensusId
  /** The lane that is served first in the next proposal comes after this one. */
  lanePointer: ReplicaId
  /** On the patience clock: since when the leader owes a proposal, and since when the lowest open height is proposed. */
  turnSinceMs: number | undefined
  finish: { readonly cid: ConsensusId; readonly sinceMs: number } | undefined
  readonly duties: Map<ReplicaId, Duty>
  /** On the patience clock: since when the leader does not show a batch that is held here, by lane. */
  readonly unshown: Map<ReplicaId, number>
  /** Doubles with each regency that fails, halves with every final height. */
  timeoutScale: number
  /** Whether a height became final in the regency in force. */
  regencyServed: boolean
  /** What this replica measured (rule L4). */
  roundTripMs: number
  proposalMs: number
  /** R: what the members agree on. */
  agreedRoundTripMs: number

  lastStatusMs: number
  /** Last time that a block became final here. */
  lastAdvanceMs: number
  /** Blocks that were asked for last. */
  blockFetch: { readonly to: Height; readonly sentMs: number; readonly peer: ReplicaId } | undefined
  /** Moving average of the time from a batch's coming to its finality, ms. */
  latencyMs: number
  /** What this replica, as leader, proposed last. */
  lastProposal: { readonly atMs: number; readonly transactions: number }
  /** When the wait for a fuller proposal is over. */
  proposeAtMs: number | undefined
  fetchTimerSet: boolean
  /** Counts pulls, so that they go to other peers in turn. */
  fetches: number
  /** Certificates that were sent in answer to votes, by peer. */
  readonly answeredMs: Map<ReplicaId, number>
  /** Empty blocks are proposed up to these heights for peers that are silent. */
  readonly emptyUntil: Map<ReplicaId, { readonly height: Height; readonly grantedMs: number }>
}

/** The height below the view: final for everyone in it, and so needing no proof among them. */
export const baseOf = ({ firstHeight }: Pick<CoreOptions, 'firstHeight'>): Height => firstHeight - 1

export function initialState(options: CoreOptions, height: Height): CoreState {
  const base = baseOf(options)
  return {
    options,
    quorum: quorumOf(options.view.replicas.length),
    members: new Set(options.view.replicas.map((replica) => replica.id)),
    pool: new BatchPool(options.laneBatchesMax),
    instances: new Map(),
    peers: new Map(),
    silences: {
      barredIn: undefined,
      lost: undefined,
      reports: new Map(),
      reportsSinceMs: undefined,
      barHeight: undefined,
    },
    lastHeight: options.lastHeight,
    nowMs: 0,
    wallMs: 0,
    patienceMs: 0,
    regency: 1,
    phase: 'normal',
    phaseSinceMs: 0,
    regencyLogged: false,
    mark: undefined,
    asked: 0,
    stopNumber: 0,
    wish: undefined,
    resigns: false,
    lastStopMs: Number.NEGATIVE_INFINITY,
    stops: new Map(),
    installedBy: [],
    stopData: new Map(),
    lastStopDataMs: Number.NEGATIVE_INFINITY,
    sync: undefined,
    syncedBefore: false,
    signedSync: undefined,
    binding: { base, top: base, digests: new Map() },
    leaderAtFault: undefined,
    certificate: undefined,
    final: height,
    finalMs: new Map(),
    executedFinal: height,
    durable: height,
    durableCertificate: undefined,
    heads: new Map(),
    executionToken: 0,
    contradicted: false,
    nextFree: height + 1,
    lanePointer: -1,
    turnSinceMs: undefined,
    finish: undefined,
    duties: new Map(),
    unshown: new Map(),
    timeoutScale: 1,
    regencyServed: true,
    roundTripMs: 0,
    agreedRoundTripMs: 0,
    proposalMs: 0,
    lastStatusMs: Number.NEGATIVE_INFINITY,
    lastAdvanceMs: 0,
    blockFetch: undefined,
    latencyMs: 0,
    lastProposal: { atMs: Number.NEGATIVE_INFINITY, transactions: 0 },
    proposeAtMs: undefined,
    fetchTimerSet: false,
    fetches: 0,
    answeredMs: new Map(),
    emptyUntil: new Map(),
  }
}

export const leader = (state: CoreState): ReplicaId => leaderOf(state.options.view, state.regency)

export const leads = (state: CoreState): boolean => leader(state) === state.options.self

export const others = (state: CoreState): readonly ReplicaId[] =>
  state.options.view.replicas.map(({ id }) => id).filter((id) => id !== state.options.self)

/** Highest instance for which this replica proposes, writes and makes locks (rule N2), never above the last of the view. */
export function windowTop({ executedFinal, options, lastHeight }: CoreState): ConsensusId {
  return Math.min(executedFinal + options.window, lastHeight ?? Number.POSITIVE_INFINITY)
}

/** Highest instance that this replica accepts: counted from what is durable (rule N5). */
export function acceptTop({ durable, options, lastHeight }: CoreState): ConsensusId {
  return Math.min(durable + options.window, lastHeight ?? Number.POSITIVE_INFINITY)
}

/** Instances of which messages are kept: those above the durable height that a peer ahead may be in. */
export function inReach(state: CoreState, cid: ConsensusId): boolean {
  if (cid <= state.durable || cid > state.executedFinal + 2 * state.options.window) return false
  return state.lastHeight === undefined || cid <= state.lastHeight
}

export function instanceAt(state: CoreState, cid: ConsensusId): Instance {
  const known = state.instances.get(cid)
  if (known !== undefined) return known
  const instance: Instance = {
    cid,
    proposals: new Map(),
    values: new Map(),
    writes: new VoteTable(),
    accepts: new VoteTable(),
    written: undefined,
    accepted: undefined,
    lock: undefined,
    certificate: undefined,
    executed: undefined,
    executing: undefined,
    newsMs: state.nowMs,
    resentMs: state.nowMs,
    resends: 0,
  }
  state.instances.set(cid, instance)
  return instance
}

/** The instances above the durable height, ascending. */
export function openInstances(state: CoreState): readonly Instance[] {
  return [...state.instances.values()].sort((a, b) => a.cid - b.cid)
}

export function persist(out: Effect[], record: WalRecord): void {
  out.push({ kind: 'persist', record })
}

/** Others to ask, another one first each time. */
export function peersInTurn(state: CoreState): readonly ReplicaId[] {
  const peers = others(state)
  if (peers.length === 0) return peers
  const turn = state.fetches % peers.length
  state.fetches += 1
  return [...peers.slice(turn), ...peers.slice(0, turn)]
}

/** True when the value and every batch that it names are at hand. */
export function isHeld(state: CoreState, value: Value | undefined): value is Value {
  return value?.batches.every((digest) => state.pool.has(digest)) ?? false
}

/** True when a value of an open instance names the batch, so that it must be kept whatever its lane holds. */
export function isNamed(state: CoreState, digest: Digest): boolean {
  for (const instance of state.instances.values()) {
    for (const value of instance.values.values()) if (value.batches.includes(digest)) return true
  }
  return false
}

/** The digest that may be written in the regency in force: the bound one, or else the leader's proposal. */
export function eligibleDigest(state: CoreState, { cid, proposals }: Instance): Digest | undefined {
  const { binding, regency } = state
  if (cid <= binding.base) return undefined
  if (cid <= binding.top) return binding.digests.get(cid)
  return proposals.get(regency)?.digest
}

export const isBound = ({ binding }: CoreState, cid: ConsensusId): boolean => cid > binding.base && cid <= binding.top
