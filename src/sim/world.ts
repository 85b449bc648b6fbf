import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { networkIdOf } from '../codec/genesis.js'
import { type CoreTimings, DEFAULT_TIMINGS } from '../consensus/index.js'
import { BUILT_IN_CONTRACTS, createRuntime } from '../contracts/index.js'
import { openLedger, openWriteAheadLog } from '../ledger/index.js'
import type { Ledger, Logger, SignatureVerifier, WriteAheadLog } from '../ports.js'
import {
  contextOf,
  DEFAULT_LANE,
  DEFAULT_PROPOSALS,
  type FinalBlock,
  type OnOutcome,
  Replica,
  type ReplicaContext,
  type SnapshotOptions,
  type Submitter,
} from '../replica/index.js'
import type { Digest, Genesis, Height, ReplicaId, Signed } from '../types/index.js'
import type { Adversary } from './adversary/adversary.js'
import { SimCrypto } from './crypto.js'
import { SimDatabase } from './database.js'
import { SimDisk } from './disk.js'
import { genesisBlock, organizationName, replicaKeyName, simGenesis } from './genesis.js'
import { SimKeyRing } from './key-ring.js'
import { type Address, type LinkQuality, SimNetwork } from './network.js'
import { ObservedLedger } from './observed-ledger.js'
import { SimProcess } from './process.js'
import { Promises, viewProblem } from './promises.js'
import { Scheduler } from './scheduler.js'
import { Spoken } from './spoken.js'
import { Trace } from './trace.js'
import type { Violation, ViolationKind } from './violation.js'

/** A block that a replica executed and holds durably. */
export interface SeenBlock {
  readonly height: Height
  readonly hash: Digest
  readonly transactions: readonly Digest[]
}

/** What checkers listen to. */
export interface WorldEvents {
  readonly executed: (machine: Machine, block: SeenBlock) => void
  readonly final: (machine: Machine, block: FinalBlock) => void
  /** A replica went down by itself, with a reason. */
  readonly halted: (machine: Machine, code: string) => void
}

/** A replica that runs. */
export interface Running {
  readonly process: SimProcess
  readonly replica: Replica
  readonly ledger: Ledger
  readonly context: ReplicaContext
}

/** A computer with its disk, and the replica that it is for. It outlives the processes that run on it. */
export interface Machine {
  readonly address: Address
  readonly id: ReplicaId
  /** Index of the organization that it runs for. */
  readonly organization: number
  readonly disk: SimDisk
  readonly database: SimDatabase
  readonly keys: SimKeyRing
  /** How wrong its clock is, ms. */
  clockErrorMs: number
  process: SimProcess | undefined
  running: Running | undefined
  /** Its disk lost what it had promised to keep: it counts as one of the f that may fail. */
  faulty: boolean
  /** A second machine has its key, so nothing that it holds or says counts. */
  byzantine: boolean
  /** It is Byzantine: it says what this makes of what its replica would say. */
  adversary: Adversary | undefined
  /** Its disk was emptied, and it does not know what its key has voted for. */
  votesLost: boolean
  /** Its disk was emptied; it counts as faulty until it is level again. */
  recovering: boolean
  /** It stays down for good. */
  gone: boolean
  /** Why it went down by itself, since its last start. */
  halt: string | undefined
}

export interface WorldOptions {
  readonly n: number
  /** Organizations, of which the first n run a replica; as many when absent. */
  readonly organizations?: number
  readonly snapshots?: SnapshotOptions
  readonly random: Random
  readonly link: LinkQuality
  readonly timings?: Partial<CoreTimings>
}

/** Codes with which a replica may stop on its own: when its disk failed, and when the disk lost what it had promised to keep. */
const HALTS_OF_FAILING_DISK = ['wal/broken', 'ledger/write-failed', 'EIO']
const HALTS_OF_DAMAGED_DISK = ['wal/corrupt', 'ledger/corrupt', 'ledger/state-damaged']
/** The ledger is read for damage so often, ms: rarely, since reading a simulated disk in order is slow. */
const CARE_MS = 60_000

/** Ticks and statuses come half as often as in a node, since most of a simulated hour goes into them. */
const CALM_TIMINGS = { tickMs: 200, statusMs: 1_000 } as const

const LOG_PATH = 'wal'
/** The log counts its bytes so many times over, so that it is compacted after 256 KiB where a node waits for 64 MiB. */
const LOG_SIZE_SCALE = 256

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/**
 * The second composition root: the production replica over a fake clock, network and disk. Machines are added one by one, so
 * that a network may grow; two may hold one replica's key.
 */
