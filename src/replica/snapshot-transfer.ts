import type { SnapshotReply, SnapshotRequest, Status } from '../codec/frame.js'
import { type ChunkRoot, decodeChunk, decodeManifest, type SnapshotManifest } from '../codec/snapshot.js'
import { decodeViewLinks } from '../codec/view-links.js'
import type { Clock, Counters, Ledger, Logger } from '../ports.js'
import type { FinalityCertificate, Height, ReplicaId, TimeMs } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { Ingress } from './ingress.js'
import { SnapshotBlocks } from './snapshot-blocks.js'
import { SnapshotPeers } from './snapshot-peers.js'
import { isCertificateOf } from './state-transfer.js'

/** A peer that does not answer a pull in time is passed over. */
const PULL_MS_MAX = 5_000
/** What another peer would have given long ago is asked of it: after so many times its answer takes, and so long at least (rule T6). */
const LATE_FACTOR = 4
const LATE_MS_MIN = 1_000
/** A manifest is made when it is first asked for, which reads the whole state. */
const MANIFEST_MS_MAX = 60_000
/** Pulls under way at a time, each from another peer. */
const PULLS_MAX = 4
/** Chunks of one pull; the answer is cut at `fetchReplyBytesMax`. */
const CHUNKS_PER_PULL_MAX = 16

export interface TransferModules {
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
  readonly ledger: Ledger
  readonly ingress: Ingress
  readonly send: (to: ReplicaId, request: SnapshotRequest) => boolean
  /** Everything is here and checked: makes it the ledger, and the replica continue from it. */
  readonly install: (manifest: SnapshotManifest, first: Height) => Promise<void>
  readonly fatal: (error: unknown) => void
}

type Pull = { readonly sentMs: TimeMs } & (
  | { readonly kind: 'manifest' }
  | { readonly kind: 'chunks'; readonly roots: readonly ChunkRoot[] }
  | { readonly kind: 'blocks' }
)

/** A snapshot whose manifest was verified. */
interface Job {
  readonly manifest: SnapshotManifest
  readonly height: Height
  readonly blocks: SnapshotBlocks
  /** Chunks that nobody is asked for now. */
  missing: ChunkRoot[]
  /** Peers that have nothing of it. */
  readonly without: Set<ReplicaId>
}

/**
 * Brings this replica to a snapshot of its peers when blocks cannot. It believes none of them: the manifest is proven by a
 * certificate and folds up to the state root, each chunk by the manifest, each block by the hash that the next one names.
 */
export class SnapshotTransfer {
  readonly #context: ReplicaContext
  readonly #modules: TransferModules
  readonly #peers: SnapshotPeers
  readonly #manifestAskedMs = new Map<ReplicaId, TimeMs>()
  /** How long the last answer of each peer took, ms. */
  readonly #answerMs = new Map<ReplicaId, number>()
  readonly #pulls = new Map<ReplicaId, Pull>()
  #job: Job | undefined
  /** A reply is being worked in, or the snapshot is being installed: the steps of a transfer do not overlap. */
  #busy = false
  #stopped = false

  /** @param prunes whether this replica gives up old blocks anyway */
  constructor(context: ReplicaContext, modules: TransferModules, prunes: boolean) {
    this.#context = context
    this.#modules = modules
    this.#peers = new SnapshotPeers(context, modules.ledger, prunes)
  }

  onStatus(from: ReplicaId, status: Status): void {
    this.#peers.heard(from, status, this.#modules.clock.monotonicMs())
  }

  /** Height of the snapshot that is being pulled. */
  get height(): Height | undefined {
    return this.#job?.height
  }

  /** Called now and then, and whenever something came. */
  tick(): void {
    if (this.#stopped || this.#busy) return
    const nowMs = this.#modules.clock.monotonicMs()
    this.#expire(nowMs)
    if (this.#job === undefined) {
      if (this.#peers.isNeeded(nowMs)) this.#askManifest(nowMs)
      return
    }
    this.#continue(this.#job, nowMs)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Settles when the step under way is over. */
  async idle(): Promise<void> {
    await this.#turn
  }

  #expire(nowMs: TimeMs): void {
    for (const [peer, pull] of this.#pulls) {
      if (pull.kind !== 'manifest' && nowMs - pull.sentMs >= this.#lateAfterMs(peer, nowMs)) {
        this.#answerMs.set(peer, nowMs - pull.sentMs)
        this.#settle(peer, pull)
        this.#modules.counters.add('snapshot.pulls-late')
        continue
      }
      const patienceMs = pull.kind === 'manifest' ? MANIFEST_MS_MAX : PULL_MS_MAX
      if (nowMs - pull.sentMs < patienceMs) continue
      this.#settle(peer, pull)
      this.#skip(peer)
    }
  }

  /** When a pull of this peer is late, ms: never, unless another that is free was quicker. */
  #lateAfterMs(peer: ReplicaId, nowMs: TimeMs): number {
    const others = this.#free(nowMs).flatMap(([id]) => (id === peer ? [] : (this.#answerMs.get(id) ?? [])))
    return others.length === 0 ? Number.POSITIVE_INFINITY : Math.max(LATE_MS_MIN, LATE_FACTOR * Math.min(...others))
  }

  /** A pull is over: what it was for and did not bring is asked of others. */
  #settle(peer: ReplicaId, pull: Pull, brought: ReadonlySet<ChunkRoot> = new Set()): void {
    this.#pulls.delete(peer)
    if (pull.kind === 'chunks') this.#job?.missing.push(...pull.roots.filter((root) => !brought.has(root)))
  }

