import { makeValue } from '../../codec/block.js'
import { decodeEnvelope } from '../../codec/consensus.js'
import type { Frame } from '../../codec/frame.js'
import { decodeBatch, isRefused } from '../../codec/transaction.js'
import {
  type Batch,
  type Digest,
  LIMITS,
  type Propose,
  type ReplicaId,
  type Signed,
  type Value,
} from '../../types/index.js'
import type { Actor, MakeActor, Tools } from './actor.js'

/** Batches that are remembered. */
const REMEMBERED_MAX = 500
/** Share of oversized proposals that name more batches than a message may. */
const MALFORMED_CHANCE = 0.1

/**
 * Proposes other values than its replica, and votes for them. Its replica never executes those, so it names the header that the first of the others
 * names.
 */
class OtherValues {
  readonly #tools: Tools
  /** By the digest of what its replica proposed. */
  readonly #others = new Map<Digest, Value>()
  readonly #echoed = new Set<string>()

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** @param batches of the other value; the same as those of the own when absent, with another time */
  instead({ message, view }: Signed, bytes: Uint8Array, change: (propose: Propose) => readonly Digest[] | undefined) {
    switch (message.kind) {
      case 'propose': {
        const value = this.#others.get(message.value.digest) ?? this.#make(message, change(message))
        return value === undefined ? [bytes] : [this.#acted({ ...message, value }, view)]
      }
      case 'write': {
        const value = this.#others.get(message.digest)
        return value === undefined ? [bytes] : [this.#acted({ ...message, digest: value.digest }, view)]
      }
      default:
        return [bytes]
    }
  }

  #make({ value }: Propose, batches: readonly Digest[] | undefined): Value | undefined {
    if (batches === undefined) return undefined
    const isSame = batches.join() === value.batches.join()
    const other = makeValue(this.#tools.codec.sha256, value.timestampMs + (isSame ? 1 : 0), batches)
    this.#others.set(value.digest, other)
    return other
  }

  #acted(message: Signed['message'], view: number): Uint8Array {
    this.#tools.acted()
    return this.#tools.sign(message, view)
  }

  /** ACCEPTs what another has ACCEPTed, when it is one of the other values. */
  echo(frame: Frame): readonly Uint8Array[] {
    if (this.#others.size === 0 || frame.kind !== 'envelope') return []
    const signed = decodeEnvelope(this.#tools.codec, frame.bytes)?.signed
    if (signed?.message.kind !== 'accept') return []
    const { cid, regency, digest } = signed.message
    const isOther = [...this.#others.values()].some((value) => value.digest === digest)
    const place = `${signed.view} ${cid}@${regency} ${digest}`
    if (!isOther || this.#echoed.has(place)) return []
    this.#echoed.add(place)
    return [this.#tools.sign(signed.message, signed.view)]
  }
}

/** Which batches there are, and of which lane. */
class KnownBatches {
  readonly #tools: Tools
  readonly #batches = new Map<Digest, Batch>()

  constructor(tools: Tools) {
    this.#tools = tools
  }

  note(frame: Frame | undefined): void {
    const carried = frame?.kind === 'batch' ? [frame.bytes] : frame?.kind === 'reply' ? frame.reply.batches : []
    for (const bytes of carried) {
      const decoded = decodeBatch(this.#tools.codec, bytes)
      if (!isRefused(decoded)) this.#batches.set(decoded.batch.digest, decoded.batch)
    }
    for (const digest of this.#batches.keys()) {
      if (this.#batches.size <= REMEMBERED_MAX) return
      this.#batches.delete(digest)
    }
  }

  laneOf(digest: Digest): ReplicaId | undefined {
    return this.#batches.get(digest)?.lane
  }

  oldestOf(lane: ReplicaId): Digest | undefined {
    return [...this.#batches.values()].find((batch) => batch.lane === lane)?.digest
  }

  newest(amount: number): readonly Digest[] {
    return [...this.#batches.keys()].slice(-amount)
  }
}

/** One half gets the value of its replica, the others another. */
const proposingTwo =
  (getsOther: (to: ReplicaId, tools: Tools) => boolean): MakeActor =>
  (tools): Actor => {
    const values = new OtherValues(tools)
    return {
      own: (signed, to, bytes) =>
        getsOther(to, tools) ? values.instead(signed, bytes, ({ value }) => value.batches) : [bytes],
      heard: (frame) => values.echo(frame),
    }
  }

export const equivocate = proposingTwo((to) => to % 2 !== 0)
export const equivocateToOne = proposingTwo((to, { victim }) => to === victim)

export const emptyLeader: MakeActor = (tools) => {
  const values = new OtherValues(tools)
  return {
    own: (signed, _, bytes) => values.instead(signed, bytes, () => []),
    heard: (frame) => values.echo(frame),
  }
}

/** Leaves the victim's batches out, or puts an old one in their place. */
export const censorLane: MakeActor = (tools) => {
  const { random, victim } = tools
  const values = new OtherValues(tools)
  const known = new KnownBatches(tools)
  const without = ({ value }: Propose): readonly Digest[] | undefined => {
    const kept = value.batches.filter((digest) => known.laneOf(digest) !== victim)
    if (kept.length === value.batches.length) return undefined
    const old = random.chance(0.5) ? known.oldestOf(victim) : undefined
    return old === undefined || value.batches.includes(old) ? kept : [...kept, old]
  }
  return {
    own: (signed, _, bytes) => values.instead(signed, bytes, without),
    heard: (frame) => {
      known.note(frame)
      return values.echo(frame)
    },
  }
}

/** Names all that it has ever seen, and now and then more than a message may hold. */
export const oversizeProposal: MakeActor = (tools) => {
  const values = new OtherValues(tools)
  const known = new KnownBatches(tools)
  const more = ({ value }: Propose): readonly Digest[] => {
    const most = LIMITS.valueBatchesMax + (tools.random.chance(MALFORMED_CHANCE) ? 1 : 0)
    const others = known.newest(most).filter((digest) => !value.batches.includes(digest))
    return [...value.batches, ...others].slice(0, most)
  }
  return {
    own: (signed, _, bytes) => values.instead(signed, bytes, more),
    other: (frame, _, bytes) => {
      known.note(frame)
      return [bytes]
    },
    heard: (frame) => {
      known.note(frame)
      return values.echo(frame)
    },
  }
}
