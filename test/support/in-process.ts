import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryLevel } from 'memory-level'
import { type Api, createApi } from '../../src/api/index.js'
import { fromHex, toHex } from '../../src/base/bytes.js'
import { type ClientSigner, type EncodedTransaction, encodeCall, type Identity } from '../../src/client/index.js'
import { decodeReceipt } from '../../src/codec/block.js'
import type { Status } from '../../src/codec/frame.js'
import { DEFAULT_PARAMETERS, validityMs } from '../../src/codec/genesis.js'
import { decodeLogRecord } from '../../src/codec/wal.js'
import { type CoreTimings, DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { BUILT_IN_CONTRACTS, createRuntime, type Runtime } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { type Database, openLedger, openWriteAheadLog } from '../../src/ledger/index.js'
import { CounterMap } from '../../src/node/counters.js'
import { genesisBlock } from '../../src/node/create-node.js'
import { inlineVerifier } from '../../src/node/signature-pool.js'
import { createSigner, ed25519PublicKey } from '../../src/node/signer.js'
import { systemClock } from '../../src/node/system-clock.js'
import { createMemoryNetwork, type MemoryNetwork } from '../../src/p2p/memory-transport.js'
import type { KeyRing, Ledger, Logger, WriteAheadLog } from '../../src/ports.js'
import {
  contextOf,
  DEFAULT_LANE,
  DEFAULT_PROPOSALS,
  type Outcome,
  Replica,
  type SnapshotOptions,
} from '../../src/replica/index.js'
import { type Genesis, ROLES } from '../../src/types/index.js'

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** A different 32-byte seed for each text; tests only. */
export const testSeed = (text: string): Uint8Array => nativeSuite.sha256(new TextEncoder().encode(`seed ${text}`))

export function testSigner(text: string): ClientSigner {
  const seed = testSeed(text)
  return { keyType: 'ed25519', publicKey: toHex(ed25519PublicKey(seed)), sign: createSigner(seed).sign }
}

/** One organization per replica, with every role, an admin key and a client key. */
export function testGenesis(n: number, changes: Partial<Genesis['parameters']> = {}, organizations = n): Genesis {
  const ids = Array.from({ length: n }, (_, id) => id)
  return {
    format: 'etalon-genesis-1',
    network: 'test',
    createdMs: 1_700_000_000_000,
    organizations: Array.from({ length: organizations }, (_, id) => ({
      id: `org${id}`,
      name: `Organization ${id}`,
      roles: ROLES,
      members: [
        { name: 'admin', keyType: 'ed25519', publicKey: testSigner(`admin ${id}`).publicKey, kind: 'admin' },
        { name: 'client', keyType: 'ed25519', publicKey: testSigner(`client ${id}`).publicKey, kind: 'client' },
      ],
    })),
    replicas: ids.map((id) => ({ id, ...testReplica(id) })),
    parameters: { ...DEFAULT_PARAMETERS, ...changes },
  }
}

/** What a proposal to add a replica names. */
export const testReplica = (id: number) => ({
  organization: `org${id}`,
  consensusKey: toHex(ed25519PublicKey(testSeed(`replica ${id}`))),
  peerId: `peer${id}`,
  addresses: [`/memory/${id}`],
})

export interface InProcessReplica {
  readonly replica: Replica
  readonly ledger: Ledger
  readonly runtime: Runtime
  readonly counters: CounterMap
}

/** What became of a call that was executed. */
export interface ReceiptOutcome {
  readonly height: number
  readonly code: string
  readonly result: unknown
}

/** Bearer token of the client that the served replicas vouch for. */
export const TEST_TOKEN = 'token-of-the-meter-reader'
export const TEST_CLIENT = 'meter-reader'

/** Replicas in this process over a memory transport, with real logs and ledgers (in memory, kept over restarts). */
export class InProcessNetwork {
  readonly genesis: Genesis
  readonly network: MemoryNetwork = createMemoryNetwork()
  readonly folder = mkdtempSync(join(tmpdir(), 'etalon-test-'))
  readonly replicas: (InProcessReplica | undefined)[]
  /** How long the write of a run of blocks to a ledger takes, ms. */
  ledgerWriteDelayMs = 0
  /** How long a sync of a replica's log takes, ms. */
  logSyncDelayMs = 0
  /** Of the replicas started from now on. */
  snapshots: SnapshotOptions = {}
  readonly #databases: Database[]
  readonly #timings: CoreTimings
  readonly #apis: Api[] = []
  readonly #keys: TestKeyRing[] = []
  readonly #starts: number[] = []

  constructor(
    n: number,
    timings: Partial<CoreTimings> = {},
    parameters: Partial<Genesis['parameters']> = {},
    organizations = n,
  ) {
    this.genesis = testGenesis(n, parameters, organizations)
    this.#timings = { ...DEFAULT_TIMINGS, ...timings }
    this.replicas = Array.from({ length: n }, () => undefined)
    this.#databases = Array.from({ length: organizations }, () => newDatabase(() => this.ledgerWriteDelayMs))
  }

  static async start(n: number, timings: Partial<CoreTimings> = {}): Promise<InProcessNetwork> {
    const network = new InProcessNetwork(n, timings)
    await Promise.all(network.replicas.map((_, id) => network.start(id)))
    return network
  }

  get(id: number): InProcessReplica {
    const replica = this.replicas[id]
    if (replica === undefined) throw new Error(`replica ${id} is not running`)
    return replica
  }

  /** @param warn told of what the replica warns of */
  async start(
    id: number,
    { warn = silent.warn, ...options }: { readonly votesLost?: boolean; readonly warn?: Logger['warn'] } = {},
  ): Promise<InProcessReplica> {
    const { genesis } = this
    const info = { id, ...testReplica(id) }
    const database = this.#databases[id]
    if (database === undefined) throw new Error(`no replica ${id}`)
    const context = contextOf(genesis, info, nativeSuite)
    const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis })
    const ledger = await openLedger({
      database,
      networkId: toHex(context.networkId),
      genesis: genesisBlock(genesis, runtime),
      suite: nativeSuite,
    })
    const log = await openWriteAheadLog({ path: join(this.folder, `wal-${id}`) })
    const wal = slowSync(log, () => this.logSyncDelayMs)
    const counters = new CounterMap()
    const transport = this.network.transport({
      self: id,
      peerId: info.peerId,
      networkId: 'test',
      peers: genesis.replicas,
    })
    const verifier = inlineVerifier(nativeSuite)
    const modules = { clock: systemClock, keys: this.keys(id), verifier, transport, wal, ledger, runtime, counters }
    const replica = new Replica(
      context,
      { ...modules, suite: nativeSuite, logger: { ...silent, warn } },
      {
        timings: this.#timings,
        lane: DEFAULT_LANE,
        ...DEFAULT_PROPOSALS,
        snapshots: this.snapshots,
        start: this.#nextStart(id),
        ...options,
      },
    )
    await replica.start()
    const running = { replica, ledger, runtime, counters }
    this.replicas[id] = running
    return running
  }

  #nextStart(id: number): number {
    const start = (this.#starts[id] ?? 0) + 1
    this.#starts[id] = start
    return start
  }

  /** Of a replica; kept over restarts. */
  keys(id: number): TestKeyRing {
    const keys = this.#keys[id] ?? new TestKeyRing(`replica ${id}`)
    this.#keys[id] = keys
    return keys
  }

  async stop(id: number): Promise<void> {
    const running = this.replicas[id]
    this.replicas[id] = undefined
    await running?.replica.stop()
  }

  /**
   * Ends a replica as a loss of power does: it says nothing any more, and its log lacks the mark of an orderly stop. What it had promised
   * is on its disk.
   */
  async crash(id: number): Promise<void> {
    const others = this.replicas.map((_, other) => other).filter((other) => other !== id)
    for (const other of others) this.network.disconnect(id, other)
    await this.stop(id)
    await this.#eraseMark(id)
    for (const other of others) this.network.reconnect(id, other)
  }

  async #eraseMark(id: number): Promise<void> {
    const log = await openWriteAheadLog({ path: join(this.folder, `wal-${id}`) })
    await log.rewrite([...log.records()].filter((bytes) => decodeLogRecord(bytes)?.kind !== 'mark'))
    await log.close()
  }

  /** Serves the API of a running replica at a free port. */
  async serve(id: number): Promise<string> {
    const { replica, ledger, runtime, counters } = this.get(id)
    const { context } = replica
    const modules = { replica, context, ledger, runtime, logger: silent, counters: () => counters.entries() }
    const authenticate = (token: string) => (token === TEST_TOKEN ? TEST_CLIENT : undefined)
    const api = await createApi({ host: '127.0.0.1', port: 0 }, { ...modules, authenticate })
    this.#apis.push(api)
    return api.url
  }

  /** Takes ledger and log of a stopped replica. */
  loseDisk(id: number): void {
    this.loseLedger(id)
    rmSync(join(this.folder, `wal-${id}`), { force: true })
  }

  /** The database of a replica's ledger, also while it is stopped. */
  database(id: number): Database {
    const database = this.#databases[id]
    if (database === undefined) throw new Error(`no replica ${id}`)
    return database
  }

  /** Puts an empty ledger in the place of a stopped replica's; its log stays. */
  loseLedger(id: number): void {
    this.#databases[id] = newDatabase(() => this.ledgerWriteDelayMs)
  }

  async close(): Promise<void> {
    await Promise.all(this.#apis.map((api) => api.close()))
    await Promise.all(this.replicas.map((_, id) => this.stop(id)))
    rmSync(this.folder, { recursive: true, force: true })
  }

  identity(organization: number, who = 'client'): Identity {
    return { organization: `org${organization}`, signer: testSigner(`${who} ${organization}`) }
  }

  get #validForMs(): number {
    return validityMs(this.genesis.parameters, 30_000)
  }

  async encode(identity: Identity, contract: string, method: string, args: unknown, validForMs = this.#validForMs) {
    const networkId = this.get(this.replicas.findIndex((replica) => replica !== undefined)).replica.context.networkId
    const call = { contract, method, args, validUntilMs: Date.now() + validForMs }
    return await encodeCall({ networkId, sha256: nativeSuite.sha256 }, identity, call)
  }

  submit(id: number, transaction: EncodedTransaction, client?: string): Promise<Outcome> {
    const submitter = client === undefined ? {} : { client }
    return new Promise((resolve) => this.get(id).replica.submit(transaction.bytes, submitter, resolve))
  }

  /** Submits a call and waits for its receipt. */
  async call(id: number, identity: Identity, contract: string, method: string, args: unknown): Promise<ReceiptOutcome> {
    const outcome = await this.submit(id, await this.encode(identity, contract, method, args))
    if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.detail}`)
    const { block, index } = outcome
    const receipt = decodeReceipt(block.receipts[index] ?? new Uint8Array())
    const result =
      receipt === undefined || receipt.result.length === 0
        ? undefined
        : JSON.parse(Buffer.from(receipt.result).toString())
    return { height: block.sealed.header.height, code: receipt?.code ?? '', result }
  }

  /**
   * Proposes changes of the view and has organizations vote until they are approved, all through replica 0.
   * @param proposed what is waited for before the votes
   */
  async changeView(
    changes: readonly object[],
    voters: readonly number[],
    proposed: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const govern = async (organization: number, method: string, args: unknown) => {
      const outcome = await this.call(0, this.identity(organization, 'admin'), 'governance', method, args)
      if (outcome.code !== '') throw new Error(outcome.code)
      return outcome.result as { readonly proposal: number; readonly status?: string }
    }
    const expiresMs = Date.now() + 3_600_000
    const { proposal } = await govern(voters[0] ?? 0, 'propose', { title: 'a change', changes, expiresMs })
    await proposed()
    for (const voter of voters) {
      if ((await govern(voter, 'vote', { proposal, approve: true })).status === 'approved') return
    }
    throw new Error('the votes do not make a quorum')
  }

  /** Appends a log entry, signed by the client of an organization, through a replica. */
  async append(id: number, payload: string, organization = id): Promise<Outcome> {
    const args = { category: 'test', subject: 'subject', payload }
    return this.submit(id, await this.encode(this.identity(organization), 'logbook', 'append', args))
  }
}

/** Consensus keys from a text, one after another. */
export class TestKeyRing implements KeyRing {
  readonly #text: string
  #made = 1
  #oldest = 0
  #named: readonly string[] = []

  constructor(text: string) {
    this.#text = text
  }

  held(): readonly string[] {
    return Array.from({ length: this.#made - this.#oldest }, (_, i) => this.#key(this.#oldest + i))
  }

  signer(publicKey: string) {
    const at = this.held().indexOf(publicKey)
    return at < 0 ? undefined : createSigner(this.#seed(this.#oldest + at))
  }

  next(): string {
    if (this.#named.includes(this.#key(this.#made - 1))) this.#made += 1
    return this.#key(this.#made - 1)
  }

  retain(publicKeys: readonly string[]): void {
    this.#named = publicKeys
    const at = this.held().findIndex((key) => publicKeys.includes(key))
    if (at > 0) this.#oldest += at
  }

  #seed(i: number): Uint8Array {
    return testSeed(i === 0 ? this.#text : `${this.#text} key ${i}`)
  }

  #key(i: number): string {
    return toHex(ed25519PublicKey(this.#seed(i)))
  }
}

