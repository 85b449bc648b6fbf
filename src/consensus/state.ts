import type {
  ConsensusId,
  DecisionCertificate,
  Digest,
  FinalityCertificate,
  Height,
  PreparedCertificate,
  Regency,
  ReplicaId,
  Signed,
  Stop,
  StopData,
  Sync,
  TimeMs,
  Value,
} from '../types/index.js'
import type { CoreOptions, Effect, PeerStatus, WalRecord } from './interface.js'
import { BatchPool } from './pool.js'
import { leaderOf, type Quorum, quorumOf } from './quorum.js'
import { VoteTable } from './votes.js'

/** A vote that this replica cast; kept so that it never casts another in the same regency. */
export interface OwnVote {
  readonly regency: Regency
  readonly digest: Digest
}

/** A proposal, and the signed bytes that it came in unless this replica made it or read it from its log. */
export interface Proposal {
  readonly digest: Digest
  readonly carried?: Uint8Array
}

/** One open slot of the ledger. */
export interface Instance {
  readonly cid: ConsensusId
  readonly openedMs: TimeMs
  /** Proposals of leaders, one a regency at most; the first counts. */
  readonly proposals: Map<Regency, Proposal>
  /** Values by digest: proposed, pulled, or restored. */
  readonly values: Map<Digest, Value>
  readonly writes: VoteTable<'write'>
  readonly accepts: VoteTable<'accept'>
  readonly persists: VoteTable<'persist'>
  written: OwnVote | undefined
  accepted: OwnVote | undefined
  /** The prepared certificate of the highest epoch: the lock. */
  prepared: PreparedCertificate | undefined
  decision: DecisionCertificate | undefined
  /** Digest of the decided value, also where the block came from the ledger or a peer. */
  outcome: Digest | undefined
  /** Batches of a block that came from a peer, whose value is not known here. */
  installed: readonly Digest[]
  /** Regency in which a block that came from a peer was decided. */
  installedIn: Regency | undefined
  /** Header hash of the executed block. */
  header: Digest | undefined
  /** A quorum's PERSISTs, waiting for the heights below. */
  finality: FinalityCertificate | undefined
}

/**
 * Where a replica is in a regency. `normal`: it votes. `stopping`: it sent STOP and votes for nothing below. `syncing`:
 * the regency is installed and its SYNC is awaited.
 */
export type Phase = 'normal' | 'stopping' | 'syncing'

/** A replica that does not know what it has voted for keeps silent (consensus.md, Recovery). */
export interface Abstention {
  /** Highest finalized height that each member has proved since. */
  readonly reports: Map<ReplicaId, Height>
  /** Finalizing above this ends it; unknown until a quorum has reported. */
  until: Height | undefined
}

/** What a SYNC bound, for the regency in force. */
export interface Binding {
  readonly base: Height
  readonly top: ConsensusId
  readonly digests: ReadonlyMap<ConsensusId, Digest>
}

export interface CoreState {
  readonly options: CoreOptions
  readonly quorum: Quorum
  readonly members: ReadonlySet<ReplicaId>
  readonly nullValue: Value
  readonly pool: BatchPool
  readonly instances: Map<ConsensusId, Instance>
  readonly peers: Map<ReplicaId, PeerStatus>

  /** Set while this replica may have voted for what it does not know of. */
  abstention: Abstention | undefined
  /** Last height of the view, once a block has set it. */
  lastHeight: Height | undefined
  nowMs: TimeMs
  lastTickMs: TimeMs | undefined
  regency: Regency
  phase: Phase
  phaseSinceMs: TimeMs
  /** Highest regency that this replica sent STOP for; it votes in none below. */
  stopSent: Regency
  /** Highest STOP of each replica. */
  readonly stops: Map<ReplicaId, Signed<Stop>>
  /** STOPDATA for the regency that this replica leads. */
  readonly stopData: Map<ReplicaId, Signed<StopData>>
  ownStopData: StopData | undefined
  /** The SYNC of the regency in force, and its signed form while known. */
  sync: Sync | undefined
  signedSync: Signed<Sync> | undefined
  binding: Binding

  /** Highest height handed to execution. */
  delivered: Height
  executed: Height
  finalized: Height
  finality: FinalityCertificate | undefined

