import { toHex } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { decodeValue, makeValue } from '../../src/codec/block.js'
import {
  type CoreOptions,
  continues,
  DEFAULT_TIMINGS,
  type Effect,
  type ExecutedHeight,
  type Input,
  NO_PLACE,
  ReplicaCore,
  type Restored,
  type WalRecord,
} from '../../src/consensus/index.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type {
  Batch,
  Certificate,
  Digest,
  FinalityCertificate,
  HeldLane,
  LanePlace,
  Message,
  ReplicaId,
  Signed,
  Stop,
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

/** A batch of one transaction, at a place of its lane. */
export function testBatch(lane: number, number: number, incarnation = 1): Batch {
  const transaction = { id: digestOf(`tx ${lane} ${incarnation} ${number}`), validUntilMs: Number.MAX_SAFE_INTEGER }
  return {
    digest: digestOf(`batch ${lane} ${incarnation} ${number}`),
    lane,
    incarnation,
    number,
    transactions: [transaction as unknown as Batch['transactions'][number]],
    bytes: new Uint8Array(),
  }
}

export const signedBy = <M extends Message>(
  sender: ReplicaId,
  message: M,
  proofs: readonly Certificate[] = [],
): Signed<M> => ({
  sender,
  view: 0,
  message,
  signature: new Uint8Array(64).fill(sender + 1),
  bytes: new TextEncoder().encode(`${sender} ${JSON.stringify(message)}`),
  ...(proofs.length === 0 ? {} : { proofs }),
})

export function testOptions(self: ReplicaId, n: number, changes: Partial<CoreOptions> = {}): CoreOptions {
  return {
    self,
    start: 1,
    view: testView(n),
    firstHeight: 1,
    votes: true,
    window: 4,
    clockDriftMsMax: 5_000,
    dedupWindowMs: 60_000,
    timings: DEFAULT_TIMINGS,
    proposalTransactions: 4,
    bounds: { transactionsMax: 8, bytesMax: 1_000_000, costMax: 1_000 },
    laneBatchesMax: 1_000,
    makeValue: (timestampMs, batches) => makeValue(sha256, timestampMs, batches),
    readValue: (bytes) => decodeValue(sha256, bytes),
    ...changes,
  }
}

/** A block as the fake ledger and the chain above it hold it. */
export interface TestBlock {
  readonly value: Value
  readonly hash: Digest
  readonly heads: readonly HeldLane[]
  certificate?: FinalityCertificate
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export const headerOf = (previous: Digest, value: Digest): Digest => digestOf(`${previous} ${value}`)

interface Node {
  core: ReplicaCore
  up: boolean
  starts: number
  /** Bumped at each crash, so that what was on its way to the old process is lost. */
  life: number
  /** Records on disk, and those that no sync has covered yet. */
  wal: WalRecord[]
  unsynced: WalRecord[]
  /** Messages that wait for a sync: how many records must be on disk first. */
  waiting: { after: number; run: () => void }[]
  synced: number
  appended: number
  promised: number
  readonly batches: Map<Digest, Batch>
  /** Written blocks, and those above: executed, some of them final. */
  readonly ledger: TestBlock[]
  staged: TestBlock[]
  final: number
  regencies: number
  readonly misbehaviour: string[]
}

/** Several cores over a fake network and fake disks whose every delay and loss comes from one seed. */
export class Cluster {
  nowMs = 1_000_000
  /** Wrong clocks of single replicas, ms. */
  readonly clockErrorMs = new Map<ReplicaId, number>()
  readonly nodes: Node[]
  readonly random: Random
  lossRate = 0
  /** Decides, for a fault, whether a message goes through. */
  passes: (from: ReplicaId, to: ReplicaId, message?: Message) => boolean = () => true
  /** How long a message is on its way, a sync takes, and an execution, ms. */
  delayMs = (_from: ReplicaId, _to: ReplicaId, _message?: Message): number => 1 + this.random.below(10)
  syncMs = (_id: ReplicaId): number => 1 + this.random.below(3)
  ledgerMs = (_id: ReplicaId): number => 1 + this.random.below(3)
  executeMs = (_id: ReplicaId): number => 1
  /** Ticks come so much later, ms. */
  tickDelayMs = (_id: ReplicaId): number => 0
  /** Sees what a replica does, and which messages a fault swallowed. */
  watch: (id: ReplicaId, effect: Effect) => void = () => undefined
  watchLost: (from: ReplicaId, to: ReplicaId, message: Message | undefined) => void = () => undefined
  /** Changes what a Byzantine replica says to each peer; nothing is sent for an empty answer. */
  instead: (from: ReplicaId, to: ReplicaId, message: Message) => readonly Message[] = (_, __, message) => [message]
  /** What was sent, by its bytes: evidence names it so. */
  readonly #said = new Map<string, Signed>()
  #events: { at: number; order: number; run: () => void }[] = []
  #order = 0
  /** Newest number of each lane, by incarnation. */
  readonly #numbers = new Map<string, number>()
  readonly #n: number
  readonly #changes: Partial<CoreOptions>

