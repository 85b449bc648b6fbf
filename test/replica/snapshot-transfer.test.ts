import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { encodeBlockBody, makeValue, sealHeader } from '../../src/codec/block.js'
import type { SnapshotReply, SnapshotRequest, Status } from '../../src/codec/frame.js'
import { decodeWholeBlock, encodeWholeBlock } from '../../src/codec/snapshot.js'
import { MerkleTree } from '../../src/crypto/merkle.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { type Database, type LevelLedger, verifyLedger } from '../../src/ledger/index.js'
import type { StateChange } from '../../src/ports.js'
import { contextOf, type ReplicaContext } from '../../src/replica/index.js'
import type { Ingress } from '../../src/replica/ingress.js'
import { SnapshotServer } from '../../src/replica/snapshot-server.js'
import { SnapshotTransfer } from '../../src/replica/snapshot-transfer.js'
import { type FinalityCertificate, type Height, LIMITS, type ReplicaId, type Verified } from '../../src/types/index.js'
import { certificateOf, memoryDatabase, openWith, sha256 } from '../ledger/support.js'
import { silent, statusOf, testGenesis } from '../support/in-process.js'

const genesis = testGenesis(4, { window: 2, dedupWindowMs: 1_000 })
const context: ReplicaContext = contextOf(genesis, genesis.replicas[3] ?? expect.fail(), nativeSuite)
const EMPTY_ROOT = toHex(new MerkleTree(sha256, []).root)
const TIME_PER_BLOCK_MS = 100
const TICK_MS = 250
const fixedClock = { nowMs: () => 0, after: () => () => undefined, soon: setImmediate }

/** Appends blocks without transactions, whose bodies are real, and which change the state all the same. */
async function grow(
  ledger: LevelLedger,
  count: number,
  changes: readonly StateChange[] = [],
  blockMs = TIME_PER_BLOCK_MS,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { header: parent, hash: previous } = ledger.tip()
    const height = parent.height + 1
    const timeMs = parent.timeMs + blockMs
    const value = makeValue(sha256, timeMs, [])
    const all = [{ key: 'height', value: utf8(`${height}`) }, ...(i === 0 ? changes : [])]
    const staged = ledger.stage(all)
    const roots = { transactionRoot: EMPTY_ROOT, receiptRoot: EMPTY_ROOT, stateRoot: staged.root }
    const fields = { height, previous, value: value.digest, timeMs, transactions: 0, ...roots }
    const sealed = sealHeader(sha256, { ...parent, ...fields })
    const body = encodeBlockBody(value.bytes, [])
    await ledger.append([{ sealed, body, certificate: certificateOf(sealed), transactions: [], receipts: [], staged }])
  }
}

