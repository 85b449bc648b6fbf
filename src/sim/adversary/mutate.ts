import type { Random } from '../../base/random.js'
import { makeValue } from '../../codec/block.js'
import type { Sha256 } from '../../codec/statements.js'
import type { Certificate, Digest, Message, MessageKind, StopData, Sync, Vote } from '../../types/index.js'

/** A changed message, and which field was changed. */
export interface Mutation {
  readonly field: string
  readonly message: Message
}

/** Fields of the body that a mutation may change, for each kind of message. */
export const BODY_FIELDS = {
  propose: ['cid', 'regency', 'timestamp', 'batches'],
  write: ['cid', 'regency', 'digest'],
  accept: ['cid', 'regency', 'digest'],
  persist: ['cid', 'digest'],
  stop: ['regency', 'pending'],
  'stop-data': ['regency', 'finalized', 'finality', 'prepared', 'certificate'],
  sync: ['regency', 'stopData'],
} as const satisfies Readonly<Record<MessageKind, readonly string[]>>

/** Fields of the envelope, around any body. */
export const ENVELOPE_FIELDS = ['kind', 'view', 'sender', 'signature'] as const
export type EnvelopeField = (typeof ENVELOPE_FIELDS)[number]

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

  mutate(message: Message, field: string): Mutation {
    return { field, message: this.#change(message, field) }
  }

  digest(): Digest {
    return Array.from({ length: 8 }, () => this.#random.uint32().toString(16).padStart(8, '0')).join('')
  }

  /** A number near another, or far from it. */
  #near(value: number): number {
    return Math.max(0, value + this.#random.pick([-8, -1, 1, 2, 17, 1_000_000]))
  }

  #change(message: Message, field: string): Message {
    if (field === 'regency') return { ...message, regency: this.#near(message.regency) } as Message
    if (field === 'cid' && 'cid' in message) return { ...message, cid: this.#near(message.cid) } as Message
    switch (message.kind) {
      case 'propose':
        return { ...message, value: this.#value(message.value.timestampMs, message.value.batches, field) }
      case 'stop':
        return { ...message, pending: [this.digest()] }
      case 'stop-data':
        return this.#stopData(message, field)
      case 'sync':
        return this.#sync(message)
      default:
        return { ...message, digest: this.digest() } as Vote as Message
    }
  }

  #value(timestampMs: number, batches: readonly Digest[], field: string) {
    if (field === 'timestamp') return makeValue(this.#sha256, this.#near(timestampMs), batches)
    const others = this.#random.pick([[], [this.digest()], [...batches].reverse(), [...batches, ...batches]])
    return makeValue(this.#sha256, timestampMs, others)
  }

  #stopData(message: StopData, field: string): StopData {
    const { finality, ...unproven } = message
    if (field === 'finalized') return { ...message, finalized: this.#near(message.finalized) }
    if (field === 'finality') return unproven
    if (field === 'prepared') return { ...message, prepared: [...message.prepared].slice(1) }
    const prepared = message.prepared.map((certificate) => this.#certificate(certificate))
    return { ...message, prepared, ...(finality === undefined ? {} : { finality: this.#certificate(finality) }) }
  }

  #certificate<C extends Certificate>(certificate: C): C {
    const { signatures } = certificate
    const changes = [
      { digest: this.digest() },
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

  #sync(message: Sync): Sync {
    const { stopData } = message
    const others = [stopData.slice(1), [...stopData].reverse(), [...stopData.slice(0, -1), ...stopData.slice(0, 1)]]
    return { ...message, stopData: this.#random.pick(others) }
  }
}
