import type {
  Accept,
  Certificate,
  ConsensusId,
  Digest,
  Regency,
  ReplicaId,
  ReplicaSignature,
  Signed,
  ViewId,
  Vote,
  Write,
} from '../types/index.js'

/** Regencies of which one replica's votes are kept, per instance and kind: older ones make room. */
const REGENCIES_KEPT_MAX = 4

/** What votes are counted for. */
export interface Choice {
  readonly regency: Regency
  readonly digest: Digest
  /** Of an ACCEPT. */
  readonly header?: Digest
}

export type VoteOutcome =
  | { readonly kind: 'added' | 'known' }
  /** The replica voted for two things in one regency. */
  | { readonly kind: 'conflict'; readonly earlier: Signed<Vote> }

const headerOf = (vote: Vote): Digest | undefined => (vote.kind === 'accept' ? vote.header : undefined)
const keyOf = ({ regency, digest, header = '' }: Choice): string => `${regency} ${digest} ${header}`

export function choiceOf(vote: Vote): Choice {
  const { regency, digest } = vote
  return vote.kind === 'accept' ? { regency, digest, header: vote.header } : { regency, digest }
}

/** The votes of one kind for one instance. Each replica has one vote a regency; its first counts. */
export class VoteTable<V extends Vote> {
  readonly #votes = new Map<ReplicaId, Signed<V>[]>()
  /** How many replicas voted for a choice. */
  readonly #counts = new Map<string, number>()

  add(vote: Signed<V>): VoteOutcome {
    const votes = this.#votes.get(vote.sender) ?? []
    const earlier = votes.find((other) => other.message.regency === vote.message.regency)
    if (earlier !== undefined) {
      const same =
        earlier.message.digest === vote.message.digest && headerOf(earlier.message) === headerOf(vote.message)
      return same ? { kind: 'known' } : { kind: 'conflict', earlier }
    }
    votes.push(vote)
    this.#count(vote.message, 1)
    if (votes.length > REGENCIES_KEPT_MAX) {
      votes.sort((a, b) => a.message.regency - b.message.regency)
      const oldest = votes.shift()
      if (oldest !== undefined) this.#count(oldest.message, -1)
    }
    this.#votes.set(vote.sender, votes)
    return { kind: 'added' }
  }

  #count(vote: V, by: number): void {
    const key = keyOf(choiceOf(vote))
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }

  /** Whether just this vote of the replica is known. */
  hasSame(replica: ReplicaId, vote: V): boolean {
    const key = keyOf(choiceOf(vote))
    return this.#votes.get(replica)?.some(({ message }) => keyOf(choiceOf(message)) === key) ?? false
  }

  count(choice: Choice): number {
    return this.#counts.get(keyOf(choice)) ?? 0
  }

  /** What votes were given for in a regency, with how many. */
  choices(regency: Regency): readonly (Choice & { readonly count: number })[] {
    const choices = new Map<string, Choice & { readonly count: number }>()
    for (const { message } of this.of(regency)) {
      const choice = choiceOf(message)
      choices.set(keyOf(choice), { ...choice, count: this.count(choice) })
    }
    return [...choices.values()]
  }

  /** All votes of a regency. */
  of(regency: Regency): readonly Signed<V>[] {
    return [...this.#votes.values()].flatMap((votes) => votes.filter(({ message }) => message.regency === regency))
  }

  /** Signatures of a quorum for the choice, ascending by replica; `undefined` with fewer. */
  signatures(choice: Choice, quorum: number): readonly ReplicaSignature[] | undefined {
    if (this.count(choice) < quorum) return undefined
    const key = keyOf(choice)
    return this.of(choice.regency)
      .filter(({ message }) => keyOf(choiceOf(message)) === key)
      .map(({ sender, signature }) => ({ replica: sender, signature }))
      .sort((a, b) => a.replica - b.replica)
      .slice(0, quorum)
  }
}

/** The certificate of a quorum of equal votes; `undefined` where there is none yet. */
export function certificateOf(
  votes: VoteTable<Write> | VoteTable<Accept>,
  view: ViewId,
  cid: ConsensusId,
  choice: Choice,
  quorum: number,
): Certificate | undefined {
  const signatures = votes.signatures(choice, quorum)
  if (signatures === undefined) return undefined
  const { regency, digest, header } = choice
  const signed = { view, cid, regency, digest, signatures }
  return header === undefined ? { kind: 'write', ...signed } : { kind: 'accept', ...signed, header }
}
