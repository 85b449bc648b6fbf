import type {
  Certificate,
  ConsensusId,
  Digest,
  Regency,
  ReplicaId,
  Signed,
  ViewId,
  Vote,
  VoteKind,
} from '../types/index.js'

/** Regencies of which one replica's votes are kept, per instance and kind: older ones make room. */
const REGENCIES_KEPT_MAX = 4

export type VoteOutcome =
  | { readonly kind: 'added' | 'known' }
  /** The replica voted for two digests in one regency. */
  | { readonly kind: 'conflict'; readonly earlier: Signed<Vote> }

/** The votes of one kind for one instance. Each replica has one vote a regency; its first counts. */
export class VoteTable<K extends VoteKind> {
  readonly #kind: K
  readonly #votes = new Map<ReplicaId, Signed<Vote>[]>()

  constructor(kind: K) {
    this.#kind = kind
  }

  add(vote: Signed<Vote>): VoteOutcome {
    const votes = this.#votes.get(vote.sender) ?? []
    const earlier = votes.find((other) => other.message.regency === vote.message.regency)
    if (earlier !== undefined) {
      return earlier.message.digest === vote.message.digest ? { kind: 'known' } : { kind: 'conflict', earlier }
    }
    votes.push(vote)
    if (votes.length > REGENCIES_KEPT_MAX) {
      votes.sort((a, b) => a.message.regency - b.message.regency)
      votes.shift()
    }
    this.#votes.set(vote.sender, votes)
    return { kind: 'added' }
  }

  /** Whether this replica's vote in the regency is known. */
  has(replica: ReplicaId, regency: Regency): boolean {
    return this.#votes.get(replica)?.some((vote) => vote.message.regency === regency) ?? false
  }

  /** What votes were given for. */
  choices(): readonly { readonly regency: Regency; readonly digest: Digest }[] {
    const choices = new Map<string, Vote>()
    for (const { message } of [...this.#votes.values()].flat()) {
      choices.set(`${message.regency} ${message.digest}`, message)
    }
    return [...choices.values()]
  }

  /** The certificate for a digest in a regency, once a quorum voted for it. */
  certificate(
    view: ViewId,
    cid: ConsensusId,
    regency: Regency,
    digest: Digest,
    quorum: number,
  ): Certificate<K> | undefined {
    const signatures = []
    for (const votes of this.#votes.values()) {
      const vote = votes.find(({ message }) => message.regency === regency && message.digest === digest)
      if (vote !== undefined) signatures.push({ replica: vote.sender, signature: vote.signature })
    }
    if (signatures.length < quorum) return undefined
    signatures.sort((a, b) => a.replica - b.replica)
    return { kind: this.#kind, view, cid, regency, digest, signatures: signatures.slice(0, quorum) }
  }
}