export class World {
  readonly scheduler = new Scheduler()
  readonly trace = new Trace()
  readonly crypto = new SimCrypto()
  readonly genesis: Genesis
  readonly network: SimNetwork
  readonly spoken: Spoken
  readonly machines: Machine[] = []
  readonly violations: Violation[] = []
  readonly counts = new Map<string, number>()
  events: WorldEvents = { executed: () => undefined, final: () => undefined, halted: () => undefined }
  readonly #random: Random
  readonly #timings: CoreTimings
  readonly promises: Promises
  readonly #snapshots: SnapshotOptions

  constructor({ n, organizations = n, snapshots, random, link, timings }: WorldOptions) {
    this.#random = random
    this.#timings = { ...DEFAULT_TIMINGS, ...CALM_TIMINGS, ...timings }
    this.#snapshots = { careMs: CARE_MS, ...snapshots }
    this.genesis = simGenesis(this.crypto, n, organizations)
    this.network = new SimNetwork(this.scheduler, random, this.trace, link)
    const { sha256 } = this.crypto.suite
    this.promises = new Promises(sha256)
    this.spoken = new Spoken({ sha256, networkId: networkIdOf(sha256, this.genesis) })
    this.network.onConsensus = (from, frame) => this.spoken.heard(from, frame)
    this.spoken.listen((from, signed) => this.#onSpoken(from, signed))
    for (const { id } of this.genesis.replicas) this.addMachine(id)
  }

  /** A machine for a replica, down and with an empty disk. */
  addMachine(id: ReplicaId, organization = id, keys = new SimKeyRing(this.crypto, replicaKeyName(id))): Machine {
    const disk = new SimDisk(this.#random)
    const machine: Machine = {
      address: this.machines.length,
      id,
      organization,
      disk,
      database: new SimDatabase(disk, this.#random),
      keys,
      clockErrorMs: 0,
      process: undefined,
      running: undefined,
      faulty: false,
      byzantine: false,
      adversary: undefined,
      votesLost: false,
      recovering: false,
      gone: false,
      halt: undefined,
    }
    this.machines.push(machine)
    this.network.machines = this.machines.length
    return machine
  }

  /** A second machine with a replica's key. Both count as that replica's fault. */
  addTwin(id: ReplicaId): Machine {
    const twin = this.addMachine(id)
    for (const machine of this.machines) {
      if (machine.id !== id) continue
      machine.faulty = true
      machine.byzantine = true
    }
    return twin
  }

  machine(address: Address): Machine {
    const machine = this.machines[address]
    if (machine === undefined) throw new RangeError(`no machine ${address}`)
    return machine
  }

  /** Machines whose replica must keep its promises and catch up. */
  correct(): readonly Machine[] {
    return this.machines.filter(({ faulty, gone }) => !faulty && !gone)
  }

  violate(kind: ViolationKind, replica: Address, detail: string): void {
    this.trace.notable(this.scheduler.nowMs, replica, 'VIOLATION', `${kind}: ${detail}`)
    this.violations.push({ kind, at: this.scheduler.nowMs, replica, detail })
  }

  note(replica: Address, kind: string, text: string): void {
    this.trace.notable(this.scheduler.nowMs, replica, kind, text)
  }

  /** Starts a process on a machine that is down. */
  start(machine: Machine): void {
    if (machine.process !== undefined || machine.gone) return
    machine.halt = undefined
    machine.disk.failed = false
    const onError = (error: unknown): void => this.#onHalt(machine, process, error)
    const process = new SimProcess(this.scheduler, () => machine.clockErrorMs, onError)
    machine.process = process
    this.note(machine.address, 'start', '')
    this.#boot(machine, process).catch(onError)
  }

  async #boot(machine: Machine, process: SimProcess): Promise<void> {
    const { genesis } = this
    const { suite } = this.crypto
    const info = { id: machine.id, organization: organizationName(machine.organization) }
    const context = contextOf(genesis, info, suite)
    const onFault = ({ contract, method, error }: { contract: string; method: string; error: unknown }): void =>
      this.violate('crash', machine.address, `contract ${contract}.${method}: ${String(error)}`)
    const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite, genesis, onFault })
    const opened = await openLedger({
      database: machine.database.mount(process),
      networkId: toHex(context.networkId),
      genesis: genesisBlock(suite.sha256, genesis, runtime),
      suite,
    })
    const fileSystem = machine.disk.mount(process)
    const log = await openWriteAheadLog({ path: LOG_PATH, fileSystem, salt: () => this.#random.uint32() })
    if (process.dead) return
    const ledger = new ObservedLedger(opened, ({ sealed, transactions }) => {
      const { header, hash } = sealed
      this.events.executed(machine, { height: header.height, hash, transactions })
    })
    const transport = this.network.transport(machine.address, machine.id, process)
    const replica = new Replica(
      context,
      {
        clock: process.clock,
        keys: machine.keys,
        verifier: this.#verifier(process),
        transport: machine.adversary?.wrap(transport, process) ?? transport,
        wal: scaled(log),
        ledger,
        runtime,
        suite,
        logger: silent,
        counters: { add: (name, amount = 1) => this.#onCount(machine, name, amount) },
      },
      {
        timings: this.#timings,
        lane: DEFAULT_LANE,
        ...DEFAULT_PROPOSALS,
        snapshots: this.#snapshots,
        votesLost: machine.votesLost,
      },
    )
    replica.onHalt = (error) => this.#onHalt(machine, process, error)
    replica.onFinal((block) => this.events.final(machine, block))
    machine.running = { process, replica, ledger, context }
    await replica.start()
    // From here on its log says so.
    machine.votesLost = false
  }

  /** Counters of a replica. Whoever is accused here has contradicted itself, and correct replicas never do. */
  #onCount(machine: Machine, name: string, amount: number): void {
    this.count(name, amount)
    const liars = this.machines.some(({ adversary, byzantine }) => byzantine || adversary !== undefined)
    if (name.startsWith('misbehaviour.') && !liars) this.violate('accused', machine.address, name)
  }

  #onSpoken(from: Address, signed: Signed): void {
    const { id, adversary, running } = this.machine(from)
    // What is passed on was said by another.
    if (adversary !== undefined || signed.sender !== id) return
    const views = running?.context.views
    const problem = this.promises.check(from, signed) ?? (views && viewProblem(signed, (cid) => views.at(cid).view.id))
    if (problem !== undefined) this.violate('broken-promise', from, problem)
  }

  count(name: string, amount = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + amount)
  }

