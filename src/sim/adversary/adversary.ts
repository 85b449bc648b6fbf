import { Random } from '../../base/random.js'
import { makeValue } from '../../codec/block.js'
import { decodeEnvelope, encodeEnvelope, encodeMessageBody, messageStatement } from '../../codec/consensus.js'
import { decodeFrame, encodeFrame, type Frame } from '../../codec/frame.js'
import { type CodecContext, decodeBatch, isRefused } from '../../codec/transaction.js'
import type { FrameHandler, Signer, TrafficClass, Transport } from '../../ports.js'
import type {
  Digest,
  Message,
  MessageKind,
  PreparedCertificate,
  Propose,
  Regency,
  ReplicaId,
  Signed,
  StopData,
  Sync,
  Value,
  Vote,
} from '../../types/index.js'
import type { SimProcess } from '../process.js'
import { ENVELOPE_FIELDS, type EnvelopeField, Mutator } from './mutate.js'
import type { Strategy } from './strategies.js'

/** Just under the time after which peers give a leader up (`stopMs`), ms. */
const SLOW_MS = 900
const MUTATE_CHANCE = 0.3
/** Of the messages of a regency change, which are few. */
const MUTATE_RARE_CHANCE = 0.8
const GARBAGE_CHANCE = 0.03
const REPLAY_CHANCE = 0.2
/** Envelopes that a replaying adversary remembers. */
const REMEMBERED_MAX = 200
const GARBAGE_BYTES_MAX = 300
/** Instances for which a forged SYNC comes with another value. */
const FORGED_INSTANCES = 3
/** Kinds of message, to say one under the name of another. */
const KINDS: readonly MessageKind[] = ['propose', 'write', 'accept', 'persist', 'stop', 'stop-data', 'sync']

export interface AdversaryOptions {
  readonly strategy: Strategy
  readonly seed: number
  readonly self: ReplicaId
  /** Of all replicas. */
  readonly members: readonly ReplicaId[]
  readonly signer: Signer
  readonly codec: CodecContext
  readonly count: (name: string) => void
}

/** What to say instead. */
interface Said {
  readonly message: Message
  readonly view: number
}

/**
 * A Byzantine replica (ByzzFuzz: Winter et al., OOPSLA 2023): a production replica whose frames pass through a strategy that
 * holds its key, so that what is changed gets past the check of signatures. It outlives the processes of its machine.
 */
export class Adversary {
  readonly strategy: Strategy
  readonly #options: AdversaryOptions
  readonly #random: Random
  readonly #mutator: Mutator
  readonly #lanes = new Map<Digest, ReplicaId>()
  /** Digest of its other value, by the digest of the value that its replica proposed. */
  readonly #others = new Map<Digest, Digest>()
  /** The value for what its forged SYNC set free, by regency. */
  readonly #usurpers = new Map<Regency, Value>()
  readonly #remembered: Uint8Array[] = []
  readonly #victim: ReplicaId
  /** Digest of the null value, which everybody has. */
  readonly #null: Digest

  constructor(options: AdversaryOptions) {
    this.#options = options
    this.strategy = options.strategy
    this.#random = new Random(options.seed)
    this.#null = makeValue(options.codec.sha256, 0, []).digest
    this.#mutator = new Mutator(this.#random, options.codec.sha256)
    this.#victim = this.#random.pick(options.members.filter((id) => id !== options.self))
  }

  /** The transport of one life of its machine's process. */
  wrap(transport: Transport, process: SimProcess): Transport {
    const post = (to: ReplicaId, traffic: TrafficClass, frame: Uint8Array): boolean =>
      this.#send(transport, process, to, traffic, frame)
    return {
      start: (handler) => transport.start(this.#listen(handler)),
      setPeers: (peers) => transport.setPeers(peers),
      send: post,
      connected: () => transport.connected(),
      addresses: () => transport.addresses(),
      counters: () => transport.counters(),
      stop: () => transport.stop(),
    }
  }

  #listen(handler: FrameHandler): FrameHandler {
    return (from, traffic, bytes) => {
      this.#noteBatch(bytes)
      return handler(from, traffic, bytes)
    }
  }

  #noteBatch(bytes: Uint8Array): void {
    if (this.strategy !== 'censor') return
    const frame = decodeFrame(this.#options.codec.sha256, bytes)
    if (frame?.kind !== 'batch') return
    const carried = decodeBatch(this.#options.codec, frame.bytes)
    if (!isRefused(carried)) this.#lanes.set(carried.batch.digest, carried.batch.lane)
  }

  #send(transport: Transport, process: SimProcess, to: ReplicaId, traffic: TrafficClass, bytes: Uint8Array): boolean {
    if (this.strategy === 'slow') {
      this.#acted()
      process.after(SLOW_MS, () => transport.send(to, traffic, bytes))
      return true
    }
    const frame = decodeFrame(this.#options.codec.sha256, bytes)
    const frames =
      frame?.kind === 'envelope' ? this.#envelope(process, to, frame.bytes, bytes) : this.#other(to, frame, bytes)
    const sent = frames.map((instead) => transport.send(to, traffic, instead))
    return sent.length === 0 || sent.some(Boolean)
  }

  #acted(): void {
    this.#options.count(`adversary.${this.strategy}`)
  }

