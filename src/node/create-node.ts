import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createApi } from '../api/index.js'
import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { sealHeader } from '../codec/block.js'
import { genesisHeader } from '../codec/genesis.js'
import { type CoreTimings, DEFAULT_TIMINGS } from '../consensus/index.js'
import { BUILT_IN_CONTRACTS, createRuntime, type Runtime } from '../contracts/index.js'
import { nativeSuite } from '../crypto/native.js'
import {
  type LedgerGenesis,
  type LogFile,
  type LogFileSystem,
  nodeLogFileSystem,
  openLedger,
  openWriteAheadLog,
  stateRootOf,
} from '../ledger/index.js'
import { decodeTransportKey } from '../p2p/keys.js'
import { createLibp2pTransport } from '../p2p/libp2p-transport.js'
import type { KeyRing, Ledger, Logger, SignatureVerifier, Transport } from '../ports.js'
import {
  contextOf,
  DEFAULT_LANE,
  DEFAULT_PROPOSALS,
  type LaneOptions,
  Replica,
  type ReplicaContext,
  type SnapshotOptions,
} from '../replica/index.js'
import type { Digest, Genesis, ReplicaInfo } from '../types/index.js'
import type { NodeConfig } from './config.js'
import { CounterMap } from './counters.js'
import { FileKeyRing } from './key-ring.js'
import { type ReplicaKeys, readReplicaKeys } from './keystore.js'
import { tokenHash } from './network-files.js'
import { inlineVerifier, workerVerifier } from './signature-pool.js'
import { ed25519PublicKey } from './signer.js'
import { areVotesLost, countStart } from './starts.js'
import { systemClock } from './system-clock.js'

/** A replica with its adapters, and what the API shows of them. */
export interface Node {
  readonly replica: Replica
  readonly context: ReplicaContext
  readonly ledger: Ledger
  readonly runtime: Runtime
  readonly transport: Transport
  readonly counters: CounterMap
  /** Where its API is. */
  readonly url: string
  stop(): Promise<void>
}

export interface NodeOptions {
  readonly logger: Logger
  readonly timings?: Partial<CoreTimings>
  readonly lane?: Partial<LaneOptions>
  readonly proposals?: Partial<typeof DEFAULT_PROPOSALS>
  /** Stands between the replica and its transport: for tests and benchmarks. */
  readonly wrapTransport?: (transport: Transport, context: ReplicaContext, keys: KeyRing) => Transport
}

/**
 * Builds and starts a replica: the only place where adapters are made. What fails half way is closed again.
 * @throws EtalonError with a remedy, for whatever an operator can mend
 */
export async function createNode(config: NodeConfig, options: NodeOptions): Promise<Node> {
  const { genesisDocument: genesis } = config
  const keys = readReplicaKeys(config.keys)
  const info = replicaInfo(genesis, config, keys)
  const context = contextOf(genesis, info, nativeSuite)
  const counters = new CounterMap()
  const runtime = createRuntime({
    contracts: BUILT_IN_CONTRACTS,
    suite: nativeSuite,
    genesis,
    onFault: ({ contract, method, error }) => {
      counters.add('contract-faults')
      options.logger.error({ contract, method, problem: String(error) }, 'a contract failed')
    },
  })
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const opened: { close(): Promise<unknown> }[] = []
  try {
    const votesLost = areVotesLost(config)
    const ledger = await openLedger({
      path: join(config.data, 'ledger'),
      networkId: toHex(context.networkId),
      genesis: genesisBlock(genesis, runtime),
      suite: nativeSuite,
      logger: options.logger,
      sync: config.sync ?? true,
    })
    opened.push(ledger)
    const fileSystem = config.sync === false ? unsynced(nodeLogFileSystem) : nodeLogFileSystem
    const wal = await openWriteAheadLog({ path: join(config.data, 'wal'), fileSystem, logger: options.logger })
    opened.push(wal)
    const start = countStart(config)
    const transport = createLibp2pTransport({
      privateKey: await decodeTransportKey(keys.transportSeed),
      self: info.id,
      networkId: toHex(context.networkId),
      listen: config.listen,
      peers: [],
      security: config.security ?? 'both',
      logger: options.logger,
    })
    const verifier = createVerifier(config)
    opened.push(verifier)
    const keyRing = new FileKeyRing(config.keys, keys)
    const addressed = withAddresses(transport, config.peers)
    const replica = new Replica(
      context,
      {
        clock: systemClock,
        keys: keyRing,
        verifier,
        transport: options.wrapTransport?.(addressed, context, keyRing) ?? addressed,
        wal,
        ledger,
        runtime,
        suite: nativeSuite,
        logger: options.logger,
        counters,
      },
      {
        votesLost,
        start,
        timings: { ...DEFAULT_TIMINGS, ...options.timings },
        lane: { ...DEFAULT_LANE, ...options.lane },
        ...DEFAULT_PROPOSALS,
        ...options.proposals,
        snapshots: snapshotOptions(config),
      },
    )
    // From here on the replica closes what it was given.
    opened.splice(0, opened.length, { close: () => replica.stop() })
    await replica.start()
    const api = await createApi(config.api, {
      replica,
      context,
      ledger,
      runtime,
      logger: options.logger,
      counters: () => allCounters(counters, transport),
      authenticate: authenticator(config),
    })
    const stop = async (): Promise<void> => {
      await api.close()
      await replica.stop()
    }
    return { replica, context, ledger, runtime, transport, counters, url: api.url, stop }
  } catch (error) {
    for (const module of opened.reverse()) await module.close().catch(() => undefined)
    throw error
  }
}