const rows = (count: number, round = 0): StateChange[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key/${i}`, value: utf8(`${i} of ${round} `.repeat(150)) }))

type Behaviour = (reply: SnapshotReply, request: SnapshotRequest) => SnapshotReply | undefined
const honest: Behaviour = (reply) => reply
const silentPeer: Behaviour = () => undefined
const without: Behaviour = ({ height }) => ({ height, manifest: new Uint8Array(), chunks: [], blocks: [] })

function withoutCertificate(bytes: Uint8Array): Uint8Array {
  const { record, receipts } = decodeWholeBlock(sha256, bytes) ?? expect.fail()
  const { sealed, body } = record
  return encodeWholeBlock({ record: { sealed, body }, receipts })
}

/** A replica that pulls a snapshot of peers that share one ledger, over a clock that the test moves. */
class Pulling {
  readonly counted = new Map<string, number>()
  readonly asked: SnapshotRequest[] = []
  installed: { readonly height: Height; readonly first: Height } | undefined
  failure: unknown
  transfer: SnapshotTransfer
  nowMs = 1_000_000
  /** How long a peer takes to answer, ms, and how many parts it gives at a time. */
  delayMs: (to: ReplicaId) => number = () => 0
  partsOf: (to: ReplicaId) => number = () => Number.POSITIVE_INFINITY
  #late: { readonly atMs: number; readonly answer: () => Promise<void> }[] = []
  readonly #replies: Promise<unknown>[] = []

  readonly source: LevelLedger
  readonly target: LevelLedger
  readonly servers: readonly SnapshotServer[]
  readonly behaviours: readonly Behaviour[]

  constructor(
    source: LevelLedger,
    target: LevelLedger,
    servers: readonly SnapshotServer[],
    behaviours: readonly Behaviour[],
  ) {
    this.source = source
    this.target = target
    this.servers = servers
    this.behaviours = behaviours
    this.transfer = this.#transfer()
  }

  /** As after a restart: what was pulled stays, all else is forgotten. */
  restart(): void {
    this.transfer.stop()
    this.transfer = this.#transfer()
  }

  #transfer(): SnapshotTransfer {
    const count = (name: string, amount = 1) => this.counted.set(name, (this.counted.get(name) ?? 0) + amount)
    const ingress = {
      reject: (reason: string) => void count(`rejected.${reason}`),
      // A quorum signed the headers of the source, and nothing else.
      finality: (certificate: FinalityCertificate) =>
        this.source.header(certificate.cid)?.hash === certificate.header
          ? (certificate as Verified<FinalityCertificate>)
          : undefined,
    } as unknown as Ingress
    return new SnapshotTransfer(
      context,
      {
        clock: { ...fixedClock, monotonicMs: () => this.nowMs },
        counters: { add: count },
        logger: silent,
        ledger: this.target,
        ingress,
        send: (to, request) => this.#send(to, request),
        install: async (manifest, first) => {
          await this.target.install(manifest, first)
          this.installed = { height: manifest.sealed.header.height, first }
        },
        fatal: (error) => {
          this.failure = error
        },
      },
      true,
    )
  }

  #send(to: ReplicaId, request: SnapshotRequest): boolean {
    this.asked.push(request)
    const { transfer } = this
    const answered = async () => {
      const reply = await this.servers[to]?.answer(request)
      const said = reply && this.behaviours[to]?.(reply, request)
      if (said === undefined) return
      const parts = this.partsOf(to)
      await transfer.onReply(to, { ...said, chunks: said.chunks.slice(0, parts), blocks: said.blocks.slice(0, parts) })
    }
    const delayMs = this.delayMs(to)
    if (delayMs === 0) this.#replies.push(answered())
    else this.#late.push({ atMs: this.nowMs + delayMs, answer: answered })
    return true
  }

  #status(id: ReplicaId): Status {
    const { height } = this.source.tip().header
    const snapshot = this.servers[id]?.newest() ?? 0
    return statusOf({ finalized: height, oldest: height, snapshot })
  }

  async tick(): Promise<void> {
    this.nowMs += TICK_MS
    this.servers.forEach((_, id) => {
      this.transfer.onStatus(id, this.#status(id))
    })
    this.transfer.tick()
    const due = this.#late.filter(({ atMs }) => atMs <= this.nowMs)
    this.#late = this.#late.filter(({ atMs }) => atMs > this.nowMs)
    for (const { answer } of due) this.#replies.push(answer())
    while (this.#replies.length > 0) await this.#replies.shift()
    await this.transfer.idle()
  }

  /** @returns whether the snapshot was installed within that many ticks */
  async run(ticks = 400): Promise<boolean> {
    for (let i = 0; i < ticks && this.installed === undefined; i++) await this.tick()
    if (this.failure !== undefined) throw this.failure
    return this.installed !== undefined
  }
}

const serverOf = (ledger: LevelLedger): SnapshotServer => {
  const server = new SnapshotServer(context, { ledger, logger: silent }, { everyBlocks: 1_000_000 })
  server.start()
  return server
}

async function pulling(behaviours: readonly Behaviour[], database: Database = memoryDatabase()): Promise<Pulling> {
  const source = await openWith({ database: memoryDatabase() })
  await grow(source, 30, rows(2_500))
  const target = await openWith({ database })
  return new Pulling(
    source,
    target,
    behaviours.map(() => serverOf(source)),
    behaviours,
  )
}

async function expectSame({ source, target, installed }: Pulling, database: Database): Promise<void> {
  expect(target.tip().hash).toBe(source.header(installed?.height ?? 0)?.hash)
  expect((await verifyLedger({ database }, { suite: nativeSuite })).problems).toEqual([])
}

type Part = 'manifest' | 'chunks' | 'blocks'

/** Changes one byte of each of some parts of a reply. */
function liar(at: number, flip: number, parts: readonly Part[] = ['manifest', 'chunks', 'blocks']): Behaviour {
  const spoil = (part: Part, bytes: Uint8Array): Uint8Array => {
    const changed = Uint8Array.from(bytes)
    if (!parts.includes(part) || changed.length === 0) return changed
    changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip
    return changed
  }
  return ({ height, manifest, chunks, blocks }) => ({
    height,
    manifest: spoil('manifest', manifest),
    chunks: chunks.map((bytes) => spoil('chunks', bytes)),
    blocks: blocks.map((bytes) => spoil('blocks', bytes)),
  })
}

describe('the transfer of a snapshot', () => {
  it('brings state and window, from several peers at once', async () => {
    const database = memoryDatabase()
    const pull = await pulling([honest, honest, honest], database)
    expect(await pull.run()).toBe(true)
    // 10 blocks and the one at the edge are within the dedup window, 4 are two windows of consensus.
    expect(pull.installed).toEqual({ height: 30, first: 16 })
    expect(pull.counted.get('snapshot.chunks')).toBeGreaterThan(3)
    await expectSame(pull, database)
  })

  it('goes on without peers that are silent, have nothing, or lie', async () => {
    const database = memoryDatabase()
    const pull = await pulling([silentPeer, without, liar(3, 1), honest], database)
    expect(await pull.run(2_000)).toBe(true)
    await expectSame(pull, database)
  })

  it('T6: is not held up by a peer that gives one part every 4.7 s: others are asked for what is late (fault 12)', async () => {
    const quick = await pulling([honest, honest, honest])
    expect(await quick.run()).toBe(true)
    const quickMs = quick.nowMs
    for (const drip of [0, 1, 2]) {
      const database = memoryDatabase()
      const network = await pulling(
        [0, 1, 2].map(() => honest),
        database,
      )
      network.delayMs = (to) => (to === drip ? 4_700 : 0)
      network.partsOf = (to) => (to === drip ? 1 : Number.POSITIVE_INFINITY)
      expect(await network.run()).toBe(true)
      expect(network.nowMs - quickMs).toBeLessThan(15_000)
      await expectSame(network, database)
    }
  })

  it('never installs a lie, whatever byte of whatever part it is in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(4_000),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom<Part>('manifest', 'chunks', 'blocks'),
        async (at, flip, part) => {
          const database = memoryDatabase()
          const pull = await pulling([liar(at, flip, [part]), liar(at + 1, flip, [part])], database)
          if (await pull.run(60)) await expectSame(pull, database)
          else expect(pull.target.tip().header.height).toBe(0)
        },
      ),
      { numRuns: 24 },
    )
  })

  it('takes no blocks whose certificates were left out: nobody could prove them final', async () => {
    const stripped: Behaviour = (reply) => ({ ...reply, blocks: reply.blocks.map(withoutCertificate) })
    const source = await openWith({ database: memoryDatabase() })
    await grow(source, LIMITS.windowMax + 40, [], TIME_PER_BLOCK_MS / 10)
    const database = memoryDatabase()
    const pull = new Pulling(source, await openWith({ database }), [serverOf(source), serverOf(source)], [stripped])
    expect(await pull.run(40)).toBe(false)
    expect(pull.counted.get('rejected.bad-snapshot')).toBeGreaterThan(0)
    const honestToo = new Pulling(source, pull.target, pull.servers, [stripped, honest])
    expect(await honestToo.run()).toBe(true)
    await expectSame(honestToo, database)
  })

  it('counts every kind of lie', async () => {
    for (const [name, reason] of [
      ['manifest', 'bad-manifest'],
      ['chunks', 'bad-chunk'],
      ['blocks', 'bad-'],
    ] as const) {
      const pull = await pulling([liar(30, 1, [name])])
      expect(await pull.run(40)).toBe(false)
      const counted = [...pull.counted.keys()].filter((key) => key.startsWith(`rejected.${reason}`))
      expect(counted, name).not.toEqual([])
    }
  })

  it('continues after a restart with what it has', async () => {
    const database = memoryDatabase()
    const pull = await pulling([honest], database)
    let chunks = 0
    pull.behaviours[0] === honest || expect.fail()
    const stingy = new Pulling(pull.source, pull.target, pull.servers, [
      (reply) => {
        chunks += reply.chunks.length === 0 ? 0 : 1
        return { ...reply, chunks: chunks > 3 ? [] : reply.chunks.slice(0, 1), blocks: reply.blocks.slice(0, 3) }
      },
    ])
    expect(await stingy.run(20)).toBe(false)
    const before = stingy.counted.get('snapshot.chunks') ?? 0
    expect(before).toBeGreaterThan(0)
    pull.restart()
    expect(await pull.run()).toBe(true)
    const roots = (await pull.source.snapshot().chunks())?.length ?? 0
    expect(pull.counted.get('snapshot.chunks')).toBe(roots - before)
    await expectSame(pull, database)
  })

  it('moves on with its peers to a newer snapshot and pulls only what changed', async () => {
    const database = memoryDatabase()
    const onlyChunks: Behaviour = (reply, { fromHeight }) => (fromHeight > 0 ? undefined : reply)
    const first = await pulling([onlyChunks, onlyChunks], database)
    const noBlocks = new Pulling(first.source, first.target, first.servers, [onlyChunks, onlyChunks])
    expect(await noBlocks.run(20)).toBe(false)
    const before = noBlocks.counted.get('snapshot.chunks') ?? 0
    expect(before).toBeGreaterThan(3)
    await grow(first.source, 5, [{ key: 'key/1', value: utf8('changed') }])
    const moved = new Pulling(first.source, first.target, [serverOf(first.source)], [honest])
    expect(await moved.run()).toBe(true)
    expect(moved.installed?.height).toBe(35)
    // The chunk of the key, and that of the key that every block changes.
    expect(moved.counted.get('snapshot.chunks')).toBeLessThanOrEqual(2)
    await expectSame(moved, database)
  })

  it('begins only for a reason', async () => {
    const pull = await pulling([honest, honest])
    const status = (oldest: Height, snapshot: Height): Status => statusOf({ finalized: 30, oldest, snapshot })
    const settle = async (statuses: readonly Status[], ticks: number) => {
      for (let i = 0; i < ticks; i++) {
        pull.nowMs += TICK_MS
        for (const [id, said] of statuses.entries()) pull.transfer.onStatus(id, said)
        pull.transfer.tick()
      }
      return pull.asked.length
    }
    expect(await settle([], 10)).toBe(0)
    // One peer holds all blocks.
    expect(await settle([status(1, 30), status(20, 30)], 40)).toBe(0)
    // One claims so and gives none, while more than f have pruned them: it is believed for a while only.
    const claims = [status(1, 30), status(20, 30), status(20, 30)]
    expect(await settle(claims, 20)).toBe(0)
    const other = await pulling([honest, honest, honest])
    for (let i = 0; i < 130; i++) {
      other.nowMs += TICK_MS
      for (const [id, said] of claims.entries()) other.transfer.onStatus(id, said)
      other.transfer.tick()
    }
    expect(other.asked.length).toBeGreaterThan(0)
    // Nobody offers a snapshot.
    const none = [status(20, 0), status(20, 0), status(20, 0)]
    expect(await settle(none, 10)).toBe(0)
    // Far behind.
    const far = { ...status(1, 6_000), finalized: 6_000 }
    expect(await settle([far, far, far], 10)).toBe(1)
  })
})