  /** Next instance that this replica proposes in as leader. */
  nextFree: ConsensusId
  /** Last time that work went forward; the leader is given up when that is long ago. */
  lastProgressMs: TimeMs
  /** Last time that anything new was learned; own messages are sent again when that is a while ago. */
  lastNewsMs: TimeMs
  lastResendMs: TimeMs
  lastStatusMs: TimeMs
  /** Last time that a block was executed or finalized. */
  lastAdvanceMs: TimeMs
  /** Blocks that were asked for and are on their way. */
  blockFetch: { readonly to: Height; readonly sentMs: TimeMs } | undefined
  /** Moving average of the time from a batch's coming to its order, ms. */
  latencyMs: number
  /** Doubles with each regency that fails, back to 1 with a decision. */
  timeoutScale: number
  /** What this replica, as leader, proposed last. */
  lastProposal: { readonly atMs: TimeMs; readonly transactions: number }
  /** When the wait for a fuller proposal is over. */
  proposeAtMs: TimeMs | undefined
  fetchTimerSet: boolean
  /** Counts pulls, so that they go to other peers in turn. */
  fetches: number
}

export function initialState(options: CoreOptions, executed: Height, finalized: Height): CoreState {
  return {
    options,
    quorum: quorumOf(options.view.replicas.length),
    members: new Set(options.view.replicas.map((replica) => replica.id)),
    nullValue: options.makeValue(0, []),
    pool: new BatchPool(options.laneBatchesMax),
    instances: new Map(),
    peers: new Map(),
    abstention: undefined,
    lastHeight: options.lastHeight,
    nowMs: 0,
    lastTickMs: undefined,
    regency: 1,
    phase: 'normal',
    phaseSinceMs: 0,
    stopSent: 0,
    stops: new Map(),
    stopData: new Map(),
    ownStopData: undefined,
    sync: undefined,
    signedSync: undefined,
    binding: { base: baseOf(options), top: baseOf(options), digests: new Map() },
    delivered: executed,
    executed,
    finalized,
    finality: undefined,
    nextFree: executed + 1,
    lastProgressMs: 0,
    lastNewsMs: 0,
    lastResendMs: 0,
    lastStatusMs: 0,
    lastAdvanceMs: 0,
    blockFetch: undefined,
    latencyMs: 0,
    timeoutScale: 1,
    lastProposal: { atMs: 0, transactions: 0 },
    proposeAtMs: undefined,
    fetchTimerSet: false,
    fetches: 0,
  }
}

export const leader = (state: CoreState): ReplicaId => leaderOf(state.options.view, state.regency)

export const leads = (state: CoreState): boolean => leader(state) === state.options.self

/** The height below the view: final for everyone in it, and so needing no proof among them. */
export const baseOf = ({ firstHeight }: Pick<CoreOptions, 'firstHeight'>): Height => firstHeight - 1

/** Whether this replica casts votes, STOP and STOPDATA included. */
export const mayVote = (state: CoreState): boolean => state.options.votes && state.abstention === undefined

/**
 * Highest instance that this replica votes in: executed + W, at most 2W above the finalized height, and never above the
 * last height of the view.
 */
export function windowTop(state: CoreState): ConsensusId {
  const { window } = state.options
  return Math.min(state.executed + window, state.finalized + 2 * window, state.lastHeight ?? Number.POSITIVE_INFINITY)
}

/** Instances of which messages are kept: those above the finalized height that a peer ahead may be in. */
export function inReach(state: CoreState, cid: ConsensusId): boolean {
  if (cid <= state.finalized || cid > state.finalized + 2 * state.options.window) return false
  return state.lastHeight === undefined || cid <= state.lastHeight
}

export function instanceAt(state: CoreState, cid: ConsensusId): Instance {
  const known = state.instances.get(cid)
  if (known !== undefined) return known
  const instance: Instance = {
    cid,
    openedMs: state.nowMs,
    proposals: new Map(),
    values: new Map([[state.nullValue.digest, state.nullValue]]),
    writes: new VoteTable('write'),
    accepts: new VoteTable('accept'),
    persists: new VoteTable('persist'),
    written: undefined,
    accepted: undefined,
    prepared: undefined,
    decision: undefined,
    outcome: undefined,
    installed: [],
    installedIn: undefined,
    header: undefined,
    finality: undefined,
  }
  state.instances.set(cid, instance)
  return instance
}

/** The instances above the finalized height, ascending. */
export function openInstances(state: CoreState): readonly Instance[] {
  return [...state.instances.values()].sort((a, b) => a.cid - b.cid)
}

export function persist(out: Effect[], record: WalRecord): void {
  out.push({ kind: 'persist', record })
}

/** Others to ask, another one first each time. */
export function peersInTurn(state: CoreState): readonly ReplicaId[] {
  const peers = state.options.view.replicas.map(({ id }) => id).filter((id) => id !== state.options.self)
  if (peers.length === 0) return peers
  const turn = state.fetches % peers.length
  state.fetches += 1
  return [...peers.slice(turn), ...peers.slice(0, turn)]
}
