import { type CoreOptions, type Effect, ReplicaCore, type Restored } from '../../src/consensus/index.js'
import type {
  Certificate,
  Message,
  PreparedCertificate,
  ReplicaId,
  StopData,
  Value,
  VoteKind,
} from '../../src/types/index.js'
import { markVerified } from '../../src/types/verified.js'
import { digestOf, signedBy, testBatch, testOptions } from '../consensus/cluster.js'

const EMPTY: Restored = { executed: 0, finalized: 0, blocks: [], records: [] }

/** One core of four whose peers are played by the test. Replica r mod 4 leads regency r. */
export class OneReplica {
  nowMs = 1_000_000
  readonly core: ReplicaCore
  readonly options: CoreOptions

  constructor(self: ReplicaId, restored: Restored = EMPTY) {
    this.options = testOptions(self, 4)
    this.core = new ReplicaCore(this.options, restored)
    this.core.start(this.nowMs)
  }

  give(sender: ReplicaId, message: Message): readonly Effect[] {
    return this.core.step({ kind: 'message', message: markVerified(signedBy(sender, message)) }, this.nowMs)
  }

  giveFrom(senders: readonly ReplicaId[], message: Message): Effect[] {
    return senders.flatMap((sender) => this.give(sender, message))
  }

  giveBatch(seq: number): readonly Effect[] {
    return this.core.step({ kind: 'batch', batch: markVerified(testBatch(0, seq)) }, this.nowMs)
  }

  /** Lets time pass, tick by tick. */
  wait(ms: number): Effect[] {
    const { tickMs } = this.options.timings
    return Array.from({ length: Math.ceil(ms / tickMs) }, () => {
      this.nowMs += tickMs
      return (['tick', 'propose'] as const).flatMap((timer) => this.core.step({ kind: 'timeout', timer }, this.nowMs))
    }).flat()
  }

  /** The value that names one batch. */
  value(seq: number): Value {
    return this.options.makeValue(1_000_000, [testBatch(0, seq).digest])
  }

  /** Others leave for a regency, and its leader sends the SYNC of these STOPDATA. */
  changeTo(regency: number, stopData: readonly (readonly [ReplicaId, Partial<StopData>])[]): Effect[] {
    const stops = this.giveFrom([0, 1, 2, 3], { kind: 'stop', regency, pending: [] })
    const reports = stopData.map(([sender, changes]) => signedBy(sender, stopDataOf(regency, changes)))
    return [...stops, ...this.give(regency % 4, { kind: 'sync', regency, stopData: reports })]
  }
}

export const stopDataOf = (regency: number, changes: Partial<StopData> = {}): StopData => ({
  kind: 'stop-data',
  regency,
  finalized: 0,
  prepared: [],
  ...changes,
})

export function certificate<K extends VoteKind>(kind: K, cid: number, regency: number, digest: string): Certificate<K> {
  const signatures = [0, 1, 2].map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica + 1) }))
  return { kind, view: 0, cid, regency, digest, signatures }
}

export const prepared = (cid: number, regency: number, digest = digestOf('value')): PreparedCertificate =>
  certificate('write', cid, regency, digest)

export function sent<K extends Message['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<Message, { readonly kind: K }>[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === kind
      ? [effect.message as Extract<Message, { readonly kind: K }>]
      : [],
  )
}

export const kinds = (effects: readonly Effect[]): string[] => effects.map(({ kind }) => kind)
