import { quorumOf } from '../consensus/index.js'
import type { Height, PeerStatus, ReplicaId, Silence, View } from '../types/index.js'

/** A status counts for so long, ms; who says nothing for longer is away. */
const STATUS_MS_MAX = 5_000

/** A member that casts no votes now, as far as this replica knows. */
export interface SilentMember {
  readonly replica: ReplicaId
  readonly organization: string
  readonly why: Silence | 'away'
  /** It votes again once a height above this is final; absent where that is not known. */
  readonly until?: Height
}

/**
 * Whether blocks can become final, as one replica sees it. `present`: enough members vote. `forming`: too few vote now, and it may end by
 * itself: barred members vote again in the next regency, and those that are away may come back. `lost`: so many disks are lost that the
 * rest is no quorum; this cannot end by itself (rule T4).
 */
export interface NetworkView {
  readonly voting: number
  /** Q. */
  readonly needed: number
  readonly silent: readonly SilentMember[]
  readonly quorum: 'present' | 'forming' | 'lost'
  /** For people: what is missing, and what to do. Absent where nothing is. */
  readonly advice?: string
}

/** What a peer said last, and when, on the monotonic clock. */
export interface HeardStatus {
  readonly status: PeerStatus
  readonly atMs: number
}

/** What this replica says of itself. */
export interface OwnState {
  readonly id: ReplicaId
  readonly silent?: Silence
  readonly silentUntil: Height
  readonly headersDiffer: boolean
}

export function networkView(
  view: View,
  own: OwnState,
  heard: ReadonlyMap<ReplicaId, HeardStatus>,
  nowMs: number,
): NetworkView {
  const silent = view.replicas.flatMap(({ id, organization }): SilentMember[] => {
    const state = id === own.id ? ownSilence(own) : peerSilence(heard.get(id), nowMs)
    return state === undefined ? [] : [{ replica: id, organization, ...state }]
  })
  const { n, votes } = quorumOf(view.replicas.length)
  const voting = n - silent.length
  const lost = silent.filter(({ why }) => why === 'lost').length
  const quorum = voting >= votes ? 'present' : n - lost < votes ? 'lost' : 'forming'
  const advice = adviceOf({ voting, needed: votes, silent, quorum }, own)
  return { voting, needed: votes, silent, quorum, ...(advice === undefined ? {} : { advice }) }
}

type State = Pick<SilentMember, 'why' | 'until'> | undefined

const ownSilence = ({ silent, silentUntil }: OwnState): State => silent && stateOf(silent, silentUntil)

function peerSilence(heard: HeardStatus | undefined, nowMs: number): State {
  if (heard === undefined || nowMs - heard.atMs > STATUS_MS_MAX) return { why: 'away' }
  const { silent, silentUntil } = heard.status
  return silent && stateOf(silent, silentUntil)
}

const stateOf = (why: Silence, until: Height): State => (until > 0 ? { why, until } : { why })

function adviceOf({ voting, needed, silent, quorum }: NetworkView, { headersDiffer }: OwnState): string | undefined {
  if (headersDiffer) {
    return 'Replicas compute different blocks from the same transactions: compare their releases, and run one that a quorum agrees on.'
  }
  if (quorum === 'present') return undefined
  const who = silent.map(({ organization, why }) => `${organization} (${why})`).join(', ')
  const fact = `${voting} of ${needed} needed replicas may vote; silent: ${who}.`
  if (quorum === 'forming') return `${fact} Start the replicas that are away, and see that they reach each other.`
  return `${fact} This cannot end by itself: bring back a data folder that was not lost, or found the network anew from the newest certified block.`
}