  #skip(peer: ReplicaId): void {
    this.#peers.skip(peer, this.#modules.clock.monotonicMs())
    this.#modules.counters.add('snapshot.peers-skipped')
  }

  /** Peers that may be asked, and are not asked already. */
  #free(nowMs: TimeMs): readonly (readonly [ReplicaId, Status])[] {
    return this.#peers.available(nowMs).filter(([id]) => !this.#pulls.has(id))
  }

  #askManifest(nowMs: TimeMs): void {
    // A peer may take long to make its manifest. Others are asked meanwhile, so that a silent one does not hold up the rest.
    const sent = [...this.#pulls.values()].map(({ sentMs }) => sentMs)
    if (sent.length >= PULLS_MAX || sent.some((sentMs) => nowMs - sentMs < PULL_MS_MAX)) return
    const { height } = this.#modules.ledger.tip().header
    const askedMs = ([id]: readonly [ReplicaId, Status]): TimeMs => this.#manifestAskedMs.get(id) ?? 0
    // Whoever was asked longest ago: nobody can keep all others from their turn.
    const [next] = this.#free(nowMs)
      .filter(([, { snapshot }]) => snapshot > height)
      .sort((one, other) => askedMs(one) - askedMs(other) || other[1].snapshot - one[1].snapshot)
    if (next === undefined) return
    this.#manifestAskedMs.set(next[0], nowMs)
    this.#pull(next[0], { kind: 'manifest', sentMs: nowMs }, { manifest: true })
  }

  #pull(to: ReplicaId, pull: Pull, request: Partial<SnapshotRequest>): void {
    const height = this.#job?.height ?? 0
    const whole = { height, manifest: false, chunks: [], fromHeight: 0, toHeight: 0, ...request }
    this.#pulls.set(to, pull)
    if (this.#modules.send(to, whole)) return
    this.#settle(to, pull)
    this.#skip(to)
  }

  /** Asks free peers for what is missing; installs when nothing is. */
  #continue(job: Job, nowMs: TimeMs): void {
    if (job.height <= this.#modules.ledger.tip().header.height) {
      this.#giveUp(job, 'blocks were quicker')
      return
    }
    const first = job.blocks.first
    if (job.missing.length === 0 && this.#pulls.size === 0 && first !== undefined) {
      void this.#exclusive(() => this.#install(job, first))
      return
    }
    const speed = ([id]: readonly [ReplicaId, Status]): number => this.#answerMs.get(id) ?? 0
    const holders = this.#free(nowMs)
      .filter(([id, { finalized }]) => finalized >= job.height && !job.without.has(id))
      .sort((one, other) => speed(one) - speed(other))
    for (const [id] of holders) {
      if (this.#pulls.size >= PULLS_MAX) return
      this.#pullNext(id, job, nowMs)
    }
    if (this.#pulls.size === 0) this.#giveUp(job, 'no peer has it any more')
  }

  #pullNext(peer: ReplicaId, job: Job, nowMs: TimeMs): void {
    const busyWithBlocks = [...this.#pulls.values()].some(({ kind }) => kind === 'blocks')
    const range = busyWithBlocks ? undefined : job.blocks.next()
    if (range !== undefined) {
      this.#pull(peer, { kind: 'blocks', sentMs: nowMs }, range)
      return
    }
    const roots = job.missing.splice(0, CHUNKS_PER_PULL_MAX)
    if (roots.length === 0) return
    this.#pull(peer, { kind: 'chunks', roots, sentMs: nowMs }, { chunks: roots.map(({ path }) => path) })
  }

  /** A new manifest is asked of somebody else. What was pulled stays: a newer snapshot has most of the same chunks. */
  #giveUp(job: Job, reason: string): void {
    this.#modules.logger.info({ height: job.height, reason }, 'the transfer of a snapshot was given up')
    this.#modules.counters.add('snapshot.given-up')
    this.#job = undefined
    this.#pulls.clear()
    this.#peers.settleAgain()
  }

  /** @returns a promise where the peer must not be read further until it settles */
  onReply(from: ReplicaId, reply: SnapshotReply): Promise<void> | undefined {
    const pull = this.#pulls.get(from)
    if (pull === undefined || (this.#job !== undefined && reply.height !== this.#job.height)) {
      this.#modules.ingress.reject('unwanted-reply')
      return undefined
    }
    this.#answerMs.set(from, this.#modules.clock.monotonicMs() - pull.sentMs)
    return this.#exclusive(() => this.#take(from, pull, reply))
  }

  /** One step after another: replies that come meanwhile wait with their peers. */
  #turn: Promise<void> = Promise.resolve()
  #exclusive(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopped) return
      this.#busy = true
      try {
        await step()
      } catch (error) {
        this.#modules.fatal(error)
      } finally {
        this.#busy = false
      }
      this.tick()
    })
    return this.#turn
  }

  async #take(from: ReplicaId, pull: Pull, reply: SnapshotReply): Promise<void> {
    // It may have expired while it waited for its turn.
    if (this.#pulls.get(from) !== pull) return
    switch (pull.kind) {
      case 'manifest':
        this.#settle(from, pull)
        return await this.#takeManifest(from, reply)
      case 'chunks':
        return await this.#takeChunks(from, pull, reply)
      case 'blocks': {
        this.#settle(from, pull)
        const taken = await this.#job?.blocks.take(reply.blocks)
        if (taken === 'bad') this.#skip(from)
        else if (taken === 'none') this.#job?.without.add(from)
        return
      }
    }
  }

  async #takeManifest(from: ReplicaId, reply: SnapshotReply): Promise<void> {
    const { ingress, ledger, logger } = this.#modules
    const manifest = this.#openManifest(reply)
    if (manifest === undefined) {
      this.#skip(from)
      return
    }
    // The first manifest that holds counts.
    this.#pulls.clear()
    const { height } = manifest.sealed.header
    const missing = [...(await ledger.staging.missing(manifest.chunks))]
    const blocks = new SnapshotBlocks(this.#context, { ledger, ingress }, manifest.sealed)
    this.#job = { manifest, height, blocks, missing, without: new Set() }
    const here = manifest.chunks.length - missing.length
    logger.info({ height, chunks: manifest.chunks.length, here, peer: from }, 'pulling a snapshot')
  }

  /** The one place where it is decided that a snapshot is the network's. */
  #openManifest(reply: SnapshotReply): SnapshotManifest | undefined {
    const { ingress, ledger } = this.#modules
    const manifest = decodeManifest(this.#context.sha256, reply.manifest)
    if (manifest === undefined) return ingress.reject('bad-manifest')
    const { sealed, finality, chunks } = manifest
    const { height, stateRoot } = sealed.header
    if (height <= ledger.tip().header.height) return ingress.reject('bad-manifest')
    if (!isCertificateOf(finality, sealed)) return ingress.reject('bad-manifest')
    const links = decodeViewLinks(this.#context.sha256, manifest.views)
    const isFinal = (link: FinalityCertificate) => ingress.finality(link) !== undefined
    if (links === undefined || !this.#context.views.follow(links, isFinal)) return ingress.reject('bad-manifest')
    if (ingress.finality(finality) === undefined) return undefined
    return ledger.staging.rootOf(chunks) === stateRoot ? manifest : ingress.reject('bad-manifest')
  }

  async #takeChunks(from: ReplicaId, pull: Extract<Pull, { kind: 'chunks' }>, reply: SnapshotReply): Promise<void> {
    const { ingress, ledger, counters } = this.#modules
    const brought = new Set<ChunkRoot>()
    for (const bytes of reply.chunks) {
      const chunk = decodeChunk(bytes)
      const root = chunk && pull.roots.find(({ path }) => path === chunk.path)
      if (chunk === undefined || root === undefined || !(await ledger.staging.putChunk(root, chunk))) {
        ingress.reject('bad-chunk')
        this.#settle(from, pull, brought)
        this.#skip(from)
        return
      }
      brought.add(root)
      counters.add('snapshot.chunks')
      counters.add('snapshot.bytes', bytes.length)
    }
    this.#settle(from, pull, brought)
    if (brought.size === 0) this.#job?.without.add(from)
  }

  async #install(job: Job, first: Height): Promise<void> {
    if (this.#job !== job) return
    await this.#modules.install(job.manifest, first)
    this.#modules.counters.add('snapshot.installed')
    this.#modules.logger.warn({ height: job.height, first }, 'a snapshot was installed')
    this.#job = undefined
    this.#peers.settleAgain()
  }
}