  #other(to: ReplicaId, frame: Frame | undefined, bytes: Uint8Array): readonly Uint8Array[] {
    if (this.strategy === 'withhold' && (frame?.kind === 'batch' || frame?.kind === 'reply')) {
      if (frame.kind === 'batch' && to === this.#victim) return [bytes]
      this.#acted()
      return []
    }
    if (this.strategy !== 'mutate' || !this.#random.chance(GARBAGE_CHANCE)) return [bytes]
    this.#options.count(`mutated.frame.${frame?.kind ?? 'unknown'}`)
    this.#acted()
    const changed = new Uint8Array(bytes)
    const at = this.#random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << this.#random.below(8))
    return [changed]
  }

  #envelope(process: SimProcess, to: ReplicaId, envelope: Uint8Array, bytes: Uint8Array): readonly Uint8Array[] {
    const signed = decodeEnvelope(this.#options.codec, envelope)?.signed
    // What it relays is signed by another.
    if (signed === undefined || signed.sender !== this.#options.self) return [bytes]
    switch (this.strategy) {
      case 'mutate':
        return this.#mutated(signed, bytes)
      case 'silent':
        this.#acted()
        return []
      case 'equivocate':
        return to % 2 === 0 ? [bytes] : this.#instead(signed, this.#second(signed.message), bytes)
      case 'vote-twice':
        return [bytes, ...this.#also(signed)]
      case 'censor':
        return this.#instead(signed, this.#censored(signed.message), bytes)
      case 'lie-in-stop-data':
        return this.#instead(signed, this.#lie(signed.message), bytes)
      case 'forge-sync':
        return this.#usurped(signed, process.clock.nowMs(), bytes)
      case 'replay':
        return this.#replayed(bytes)
      default:
        return [bytes]
    }
  }

  #instead({ view }: Signed, message: Message | undefined, bytes: Uint8Array): readonly Uint8Array[] {
    if (message === undefined) return [bytes]
    this.#acted()
    return [this.#signed({ message, view })]
  }

  /** Its votes follow the value that it gave to this part of the view. */
  #vote(message: Message): Message | undefined {
    if (message.kind !== 'write' && message.kind !== 'accept') return undefined
    const digest = this.#others.get(message.digest)
    return digest === undefined ? undefined : ({ ...message, digest } as Vote as Message)
  }

  #proposed(message: Propose, batches: readonly Digest[]): Message {
    const timestampMs = message.value.timestampMs + (this.strategy === 'equivocate' ? 1 : 0)
    const value = makeValue(this.#options.codec.sha256, timestampMs, batches)
    this.#others.set(message.value.digest, value.digest)
    return { ...message, value }
  }

  #second(message: Message): Message | undefined {
    return message.kind === 'propose' ? this.#proposed(message, message.value.batches) : this.#vote(message)
  }

  #censored(message: Message): Message | undefined {
    if (message.kind !== 'propose') return this.#vote(message)
    const { batches } = message.value
    const kept = batches.filter((digest) => this.#lanes.get(digest) !== this.#victim)
    return kept.length === batches.length ? undefined : this.#proposed(message, kept)
  }

  #also({ message, view }: Signed): readonly Uint8Array[] {
    if (message.kind !== 'write' && message.kind !== 'accept') return []
    this.#acted()
    return [this.#signed({ message: { ...message, digest: this.#mutator.digest() } as Vote as Message, view })]
  }

  #lie(message: Message): StopData | undefined {
    if (message.kind !== 'stop-data') return undefined
    const lie = this.#random.below(4)
    if (lie === 0) return { ...message, prepared: [] }
    if (lie === 1) return { ...message, finalized: message.finalized + 5 }
    return { ...message, prepared: [this.#forged(message, lie === 2 ? this.#null : this.#mutator.digest())] }
  }

  /** Decisions hang on the others, so that few see them, until a regency of its own can decide otherwise. */
  #usurped({ message, view }: Signed, nowMs: number, bytes: Uint8Array): readonly Uint8Array[] {
    switch (message.kind) {
      case 'sync':
        return this.#forgedSync(message, view, nowMs, bytes)
      case 'accept':
      case 'persist':
        this.#acted()
        return []
      case 'propose':
      case 'write':
        return this.#usurpers.has(message.regency) ? [] : [bytes]
      default:
        return [bytes]
    }
  }

  /**
   * A SYNC in which nobody holds a lock: right but for the signatures of those whose words it changes. And another value, with
   * all of its own votes, for the instances that this sets free.
   */
  #forgedSync(message: Sync, view: number, nowMs: number, bytes: Uint8Array): readonly Uint8Array[] {
    const { codec } = this.#options
    if (message.stopData.every(({ message: { prepared } }) => prepared.length === 0)) return [bytes]
    this.#acted()
    const stopData = message.stopData.map((signed): Signed<StopData> => {
      const changed = { ...signed.message, prepared: [] }
      const body = encodeMessageBody(changed)
      const { sender, signature } = signed
      return { ...signed, message: changed, bytes: encodeEnvelope('stop-data', sender, view, body, signature) }
    })
    const { regency } = message
    const value = this.#usurpers.get(regency) ?? makeValue(codec.sha256, nowMs, [])
    this.#usurpers.set(regency, value)
    const { digest } = value
    const base = Math.max(...stopData.map(({ message: { finalized } }) => finalized))
    const said = Array.from({ length: FORGED_INSTANCES }, (_, i): Message[] => {
      const cid = base + 1 + i
      const vote = { cid, regency, digest }
      return [
        { kind: 'propose', cid, regency, value },
        { kind: 'write', ...vote },
        { kind: 'accept', ...vote },
      ]
    })
    return [{ ...message, stopData }, ...said.flat()].map((instead) => this.#signed({ message: instead, view }))
  }

  /** A prepared certificate that is right but for its signatures. */
  #forged({ finalized, regency }: StopData, digest: Digest): PreparedCertificate {
    const signatures = this.#options.members.map((replica) => ({ replica, signature: new Uint8Array(64) }))
    return { kind: 'write', view: 0, cid: finalized + 1, regency: regency - 1, digest, signatures }
  }