/** A database whose content outlives `close`, as a disk's does, and whose batches can be made slow to write. */
function newDatabase(writeDelayMs: () => number): Database {
  const database = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer', storeEncoding: 'buffer' })
  return new Proxy(database, {
    get(target, property) {
      if (property === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      const call = value.bind(target) as (...args: unknown[]) => unknown
      if (property !== 'batch') return call
      return (...args: unknown[]) => {
        const batch = call(...args)
        return args.length > 0 ? batch : slowWrite(batch as ChainedBatch, writeDelayMs)
      }
    },
  }) as unknown as Database
}

interface ChainedBatch {
  write: (options?: unknown) => Promise<void>
}

function slowWrite(batch: ChainedBatch, delayMs: () => number): ChainedBatch {
  const write = batch.write.bind(batch)
  batch.write = async (options) => {
    if (delayMs() > 0) await new Promise((resolve) => setTimeout(resolve, delayMs()))
    await write(options)
  }
  return batch
}

/** A log whose syncs can be made slow. */
function slowSync(log: WriteAheadLog, delayMs: () => number): WriteAheadLog {
  const sync = log.sync.bind(log)
  log.sync = async () => {
    await sync()
    if (delayMs() > 0) await new Promise((resolve) => setTimeout(resolve, delayMs()))
  }
  return log
}

/** What a peer says that stands at a final height and is level with it, but for the changes. */
export function statusOf({ finalized, ...changes }: Partial<Status> & Pick<Status, 'finalized'>): Status {
  const level = { view: 0, regency: 1, asked: 1, executed: finalized, finalized, silentUntil: 0, awaitsSync: false }
  return { ...level, lanes: [], roundTripMs: 0, oldest: 1, snapshot: 0, ...changes }
}

/** Waits until a condition holds, looking every few milliseconds. */
export async function until(condition: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const unhex = (text: string): Uint8Array => fromHex(text) as Uint8Array