  /** Checks signatures a moment later, as worker threads do. */
  #verifier(process: SimProcess): SignatureVerifier {
    const { suite } = this.crypto
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

  /** A replica halts, or its process fails: it ends, as a node does. Only damage to its disk, or a twin, is a reason. */
  #onHalt(machine: Machine, process: SimProcess, error: unknown): void {
    if (process.dead) return
    const code = codeOf(error)
    machine.halt = code
    this.count(`halts.${code}`)
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    if (mayHalt(machine, code)) this.note(machine.address, 'halt', error instanceof Error ? error.message : text)
    else this.violate('crash', machine.address, text)
    // What a failed disk was told last is on it, or not.
    if (machine.disk.failed) this.losePower(machine)
    else this.kill(machine)
    this.events.halted(machine, code)
  }

  /** The disk is gone, ledger and log; another one is put in. */
  loseDisk(machine: Machine): void {
    this.kill(machine)
    machine.database.clear()
    machine.disk.clear()
    this.promises.forgive(machine.address)
    machine.faulty = true
    machine.votesLost = true
    machine.recovering = true
  }

  /** A machine that was level again after its disk was emptied counts as correct from then on. */
  recover(height: Height): void {
    for (const machine of this.machines) {
      const status = machine.running?.replica.status()
      if (!machine.recovering || status === undefined || status.health !== 'running') continue
      if (status.silent === 'abstaining' || status.finalized < height) continue
      machine.recovering = false
      machine.faulty = false
      this.count('recovered')
      this.note(machine.address, 'operator', 'is level again')
    }
  }

  /** The process ends at once; what it had handed to its operating system stays. */
  kill(machine: Machine): void {
    const { process } = machine
    if (process === undefined) return
    process.kill()
    machine.process = undefined
    machine.running = undefined
    machine.database.processDied()
    this.network.leaveAt(machine.address)
  }

  /** The machine loses power: what was not synced is lost or torn. */
  losePower(machine: Machine): void {
    if (machine.process !== undefined) {
      machine.process.kill()
      this.network.leaveAt(machine.address)
    }
    machine.process = undefined
    machine.running = undefined
    machine.database.losePower()
    machine.disk.losePower()
  }

  /** Hands a client's transaction to a replica; `false` when none runs there. */
  submit(machine: Machine, bytes: Uint8Array, submitter: Submitter, onOutcome: OnOutcome): boolean {
    const { running } = machine
    if (running === undefined) return false
    running.process.run(() => running.replica.submit(bytes, submitter, onOutcome))
    return true
  }
}

function codeOf(error: unknown): string {
  if (error instanceof EtalonError) return error.code
  // A contract that cannot read the state says so, and why.
  if (error instanceof Error && error.cause instanceof EtalonError) return error.cause.code
  return error instanceof Error && 'code' in error ? String(error.code) : 'crash'
}

function mayHalt({ disk, faulty, byzantine }: Machine, code: string): boolean {
  if (byzantine) return true
  if (HALTS_OF_DAMAGED_DISK.includes(code)) return faulty
  return HALTS_OF_FAILING_DISK.includes(code) && disk.failed
}

function scaled(log: WriteAheadLog): WriteAheadLog {
  return {
    records: () => log.records(),
    append: (record) => log.append(record),
    sync: () => log.sync(),
    size: () => log.size() * LOG_SIZE_SCALE,
    rewrite: (records) => log.rewrite(records),
    close: () => log.close(),
  }
}