function snapshotOptions({ retainBlocks, snapshotEveryBlocks }: NodeConfig): SnapshotOptions {
  return {
    ...(retainBlocks === undefined ? {} : { retainBlocks }),
    ...(snapshotEveryBlocks === undefined ? {} : { everyBlocks: snapshotEveryBlocks }),
  }
}

export function genesisBlock(genesis: Genesis, runtime: Runtime): LedgerGenesis {
  const changes = runtime.genesisState()
  const { sha256 } = nativeSuite
  const header = genesisHeader(sha256, genesis, stateRootOf(sha256, changes), runtime.contractSetHash)
  return { sealed: sealHeader(sha256, header), changes }
}

/** Hash of the header of height 0, which a light client needs to check the state of a network without any block yet. */
export function genesisHashOf(genesis: Genesis): Digest {
  const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis })
  return genesisBlock(genesis, runtime).sealed.hash
}

/** Who this replica is: as the genesis names it, or as the config does for one that joined later. */
function replicaInfo(
  genesis: Genesis,
  config: NodeConfig,
  keys: ReplicaKeys,
): Pick<ReplicaInfo, 'id' | 'organization'> {
  const { replica: id, organization } = config
  const info = genesis.replicas.find((replica) => replica.id === id)
  if (info === undefined && organization !== undefined) return { id, organization }
  if (info === undefined) {
    throw new EtalonError(
      'config/not-in-genesis',
      `the genesis names no replica ${id}, and the config names no organization for one that joins later`,
      'check `replica` in the config and that the genesis file is the right one; a replica that joins needs `organization`',
    )
  }
  if (keys.erased === 0 && info.consensusKey !== toHex(ed25519PublicKey(keys.consensusSeeds[0] as Uint8Array))) {
    throw new EtalonError(
      'config/wrong-key',
      `the key file is not that of replica ${id}`,
      'check `keys` in the config; each replica has a key file of its own',
    )
  }
  return info
}

/** Peers are dialled where the config says, if it does. */
function withAddresses(transport: Transport, addresses: NodeConfig['peers']): Transport {
  const peers = (infos: readonly ReplicaInfo[]): readonly ReplicaInfo[] =>
    infos.map((info) => ({ ...info, addresses: addresses?.[info.id] ?? info.addresses }))
  return {
    start: (handler) => transport.start(handler),
    setPeers: (infos) => transport.setPeers(peers(infos)),
    send: (to, traffic, frame) => transport.send(to, traffic, frame),
    connected: () => transport.connected(),
    addresses: () => transport.addresses(),
    counters: () => transport.counters(),
    stop: () => transport.stop(),
  }
}

function* allCounters(counters: CounterMap, transport: Transport): Iterable<readonly [string, number]> {
  yield* counters.entries()
  for (const [name, count] of Object.entries(transport.counters())) yield [`p2p.${name}`, count]
}

function authenticator(config: NodeConfig): (token: string) => string | undefined {
  const clients = new Map(config.clients?.map(({ name, tokenHash }) => [tokenHash, name]))
  return (token) => clients.get(tokenHash(token))
}

/** For measurements only: what a crash of the machine takes is lost. */
function unsynced(fileSystem: LogFileSystem): LogFileSystem {
  const withoutSync = async (file: Promise<LogFile>): Promise<LogFile> => ({
    ...(await file),
    datasync: async () => undefined,
  })
  return {
    ...fileSystem,
    open: (path) => withoutSync(fileSystem.open(path)),
    create: (path) => withoutSync(fileSystem.create(path)),
  }
}

/** One worker per core that this process may have to itself, at most four; on small machines one. */
function createVerifier(config: NodeConfig): SignatureVerifier {
  const workers = config.verifyWorkers ?? Math.min(4, Math.max(1, availableParallelism() - 1))
  const url = new URL('./signature-worker.js', import.meta.url)
  return workers === 0 ? inlineVerifier(nativeSuite) : workerVerifier(workers, nativeSuite, url)
}