  constructor(n: number, seed: number, changes: Partial<CoreOptions> = {}) {
    this.#n = n
    this.#changes = changes
    this.random = new Random(seed)
    this.nodes = Array.from({ length: n }, (_, id) => ({
      core: new ReplicaCore(testOptions(id, n, changes), { height: 0, heads: [], records: [] }),
      up: true,
      starts: 1,
      life: 0,
      wal: [],
      unsynced: [],
      waiting: [],
      synced: 0,
      appended: 0,
      promised: 0,
      batches: new Map(),
      ledger: [],
      staged: [],
      final: 0,
      regencies: 1,
      misbehaviour: [],
    }))
    for (const id of this.nodes.keys()) this.#run(id, this.node(id).core.start(this.now(id)))
  }

  now(id: ReplicaId) {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs + (this.clockErrorMs.get(id) ?? 0) }
  }

  node(id: ReplicaId): Node {
    const node = this.nodes[id]
    if (node === undefined) throw new Error(`no replica ${id}`)
    return node
  }

  /** A client's transaction, in a batch of its own. A restarted author begins a new incarnation of its lane. */
  submit(lane: ReplicaId): Digest {
    const { starts } = this.node(lane)
    const number = (this.#numbers.get(`${lane} ${starts}`) ?? 0) + 1
    this.#numbers.set(`${lane} ${starts}`, number)
    return this.submitBatch(testBatch(lane, number, starts))
  }

  submitBatch(batch: Batch, to: readonly ReplicaId[] = [...this.nodes.keys()]): Digest {
    for (const id of to) this.#deliverBatch(batch.lane, id, batch)
    return batch.digest
  }

  #deliverBatch(from: ReplicaId, to: ReplicaId, batch: Batch): void {
    this.#post(from, to, undefined, () => {
      this.node(to).batches.set(batch.digest, batch)
      this.step(to, { kind: 'batch', batch: markVerified(batch), cost: 1 })
    })
  }

  step(id: ReplicaId, input: Input): void {
    const node = this.node(id)
    if (node.up) this.#run(id, node.core.step(input, this.now(id)))
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

  /** The machine loses power: what no sync has covered is gone. */
  crash(id: ReplicaId): void {
    const node = this.node(id)
    node.up = false
    node.life += 1
    node.unsynced = []
    node.waiting = []
    node.staged = []
    node.final = node.ledger.length
    const named = new Set(node.wal.flatMap((record) => (record.kind === 'accept' ? this.#batchesOf(record) : [])))
    for (const digest of node.batches.keys()) if (!named.has(digest)) node.batches.delete(digest)
  }

  #batchesOf({ value }: Extract<WalRecord, { kind: 'accept' }>): readonly Digest[] {
    return decodeValue(sha256, value)?.batches ?? []
  }

  /** An orderly stop (rule D4): everything is on disk, and the log says all that was said. */
  stop(id: ReplicaId): void {
    const node = this.node(id)
    node.wal.push(...node.unsynced)
    this.#write(id, true)
    const mark = node.core.mark()
    if (mark !== undefined) node.wal.push(mark)
    this.crash(id)
  }

  /** It is about to stop: a leader hands its regency over (rule D4). */
  resign(id: ReplicaId): void {
    this.#run(id, this.node(id).core.resign())
  }

  restart(id: ReplicaId, changes: Partial<CoreOptions> = {}): void {
    const node = this.node(id)
    node.starts += 1
    node.appended = node.wal.length
    node.promised = node.appended
    node.synced = node.appended
    const certificate = node.ledger.at(-1)?.certificate
    const heads = new Map<ReplicaId, HeldLane>()
    for (const block of node.ledger) for (const head of block.heads) heads.set(head.lane, head)
    const restored: Restored = {
      height: node.ledger.length,
      heads: [...heads.values()],
      records: [...node.wal],
      ...(certificate === undefined ? {} : { certificate }),
    }
    const options = testOptions(id, this.#n, { ...this.#changes, ...changes, start: node.starts })
    node.core = new ReplicaCore(options, restored)
    node.up = true
    this.#run(id, node.core.start(this.now(id)))
    for (const batch of node.batches.values()) {
      this.step(id, { kind: 'batch', batch: markVerified(batch), cost: 1 })
    }
  }

  /** The log is written anew from what the core says that it must hold (rule D5). */
  compact(id: ReplicaId): void {
    const node = this.node(id)
    node.wal = [...node.core.durableRecords()]
    node.unsynced = []
    node.synced = node.appended
    this.#release(node)
  }

  /** The disk is gone, ledger and log. */
  loseDisk(id: ReplicaId): void {
    this.crash(id)
    const node = this.node(id)
    node.wal = [{ kind: 'lost' }]
    node.ledger.length = 0
    node.final = 0
    node.batches.clear()
  }

  send(from: ReplicaId, to: ReplicaId, message: Signed): void {
    this.#said.set(textOf(message.bytes), message)
    this.#post(from, to, message.message, () => this.step(to, { kind: 'message', message: markVerified(message) }))
  }

  #post(from: ReplicaId, to: ReplicaId, message: Message | undefined, run: () => void): void {
    if (from !== to && (this.random.chance(this.lossRate) || !this.passes(from, to, message))) {
      this.watchLost(from, to, message)
      return
    }
    const { life } = this.node(to)
    this.#at(from === to ? 0 : this.delayMs(from, to, message), () => {
      if (this.node(to).life === life && this.node(to).up) run()
    })
  }

  #at(delayMs: number, run: () => void): void {
    this.#order += 1
    this.#events.push({ at: this.nowMs + delayMs, order: this.#order, run })
  }

  /** Later, unless the process is another one by then. */
  #later(id: ReplicaId, delayMs: number, run: () => void): void {
    const { life } = this.node(id)
    this.#at(delayMs, () => {
      if (this.node(id).life === life) run()
    })
  }

  #run(id: ReplicaId, effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOut(id, effect)
  }

  #persist(id: ReplicaId, record: WalRecord): void {
    const node = this.node(id)
    node.unsynced.push(record)
    node.appended += 1
    if (record.kind !== 'accept') node.promised = node.appended
    const upTo = node.appended
    this.#later(id, this.syncMs(id), () => {
      const count = upTo - node.synced
      if (count <= 0) return
      node.wal.push(...node.unsynced.splice(0, count))
      node.synced = upTo
      this.#release(node)
    })
  }

  #release(node: Node): void {
    const ready = node.waiting.filter(({ after }) => after <= node.synced)
    node.waiting = node.waiting.filter(({ after }) => after > node.synced)
    for (const { run } of ready) run()
  }

  #carryOut(id: ReplicaId, effect: Effect): void {
    const node = this.node(id)
    this.watch(id, effect)
    switch (effect.kind) {
      case 'persist':
        this.#persist(id, effect.record)
        break
      case 'send': {
        const { kind } = effect.message
        const after = kind === 'accept' || kind === 'stop-data' ? node.appended : node.promised
        node.waiting.push({ after, run: () => this.#say(id, effect) })
        this.#release(node)
        break
      }
      case 'relay':
        for (const peer of effect.to) this.send(id, peer, effect.message)
        break
      case 'send-certificate':
        for (const to of this.#others(id, effect.to)) {
          const certificate = markVerified(effect.certificate)
          this.#post(id, to, undefined, () => this.step(to, { kind: 'certificate', certificate }))
        }
        break
      case 'send-installation':
        for (const to of this.#others(id, effect.to)) {
          const stops = effect.stops.map((stop: Signed<Stop>) => markVerified(stop))
          this.#post(id, to, undefined, () => this.step(to, { kind: 'installation', stops }))
        }
        break
      case 'send-batch': {
        const batch = node.batches.get(effect.digest)
        if (batch !== undefined) for (const to of effect.to) this.#deliverBatch(id, to, batch)
        break
      }
      case 'send-status':
        this.#sendStatus(id, effect)
        break
      case 'execute':
        this.#later(id, this.executeMs(id), () => this.#execute(id, effect))
        break
      case 'final':
        this.#makeFinal(id, effect.certificate)
        break
      case 'set-timer':
        this.#later(id, effect.afterMs + this.tickDelayMs(id), () =>
          this.step(id, { kind: 'timeout', timer: effect.timer }),
        )
        break
      case 'fetch':
        for (const from of effect.from) this.#post(id, from, undefined, () => this.#answer(from, id, effect.what))
        break
      case 'regency-installed':
        node.regencies = effect.regency
        break
      case 'misbehaviour':
        node.misbehaviour.push(`${effect.evidence.replica} ${effect.evidence.reason}`)
        break
      case 'drop-batches':
        for (const digest of effect.digests) node.batches.delete(digest)
        break
      case 'send-evidence': {
        const [first, second] = [effect.first, effect.second].map((bytes) => this.#said.get(textOf(bytes)))
        if (first === undefined || second === undefined) throw new Error('evidence of what nobody said')
        for (const to of this.#others(id, 'view')) {
          const evidence = { first: markVerified(first), second: markVerified(second) }
          this.#post(id, to, undefined, () => this.step(to, { kind: 'evidence', ...evidence }))
        }
        break
      }
      case 'silence':
        break
    }
  }

  #others(id: ReplicaId, to: 'view' | readonly ReplicaId[]): readonly ReplicaId[] {
    return (to === 'view' ? [...this.nodes.keys()] : to).filter((peer) => peer !== id)
  }

  #say(id: ReplicaId, { to, message, proofs = [] }: Extract<Effect, { kind: 'send' }>): void {
    for (const peer of to === 'view' ? this.nodes.keys() : to) {
      if (peer === id) this.send(id, peer, signedBy(id, message, proofs))
      else for (const said of this.instead(id, peer, message)) this.send(id, peer, signedBy(id, said, proofs))
    }
  }

  #sendStatus(id: ReplicaId, { status }: Extract<Effect, { kind: 'send-status' }>): void {
    const certificate = this.#blockAt(id, status.finalized)?.certificate
    const finality = certificate === undefined ? {} : { finality: markVerified(certificate) }
    for (const to of this.#others(id, 'view')) {
      this.#post(id, to, undefined, () => this.step(to, { kind: 'status', from: id, status, ...finality }))
    }
  }

  #blockAt(id: ReplicaId, height: number): TestBlock | undefined {
    const { ledger, staged } = this.node(id)
    return ledger[height - 1] ?? staged[height - ledger.length - 1]
  }

  #execute(id: ReplicaId, { cid, value, token }: Extract<Effect, { kind: 'execute' }>): void {
    const node = this.node(id)
    if (cid <= node.ledger.length) return
    const known = this.#blockAt(id, cid)
    if (known?.value.digest !== value.digest) {
      if (cid <= node.final) return
      node.staged.length = Math.min(node.staged.length, cid - node.ledger.length - 1)
      if (cid !== node.ledger.length + node.staged.length + 1) return
      node.staged.push(this.#blockOf(id, value))
    }
    this.step(id, { kind: 'executed', token, block: this.#executedAt(id, cid) })
  }

  #blockOf(id: ReplicaId, value: Value): TestBlock {
    const { ledger, staged, batches } = this.node(id)
    const below = [...ledger, ...staged]
    const heads = new Map<ReplicaId, LanePlace>()
    for (const block of below)
      for (const { lane, incarnation, number } of block.heads) heads.set(lane, { incarnation, number })
    const moved = new Map<ReplicaId, HeldLane>()
    for (const digest of value.batches) {
      const batch = batches.get(digest)
      if (batch === undefined || !continues(heads.get(batch.lane) ?? NO_PLACE, batch)) continue
      heads.set(batch.lane, { incarnation: batch.incarnation, number: batch.number })
      moved.set(batch.lane, { lane: batch.lane, incarnation: batch.incarnation, number: batch.number })
    }
    return { value, hash: headerOf(below.at(-1)?.hash ?? '', value.digest), heads: [...moved.values()] }
  }

  #executedAt(id: ReplicaId, height: number): ExecutedHeight {
    const block = this.#blockAt(id, height)
    if (block === undefined) throw new Error(`replica ${id} has no block ${height}`)
    return { height, digest: block.value.digest, header: block.hash, heads: block.heads }
  }

  #makeFinal(id: ReplicaId, certificate: FinalityCertificate): void {
    const node = this.node(id)
    const { cid, header } = certificate
    if (cid <= node.final) return
    const block = this.#blockAt(id, cid)
    if (block?.hash !== header)
      throw new Error(`replica ${id} takes ${header} for final at ${cid} and has another block`)
    block.certificate = certificate
    node.final = cid
    this.#later(id, this.ledgerMs(id), () => this.#write(id))
  }

  /** Final blocks up to one that has a certificate of its own, in one write. */
  #write(id: ReplicaId, silently = false): void {
    const node = this.node(id)
    const count = node.staged.findLastIndex(
      ({ certificate }, i) => certificate !== undefined && node.ledger.length + i < node.final,
    )
    if (count < 0) return
    node.ledger.push(...node.staged.splice(0, count + 1))
    const certificate = node.ledger.at(-1)?.certificate
    if (certificate !== undefined && !silently) this.step(id, { kind: 'written', certificate })
  }

  #answer(from: ReplicaId, to: ReplicaId, what: Extract<Effect, { kind: 'fetch' }>['what']): void {
    const node = this.node(from)
    for (const digest of what.batches) {
      const batch = node.batches.get(digest)
      if (batch !== undefined) this.#deliverBatch(from, to, batch)
    }
    for (const digest of what.values) {
      const value = node.core.value(digest)
      if (value !== undefined) this.#post(from, to, undefined, () => this.step(to, { kind: 'value', value }))
    }
    const { from: first = 1, to: last = 0 } = what.blocks ?? {}
    const blocks = [...node.ledger, ...node.staged].slice(first - 1, Math.min(last, node.final))
    const end = blocks.findLastIndex(({ certificate }) => certificate !== undefined)
    const run = blocks.slice(0, end + 1)
    const certificate = run.at(-1)?.certificate
    if (certificate === undefined) return
    const batches = new Map(node.batches)
    this.#post(from, to, undefined, () => this.#install(to, first, run, batches, certificate))
  }

  #install(
    id: ReplicaId,
    first: number,
    run: readonly TestBlock[],
    batches: ReadonlyMap<Digest, Batch>,
    certificate: FinalityCertificate,
  ): void {
    const node = this.node(id)
    const needed = run.filter((_, i) => first + i > node.final)
    if (certificate.cid <= node.final || first > node.final + 1) return
    let kept = true
    const from = node.final + 1
    needed.forEach(({ value, hash, heads }, i) => {
      const known = this.#blockAt(id, from + i)
      if (known?.hash === hash) return
      if (known !== undefined) kept = false
      if (known?.value.digest === value.digest) throw new Error(`replica ${id} diverged at ${from + i}`)
      node.staged.length = Math.min(node.staged.length, from + i - node.ledger.length - 1)
      for (const digest of value.batches) {
        const batch = batches.get(digest)
        if (batch !== undefined) node.batches.set(digest, batch)
      }
      node.staged.push({ value, hash, heads })
    })
    this.#makeFinal(id, certificate)
    const blocks = needed.map((_, i) => this.#executedAt(id, from + i))
    this.step(id, { kind: 'installed', blocks, certificate: markVerified(certificate), kept })
  }

  /** Final blocks of a replica, written or not. */
  chain(id: ReplicaId): readonly TestBlock[] {
    const { ledger, staged, final } = this.node(id)
    return [...ledger, ...staged].slice(0, final)
  }

  /** Throws unless all final chains are prefixes of one another. */
  checkAgreement(): void {
    const longest = [...this.nodes.keys()].map((id) => this.chain(id)).sort((a, b) => b.length - a.length)[0] ?? []
    for (const id of this.nodes.keys()) {
      for (const [i, block] of this.chain(id).entries()) {
        if (block.hash !== longest[i]?.hash) throw new Error(`replica ${id} has another block at height ${i + 1}`)
      }
    }
  }

  /** Whether a batch is in a final block of a replica. */
  isFinal(id: ReplicaId, digest: Digest): boolean {
    return this.chain(id).some((block) => block.value.batches.includes(digest))
  }
}
