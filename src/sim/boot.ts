import { toHex } from '../base/bytes.js'
import type { Random } from '../base/random.js'
import { type CoreTimings, DEFAULT_TIMINGS } from '../consensus/index.js'
import { BUILT_IN_CONTRACTS, createRuntime } from '../contracts/index.js'
import { openLedger, openWriteAheadLog } from '../ledger/index.js'
import type { Ledger, Logger, NewBlock, SignatureVerifier, Transport, WriteAheadLog } from '../ports.js'
import { WAL_BYTES_MAX } from '../replica/effect-runner.js'
import { contextOf, DEFAULT_LANE, DEFAULT_PROPOSALS, Replica, type SnapshotOptions } from '../replica/index.js'
import type { Genesis } from '../types/index.js'
import type { SimCrypto } from './crypto.js'
import { genesisBlock, organizationName } from './genesis.js'
import type { Machine, Running } from './machine.js'
import { ObservedLedger } from './observed-ledger.js'
import type { SimProcess } from './process.js'

/** The ledger is read for damage so often, ms: rarely, since reading a simulated disk in order is slow. */
const CARE_MS = 60_000

/** Ticks and statuses come less often than in a node, since most of a simulated hour goes into them. */
const CALM_TIMINGS = { tickMs: 200, statusMs: 2_000 } as const

const LOG_PATH = 'wal'
/** A log is compacted when it has grown by so much, bytes: a few blocks. */
export const LOG_BYTES_MAX = 16 * 1024

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** What all replicas of a world share. */
export interface BootOptions {
  readonly genesis: Genesis
  readonly crypto: SimCrypto
  readonly random: Random
  readonly timings?: Partial<CoreTimings>
  readonly snapshots?: SnapshotOptions
  /** Growth of a log after which it is compacted, bytes. */
  readonly logBytesMax?: number
}

/** Where one life of a replica runs, and who hears of it. */
export interface Life {
  readonly machine: Machine
  readonly process: SimProcess
  readonly transport: Transport
  /** Start counter of the key, this start included. */
  readonly start: number
  readonly votesLost: boolean
  readonly onWritten: (block: NewBlock) => void
  readonly onCount: (name: string, amount: number) => void
  readonly onContractFault: (text: string) => void
}

/** The second composition root: assembles the production replica over a fake clock, network and disk; `undefined` when the process died meanwhile. */
export async function boot(options: BootOptions, life: Life): Promise<Running | undefined> {
  const { genesis, crypto, random, timings, snapshots } = options
  const { machine, process, transport, start, votesLost, onCount } = life
  const { suite } = crypto
  const context = contextOf(genesis, { id: machine.id, organization: organizationName(machine.organization) }, suite)
  const onFault = ({ contract, method, error }: { contract: string; method: string; error: unknown }): void =>
    life.onContractFault(`contract ${contract}.${method}: ${String(error)}`)
  const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite, genesis, onFault })
  const opened = await openLedger({
    database: machine.database.mount(process),
    networkId: toHex(context.networkId),
    genesis: genesisBlock(suite.sha256, genesis, runtime),
    suite,
  })
  const fileSystem = machine.disk.mount(process)
  const log = await openWriteAheadLog({ path: LOG_PATH, fileSystem, salt: () => random.uint32() })
  if (process.dead) return undefined
  const ledger: Ledger = new ObservedLedger(opened, life.onWritten)
  const replica = new Replica(
    context,
    {
      clock: process.clock,
      keys: machine.keys,
      verifier: verifierOf(crypto, process),
      transport,
      wal: scaled(log, options.logBytesMax ?? LOG_BYTES_MAX, () => onCount('compactions', 1)),
      ledger,
      runtime,
      suite,
      logger: silent,
      counters: { add: (name, amount = 1) => onCount(name, amount) },
    },
    {
      timings: { ...DEFAULT_TIMINGS, ...CALM_TIMINGS, ...timings },
      lane: DEFAULT_LANE,
      ...DEFAULT_PROPOSALS,
      snapshots: { careMs: CARE_MS, ...snapshots },
      start,
      votesLost,
    },
  )
  return { process, replica, ledger, context }
}

/** Checks signatures a moment later, as worker threads do. */
function verifierOf({ suite }: SimCrypto, process: SimProcess): SignatureVerifier {
  return {
    verify: async (jobs) => {
      await process.delay(1)
      return jobs.map(({ keyType, publicKey, message, signature }) =>
        keyType === 'ed25519'
          ? suite.verifyEd25519(publicKey, message, signature)
          : suite.verifyP256(publicKey, message, signature),
      )
    },
    close: async () => undefined,
  }
}

/** Counts its bytes so many times over that it is compacted every few blocks. */
function scaled(log: WriteAheadLog, bytesMax: number, onRewrite: () => void): WriteAheadLog {
  const scale = WAL_BYTES_MAX / bytesMax
  return {
    records: () => log.records(),
    append: (record) => log.append(record),
    sync: () => log.sync(),
    size: () => log.size() * scale,
    rewrite: (records) => {
      onRewrite()
      return log.rewrite(records)
    },
    close: () => log.close(),
  }
}
