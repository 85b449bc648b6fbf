import { toHex } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { decodeValue, makeValue } from '../../src/codec/block.js'
import {
  type CoreOptions,
  DEFAULT_TIMINGS,
  type Effect,
  type Input,
  ReplicaCore,
  type WalRecord,
} from '../../src/consensus/index.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type {
  Batch,
  Digest,
  FinalityCertificate,
  Message,
  ReplicaId,
  Signed,
  Value,
  View,
} from '../../src/types/index.js'
import { markVerified } from '../../src/types/verified.js'

const { sha256 } = nobleSuite

export function testView(n: number): View {
  return {
    id: 0,
    replicas: Array.from({ length: n }, (_, id) => ({
      id,
      organization: `org${id}`,
      consensusKey: '00'.repeat(32),
      peerId: `peer${id}`,
      addresses: [],
    })),
  }
}

export const digestOf = (text: string): Digest => toHex(sha256(new TextEncoder().encode(text)))

export function testBatch(lane: number, seq: number): Batch {
  const transaction = { id: digestOf(`tx ${lane} ${seq}`), validUntilMs: Number.MAX_SAFE_INTEGER }
  return {
    digest: digestOf(`batch ${lane} ${seq}`),
    lane,
    seq,
    transactions: [transaction as unknown as Batch['transactions'][number]],
    bytes: new Uint8Array(),
  }
}

export const signedBy = <M extends Message>(sender: ReplicaId, message: M): Signed<M> => ({
  sender,
  view: 0,
  message,
  signature: new Uint8Array(64).fill(sender + 1),
  bytes: new TextEncoder().encode(`${sender} ${message.kind}`),
})

export function testOptions(self: ReplicaId, n: number, changes: Partial<CoreOptions> = {}): CoreOptions {
  return {
    self,
    view: testView(n),
    firstHeight: 1,
    votes: true,
    window: 4,
    clockDriftMsMax: 5_000,
    timings: DEFAULT_TIMINGS,
    proposalTransactions: 4,
    proposalTransactionsMax: 8,
    laneBatchesMax: 1_000,
    makeValue: (timestampMs, batches) => makeValue(sha256, timestampMs, batches),
    readValue: (bytes) => decodeValue(sha256, bytes),
    ...changes,
  }
}

interface Node {
  core: ReplicaCore
  up: boolean
  /** Bumped at each crash, so that what was on its way to the old process is lost. */
  life: number
  readonly wal: WalRecord[]
  readonly batches: Map<Digest, Batch>
  readonly chain: { readonly value: Value; readonly hash: Digest; certificate?: FinalityCertificate }[]
  regencies: number
  readonly misbehaviour: string[]
}

/** Several cores over a fake network whose every delay and loss comes from one seed. */
export class Cluster {
  nowMs = 1_000_000
  readonly nodes: Node[]
  readonly random: Random
  lossRate = 0
  /** Decides, for a fault, whether a message goes through. */
  passes: (from: ReplicaId, to: ReplicaId, message?: Message) => boolean = () => true
  /** How long a message is on its way, ms. */
  delayMs = (): number => 1 + this.random.below(10)
  /** Sees what a replica does, and which messages a fault swallowed. */
  watch: (id: ReplicaId, effect: Effect) => void = () => undefined
  watchLost: (from: ReplicaId, to: ReplicaId, message: Message | undefined) => void = () => undefined
  #events: { at: number; order: number; run: () => void }[] = []
  #order = 0
  #seq = 0
  readonly #n: number
  readonly #changes: Partial<CoreOptions>

  constructor(n: number, seed: number, changes: Partial<CoreOptions> = {}) {
    this.#n = n
    this.#changes = changes
    this.random = new Random(seed)
    this.nodes = Array.from({ length: n }, (_, id) => ({
      core: new ReplicaCore(testOptions(id, n, changes), { executed: 0, finalized: 0, blocks: [], records: [] }),
      up: true,
      life: 0,
      wal: [],
      batches: new Map(),
      chain: [],
      regencies: 0,
      misbehaviour: [],
    }))
    this.nodes.forEach((node, id) => {
      this.#run(id, node.core.start(this.nowMs))
    })
  }

