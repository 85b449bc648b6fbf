import type { Random } from '../../base/random.js'
import { makeValue } from '../../codec/block.js'
import type { Sha256 } from '../../codec/statements.js'
import type {
  Base,
  Certificate,
  Digest,
  Lock,
  Message,
  MessageKind,
  Propose,
  Signed,
  Stop,
  StopReason,
  Value,
} from '../../types/index.js'

/** A changed message, with the certificates beside it. */
export interface Mutation {
  readonly message: Message
  readonly proofs: readonly Certificate[]
}

/** Fields of the body that a mutation may change, for each kind of message, and certificates beside it. */
export const BODY_FIELDS = {
  propose: ['cid', 'regency', 'timestamp', 'batches'],
  write: ['cid', 'regency', 'digest'],
  accept: ['cid', 'regency', 'digest', 'header'],
  stop: ['regency', 'reason', 'start', 'number'],
  'stop-data': ['regency', 'base', 'locks', 'proofs'],
  sync: ['regency', 'stopData', 'proofs'],
} as const satisfies Readonly<Record<MessageKind, readonly string[]>>

/** Fields of the envelope, around any body. */
export const ENVELOPE_FIELDS = ['kind', 'view', 'sender', 'signature'] as const
export type EnvelopeField = (typeof ENVELOPE_FIELDS)[number]

const REASONS: readonly StopReason[] = ['wish', 'barred', 'resign']

export const randomDigest = (random: Random): Digest =>
  Array.from({ length: 8 }, () => random.uint32().toString(16).padStart(8, '0')).join('')

/** Changes one field of a message, as who holds the key of its sender may. */
export class Mutator {
  readonly #random: Random
  readonly #sha256: Sha256
  readonly #turns = new Map<MessageKind, number>()

  constructor(random: Random, sha256: Sha256) {
    this.#random = random
    this.#sha256 = sha256
  }

  /** The field to change next: they take turns, beginning anywhere, since some kinds of message are rare. */
  nextField(kind: MessageKind): string {
    const fields = [...BODY_FIELDS[kind], ...ENVELOPE_FIELDS]
    const turn = this.#turns.get(kind) ?? this.#random.below(fields.length)
    this.#turns.set(kind, turn + 1)
    return fields[turn % fields.length] as string
  }

  mutate({ message, proofs = [] }: Signed, field: string): Mutation {
    if (message.kind === 'stop-data' && field === 'proofs') return { message, proofs: this.#certificates(proofs) }
    return { message: this.#change(message, field), proofs }
  }

  /** A number near another, or far from it. */
  #near(value: number): number {
    return Math.max(0, value + this.#random.pick([-8, -1, 1, 2, 17, 1_000_000]))
  }

  #change(message: Message, field: string): Message {
    if (field === 'regency') return { ...message, regency: this.#near(message.regency) }
    if (field === 'cid' && 'cid' in message) return { ...message, cid: this.#near(message.cid) }
    switch (message.kind) {
      case 'propose':
        return { ...message, value: this.#value(message, field) }
      case 'write':
        return { ...message, digest: randomDigest(this.#random) }
      case 'accept':
        return { ...message, [field === 'header' ? 'header' : 'digest']: randomDigest(this.#random) }
      case 'stop':
        return this.#stop(message, field)
      case 'stop-data':
        return field === 'base'
          ? { ...message, base: this.#base(message.base) }
          : { ...message, locks: this.#locks(message.locks, message.base) }
      case 'sync':
        return field === 'proofs'
          ? { ...message, proofs: this.#certificates(message.proofs) }
          : { ...message, stopData: this.#list(message.stopData) }
    }
  }

  #value({ value: { timestampMs, batches } }: Propose, field: string): Value {
    if (field === 'timestamp') return makeValue(this.#sha256, this.#near(timestampMs), batches)
    const digest = randomDigest(this.#random)
    const others = this.#random.pick([[], [digest], [...batches].reverse(), [...batches, ...batches]])
    return makeValue(this.#sha256, timestampMs, others)
  }

  #stop(message: Stop, field: string): Stop {
    if (field === 'start') return { ...message, start: this.#near(message.start) }
    if (field === 'number') return { ...message, number: this.#near(message.number) }
    return { ...message, reason: this.#random.pick(REASONS.filter((reason) => reason !== message.reason)) }
  }

  #base(base: Base): Base {
    const changes = [
      { height: this.#near(base.height) },
      { regency: this.#near(base.regency) },
      { digest: randomDigest(this.#random) },
      { header: randomDigest(this.#random) },
    ]
    return { ...base, ...this.#random.pick(changes) }
  }

  #locks(locks: readonly Lock[], { height }: Base): readonly Lock[] {
    const [first = { cid: height + 1, regency: 1, digest: randomDigest(this.#random) }, ...rest] = locks
    const changes: readonly (readonly Lock[])[] = [
      rest,
      [{ ...first, regency: this.#near(first.regency) }, ...rest],
      [{ ...first, cid: this.#near(first.cid) }, ...rest],
      [{ ...first, digest: randomDigest(this.#random) }, ...rest],
      [first, first, ...rest],
    ]
    return this.#random.pick(changes)
  }

  #certificates(certificates: readonly Certificate[]): readonly Certificate[] {
    if (this.#random.chance(0.5)) return this.#list(certificates)
    return certificates.map((certificate) => this.#certificate(certificate))
  }

  #certificate<C extends Certificate>(certificate: C): C {
    const { signatures } = certificate
    const changes = [
      { digest: randomDigest(this.#random) },
      { regency: this.#near(certificate.regency) },
      { view: certificate.view + 1 },
      { cid: this.#near(certificate.cid) },
      { signatures: signatures.slice(1) },
      {
        signatures: signatures.map(({ replica }) => ({
          replica,
          signature: signatures[0]?.signature ?? new Uint8Array(64),
        })),
      },
    ]
    return { ...certificate, ...this.#random.pick(changes) }
  }

  /** One fewer, in another order, or one twice. */
  #list<T>(items: readonly T[]): readonly T[] {
    return this.#random.pick([items.slice(1), [...items].reverse(), [...items.slice(0, -1), ...items.slice(0, 1)]])
  }
}