  #replayed(bytes: Uint8Array): readonly Uint8Array[] {
    this.#remembered.push(bytes)
    if (this.#remembered.length > REMEMBERED_MAX) this.#remembered.shift()
    if (!this.#random.chance(REPLAY_CHANCE)) return [bytes]
    this.#acted()
    return [bytes, this.#random.pick(this.#remembered)]
  }

  #mutated(signed: Signed, bytes: Uint8Array): readonly Uint8Array[] {
    const { count } = this.#options
    if (this.#random.chance(GARBAGE_CHANCE)) {
      count('mutated.garbage')
      this.#acted()
      return [bytes, this.#garbage()]
    }
    const { kind } = signed.message
    const rare = kind === 'stop-data' || kind === 'sync'
    if (!this.#random.chance(rare ? MUTATE_RARE_CHANCE : MUTATE_CHANCE)) return [bytes]
    this.#acted()
    const next = this.#mutator.nextField(signed.message.kind)
    const around = ENVELOPE_FIELDS.find((name) => name === next)
    if (around !== undefined) return [this.#otherEnvelope(signed, around)]
    const { field, message } = this.#mutator.mutate(signed.message, next)
    count(`mutated.${message.kind}.${field}`)
    return [this.#signed({ message, view: signed.view })]
  }

  #garbage(): Uint8Array {
    return Uint8Array.from({ length: 1 + this.#random.below(GARBAGE_BYTES_MAX) }, () => this.#random.below(256))
  }

  /** Another kind, view, sender or signature around the same body. */
  #otherEnvelope({ message, view, sender, signature }: Signed, field: EnvelopeField): Uint8Array {
    this.#options.count(`mutated.${message.kind}.${field}`)
    if (field === 'view') return this.#signed({ message, view: view + 1 })
    const body = encodeMessageBody(message)
    const kind = field === 'kind' ? this.#random.pick(KINDS.filter((other) => other !== message.kind)) : message.kind
    const by = field === 'sender' ? this.#victim : sender
    const wrong = field === 'signature' ? signature.map((byte) => byte ^ 1) : signature
    // Under another kind the same body says something else, so it is signed as that.
    const read = decodeEnvelope(this.#options.codec, encodeEnvelope(kind, by, view, body, wrong))
    const again = field === 'kind' && read !== undefined ? this.#options.signer.sign(read.statement) : wrong
    return encodeFrame({ kind: 'envelope', bytes: encodeEnvelope(kind, by, view, body, again) })
  }

  #signed({ message, view }: Said): Uint8Array {
    const { codec, signer, self } = this.#options
    const body = encodeMessageBody(message)
    const signature = signer.sign(messageStatement(codec, view, message, body))
    return encodeFrame({ kind: 'envelope', bytes: encodeEnvelope(message.kind, self, view, body, signature) })
  }
}