  node(id: ReplicaId): Node {
    const node = this.nodes[id]
    if (node === undefined) throw new Error(`no replica ${id}`)
    return node
  }

  submit(lane: ReplicaId): Digest {
    this.#seq += 1
    const batch = testBatch(lane, this.#seq)
    this.#broadcastBatch(lane, batch)
    return batch.digest
  }

  #broadcastBatch(from: ReplicaId, batch: Batch): void {
    for (let to = 0; to < this.#n; to++) this.#deliverBatch(from, to, batch)
  }

  #deliverBatch(from: ReplicaId, to: ReplicaId, batch: Batch): void {
    this.#post(from, to, undefined, () => {
      this.node(to).batches.set(batch.digest, batch)
      this.step(to, { kind: 'batch', batch: markVerified(batch) })
    })
  }

  step(id: ReplicaId, input: Input): void {
    const node = this.node(id)
    if (node.up) this.#run(id, node.core.step(input, this.nowMs))
  }

  /** Runs until the time is up or a condition holds. */
  run(forMs: number, until: () => boolean = () => false): boolean {
    const end = this.nowMs + forMs
    while (!until()) {
      this.#events.sort((a, b) => a.at - b.at || a.order - b.order)
      const event = this.#events[0]
      if (event === undefined || event.at > end) {
        this.nowMs = end
        return until()
      }
      this.#events.shift()
      this.nowMs = event.at
      event.run()
    }
    return true
  }

  crash(id: ReplicaId): void {
    const node = this.node(id)
    node.up = false
    node.life += 1
  }

  restart(id: ReplicaId): void {
    const node = this.node(id)
    const finalized = node.chain.filter((block) => block.certificate !== undefined).length
    const finality = node.chain[finalized - 1]?.certificate
    const blocks = node.chain.slice(finalized).map(({ hash, value }) => ({ headerHash: hash, value: value.digest }))
    const restored = { executed: node.chain.length, finalized, blocks, records: [...node.wal] }
    node.core = new ReplicaCore(
      testOptions(id, this.#n, this.#changes),
      finality === undefined ? restored : { ...restored, finality },
    )
    node.up = true
    this.#run(id, node.core.start(this.nowMs))
    for (const batch of node.batches.values()) this.step(id, { kind: 'batch', batch: markVerified(batch) })
  }

  send(from: ReplicaId, to: ReplicaId, message: Signed): void {
    this.#post(from, to, message.message, () => this.step(to, { kind: 'message', message: markVerified(message) }))
  }

  #post(from: ReplicaId, to: ReplicaId, message: Message | undefined, run: () => void): void {
    if (from !== to && (this.random.chance(this.lossRate) || !this.passes(from, to, message))) {
      this.watchLost(from, to, message)
      return
    }
    const { life } = this.node(to)
    const delay = from === to ? 0 : this.delayMs()
    this.#at(delay, () => {
      if (this.node(to).life === life && this.node(to).up) run()
    })
  }

  #at(delayMs: number, run: () => void): void {
    this.#order += 1
    this.#events.push({ at: this.nowMs + delayMs, order: this.#order, run })
  }

  #run(id: ReplicaId, effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOut(id, effect)
  }

  #carryOut(id: ReplicaId, effect: Effect): void {
    const node = this.node(id)
    this.watch(id, effect)
    switch (effect.kind) {
      case 'persist':
        node.wal.push(effect.record)
        break
      case 'send': {
        const to = effect.to === 'view' ? this.nodes.map((_, peer) => peer) : effect.to
        for (const peer of to) this.send(id, peer, signedBy(id, effect.message))
        break
      }
      case 'relay':
        for (const peer of effect.to) this.send(id, peer, effect.message)
        break
      case 'send-batch': {
        const batch = node.batches.get(effect.digest)
        if (batch !== undefined) for (const to of effect.to) this.#deliverBatch(id, to, batch)
        break
      }
      case 'send-status':
        for (const [to] of this.nodes.entries()) {
          if (to !== id) this.#post(id, to, undefined, () => this.step(to, { ...effect, kind: 'status', from: id }))
        }
        break
      case 'deliver':
        this.#execute(id, effect.cid, effect.value)
        break
      case 'finalized': {
        const block = node.chain[effect.certificate.cid - 1]
        if (block === undefined) throw new Error('finalized before it was executed')
        block.certificate = effect.certificate
        break
      }
      case 'set-timer': {
        const { life } = node
        this.#at(effect.afterMs, () => {
          if (node.life === life) this.step(id, { kind: 'timeout', timer: effect.timer })
        })
        break
      }
      case 'fetch':
        for (const from of effect.from) this.#post(id, from, undefined, () => this.#answer(from, id, effect.what))
        break
      case 'regency-installed':
        node.regencies = effect.regency
        break
      case 'misbehaviour':
        node.misbehaviour.push(`${effect.evidence.replica} ${effect.evidence.reason}`)
        break
      case 'diverged':
        throw new Error(`replica ${id} diverged at ${effect.height}`)
      case 'drop-batches':
      case 'abstaining':
        break
    }
  }

  #execute(id: ReplicaId, cid: number, value: Value): void {
    const { chain } = this.node(id)
    if (cid !== chain.length + 1) return
    const hash = digestOf(`${chain.at(-1)?.hash ?? ''} ${value.digest}`)
    chain.push({ value, hash })
    const { life } = this.node(id)
    this.#at(1, () => {
      if (this.node(id).life === life) this.step(id, { kind: 'executed', height: cid, headerHash: hash })
    })
  }

  #answer(from: ReplicaId, to: ReplicaId, what: Extract<Effect, { kind: 'fetch' }>['what']): void {
    const node = this.node(from)
    for (const digest of what.batches) {
      const batch = node.batches.get(digest)
      if (batch !== undefined) this.#deliverBatch(from, to, batch)
    }
    for (const digest of what.values) {
      const record = node.wal.find((known) => known.kind === 'write' && known.digest === digest)
      const value = record?.kind === 'write' ? decodeValue(sha256, record.value) : undefined
      if (value?.digest === digest) this.#post(from, to, undefined, () => this.step(to, { kind: 'value', value }))
    }
    const { from: first = 1, to: last = 0 } = what.blocks ?? {}
    const blocks = node.chain.slice(first - 1, last)
    if (blocks.length > 0) {
      // One reply, as in the runtime: its blocks come in order.
      this.#post(from, to, undefined, () => {
        for (const { value, hash, certificate } of blocks) {
          if (certificate === undefined) return
          this.#install(to, certificate.cid, value, hash, certificate)
        }
      })
    }
  }

  #install(id: ReplicaId, height: number, value: Value, hash: Digest, certificate: FinalityCertificate): void {
    const { chain } = this.node(id)
    if (height > chain.length + 1) return
    if (height === chain.length + 1) chain.push({ value, hash })
    this.step(id, {
      kind: 'state-installed',
      height,
      headerHash: hash,
      value: value.digest,
      batches: value.batches,
      certificate: markVerified(certificate),
      regency: 1,
    })
  }

  /** Throws unless all chains are prefixes of one another. */
  checkAgreement(): void {
    const longest = this.nodes.map(({ chain }) => chain).sort((a, b) => b.length - a.length)[0] ?? []
    for (const [id, { chain }] of this.nodes.entries()) {
      for (const [i, block] of chain.entries()) {
        if (block.hash !== longest[i]?.hash) throw new Error(`replica ${id} has another block at height ${i + 1}`)
      }
    }
  }

  /** Whether a batch is in a final block of a replica. */
  isFinal(id: ReplicaId, digest: Digest): boolean {
    return this.node(id).chain.some((block) => block.certificate !== undefined && block.value.batches.includes(digest))
  }
}
