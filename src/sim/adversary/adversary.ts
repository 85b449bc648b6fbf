import { Random } from '../../base/random.js'
import { decodeEnvelope, encodeEnvelope, encodeMessageBody, messageStatement } from '../../codec/consensus.js'
import { decodeFrame, encodeFrame, type Frame } from '../../codec/frame.js'
import type { CodecContext } from '../../codec/transaction.js'
import type { Clock, FrameHandler, Signer, TrafficClass, Transport } from '../../ports.js'
import type { Certificate, Message, ReplicaId, Signed, ViewId } from '../../types/index.js'
import type { Actor, MakeActor } from './actor.js'
import { dripSnapshot, replay, silent, slow, slowLeader, voteTwice, withhold } from './delaying.js'
import { forgeSync, lieInStopData, staleCertificates } from './electing.js'
import { censorLane, emptyLeader, equivocate, equivocateToOne, oversizeProposal } from './leading.js'
import { mutate } from './mutating.js'
import type { Strategy } from './strategies.js'

const ACTORS: Readonly<Record<Strategy, MakeActor>> = {
  mutate,
  equivocate,
  'equivocate-to-one': equivocateToOne,
  'vote-twice': voteTwice,
  silent,
  slow,
  'slow-leader': slowLeader,
  'empty-leader': emptyLeader,
  'censor-lane': censorLane,
  'oversize-proposal': oversizeProposal,
  'lie-in-stop-data': lieInStopData,
  'forge-sync': forgeSync,
  'stale-certificates': staleCertificates,
  withhold,
  'drip-snapshot': dripSnapshot,
  replay,
  // What it does is done to its machine (corrupt.ts).
  amnesia: () => ({}),
}

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

/**
 * A Byzantine replica (ByzzFuzz: Winter et al., OOPSLA 2023): a production replica whose frames pass through a strategy that
 * holds its key, so that what is changed gets past the check of signatures. It outlives the processes of its machine.
 */
export class Adversary {
  readonly strategy: Strategy
  readonly #options: AdversaryOptions
  readonly #actor: Actor

  constructor(options: AdversaryOptions) {
    const { strategy, seed, self, members, signer, codec, count } = options
    this.#options = options
    this.strategy = strategy
    const random = new Random(seed)
    const others = members.filter((id) => id !== self)
    this.#actor = ACTORS[strategy]({
      random,
      self,
      members,
      victim: others.length === 0 ? self : random.pick(others),
      codec,
      sign: (message, view, proofs) => this.#sign(message, view, proofs),
      signWith: (statement) => signer.sign(statement),
      acted: () => count(`adversary.${strategy}`),
      count,
    })
  }

  /** The transport of one life of its machine's process. */
  wrap(transport: Transport, clock: Pick<Clock, 'after' | 'nowMs'>): Transport {
    return {
      start: (handler) => transport.start(this.#listen(transport, handler)),
      setPeers: (peers) => transport.setPeers(peers),
      send: (to, traffic, frame) => this.#send(transport, clock, to, traffic, frame),
      connected: () => transport.connected(),
      addresses: () => transport.addresses(),
      counters: () => transport.counters(),
      stop: () => transport.stop(),
    }
  }

  #listen(transport: Transport, handler: FrameHandler): FrameHandler {
    const { heard } = this.#actor
    if (heard === undefined) return handler
    return (from, traffic, bytes) => {
      const frame = decodeFrame(this.#options.codec.sha256, bytes)
      const said = frame === undefined ? [] : heard(frame, bytes)
      for (const one of said) {
        for (const to of this.#options.members) if (to !== this.#options.self) transport.send(to, 'consensus', one)
      }
      return handler(from, traffic, bytes)
    }
  }

  #send(
    transport: Transport,
    clock: Pick<Clock, 'after' | 'nowMs'>,
    to: ReplicaId,
    traffic: TrafficClass,
    bytes: Uint8Array,
  ): boolean {
    const frame = decodeFrame(this.#options.codec.sha256, bytes)
    const own = this.#own(frame)
    const delayMs = this.#actor.delayMs?.(frame, own) ?? 0
    if (delayMs > 0) {
      clock.after(delayMs, () => transport.send(to, traffic, bytes))
      return true
    }
    const frames =
      own === undefined ? this.#actor.other?.(frame, to, bytes) : this.#actor.own?.(own, to, bytes, clock.nowMs())
    const sent = (frames ?? [bytes]).map((instead) => transport.send(to, traffic, instead))
    return sent.length === 0 || sent.some(Boolean)
  }

  /** What it relays is signed by another. */
  #own(frame: Frame | undefined): Signed | undefined {
    const signed = frame?.kind === 'envelope' ? decodeEnvelope(this.#options.codec, frame.bytes)?.signed : undefined
    return signed?.sender === this.#options.self ? signed : undefined
  }

  #sign(message: Message, view: ViewId, proofs: readonly Certificate[] = []): Uint8Array {
    const { codec, signer, self } = this.#options
    const body = encodeMessageBody(message)
    const signature = signer.sign(messageStatement(codec, view, message, body))
    return encodeFrame({ kind: 'envelope', bytes: encodeEnvelope(message.kind, self, view, body, signature, proofs) })
  }
}
