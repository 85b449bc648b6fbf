import { EtalonError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { networkIdOf } from '../codec/genesis.js'
import type { CoreTimings } from '../consensus/index.js'
import type { NewBlock } from '../ports.js'
import type { FinalBlock, OnOutcome, SnapshotOptions, Submitter } from '../replica/index.js'
import type { Digest, Genesis, Height, NetworkParameters, ReplicaId, Signed } from '../types/index.js'
import { type BootOptions, boot } from './boot.js'
import { SimCrypto } from './crypto.js'
import { replicaKeyName, simGenesis } from './genesis.js'
import { SimKeyRing } from './key-ring.js'
import { type Backup, isByzantine, type Machine, mayHalt, newMachine } from './machine.js'
import { type Address, type LinkQuality, SimNetwork } from './network.js'
import { SimProcess } from './process.js'
import { Promises, viewProblem } from './promises.js'
import { Scheduler } from './scheduler.js'
import { Spoken } from './spoken.js'
import { Trace } from './trace.js'
import type { Violation, ViolationKind } from './violation.js'

const NOTHING_LISTENS: WorldEvents = {
  written: () => undefined,
  final: () => undefined,
  counted: () => undefined,
  halted: () => undefined,
}

/** A block that a replica holds durably. */
export interface SeenBlock {
  readonly height: Height
  readonly hash: Digest
  readonly transactions: readonly Digest[]
}

/** What checkers listen to. */
export interface WorldEvents {
  readonly written: (machine: Machine, block: SeenBlock) => void
  readonly final: (machine: Machine, block: FinalBlock) => void
  readonly counted: (machine: Machine, name: string) => void
  /** A replica went down by itself, with a reason. */
  readonly halted: (machine: Machine, code: string) => void
}

export interface WorldOptions {
  readonly n: number
  /** Organizations, of which the first n run a replica; as many when absent. */
  readonly organizations?: number
  readonly snapshots?: SnapshotOptions
  readonly parameters?: Partial<NetworkParameters>
  readonly random: Random
  readonly link: LinkQuality
  readonly timings?: Partial<CoreTimings>
  readonly logBytesMax?: number
}

/**
 * Computers with production replicas, and the network between them. Machines are added one by one, so that a network may grow; two may hold
 * one replica's key.
 */
export class World {
  readonly scheduler = new Scheduler()
  readonly trace = new Trace()
  readonly crypto = new SimCrypto()
  readonly genesis: Genesis
  readonly network: SimNetwork
  readonly spoken: Spoken
  readonly promises: Promises
  readonly machines: Machine[] = []
  readonly violations: Violation[] = []
  readonly counts = new Map<string, number>()
  events: WorldEvents = NOTHING_LISTENS
  readonly random: Random
  readonly #boot: BootOptions

  constructor({ n, organizations = n, snapshots, parameters, random, link, timings, logBytesMax }: WorldOptions) {
    this.random = random
    this.genesis = simGenesis(this.crypto, n, organizations, parameters)
    this.network = new SimNetwork(this.scheduler, random, this.trace, link)
    const { sha256 } = this.crypto.suite
    const { window } = this.genesis.parameters
    this.promises = new Promises(sha256, window)
    this.spoken = new Spoken({ sha256, networkId: networkIdOf(sha256, this.genesis) })
    this.network.onConsensus = (from, frame) => this.spoken.heard(from, frame)
    this.spoken.listen((from, signed) => this.#onSpoken(from, signed))
    this.#boot = {
      genesis: this.genesis,
      crypto: this.crypto,
      random,
      ...(timings === undefined ? {} : { timings }),
      ...(snapshots === undefined ? {} : { snapshots }),
      ...(logBytesMax === undefined ? {} : { logBytesMax }),
    }
    for (const { id } of this.genesis.replicas) this.addMachine(id)
  }

  /** A machine for a replica, down and with an empty disk. */
  addMachine(id: ReplicaId, organization = id, keys = new SimKeyRing(this.crypto, replicaKeyName(id))): Machine {
    const machine = newMachine(this.random, { address: this.machines.length, id, organization, keys })
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

  count(name: string, amount = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + amount)
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
    this.#start(machine, process).catch(onError)
  }

  async #start(machine: Machine, process: SimProcess): Promise<void> {
    const votesLost = machine.startsOnDisk !== machine.starts
    machine.starts += 1
    const start = machine.starts
    if (!votesLost) machine.startsOnDisk = start
    const transport = this.network.transport(machine.address, machine.id, process)
    const running = await boot(this.#boot, {
      machine,
      process,
      transport: machine.adversary?.wrap(transport, process.clock) ?? transport,
      start,
      votesLost,
      onWritten: (block) => this.#onWritten(machine, block),
      onCount: (name, amount) => this.#onCount(machine, name, amount),
      onContractFault: (text) => this.violate('crash', machine.address, text),
    })
    if (running === undefined) return
    const { replica } = running
    replica.onHalt = (error) => this.#onHalt(machine, process, error)
    replica.onFinal((block) => this.events.final(machine, block))
    machine.running = running
    await replica.start()
    // From here on its log says that votes are lost.
    machine.startsOnDisk = start
  }

  #onWritten(machine: Machine, { sealed, transactions }: NewBlock): void {
    const { header, hash } = sealed
    this.events.written(machine, { height: header.height, hash, transactions })
  }

  /** Counters of a replica. Whoever is accused here has contradicted itself, and correct replicas never do. */
  #onCount(machine: Machine, name: string, amount: number): void {
    this.count(name, amount)
    this.events.counted(machine, name)
    const liars = this.machines.some(isByzantine)
    if (name.startsWith('misbehaviour.') && !liars) this.violate('accused', machine.address, name)
  }

  #onSpoken(from: Address, signed: Signed): void {
    const { id, adversary, forgetful, running } = this.machine(from)
    // What is passed on was said by another.
    if (adversary !== undefined || forgetful || signed.sender !== id) return
    const views = running?.context.views
    const problem = this.promises.check(from, signed) ?? (views && viewProblem(signed, (cid) => views.at(cid).view.id))
    if (problem !== undefined) this.violate('broken-promise', from, problem)
  }

  /** A replica halts, or its process fails: it ends, as a node does. */
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
    machine.startsOnDisk = -1
    machine.faulty = true
    machine.recovering = !machine.byzantine
  }

  /** The disk is replaced by an older copy. Where the start counter does not tell, nothing but asking the others can. */
  restoreDisk(machine: Machine, backup: Backup): void {
    this.kill(machine)
    machine.database.restore(backup.database)
    machine.disk.restore(backup.disk)
    machine.startsOnDisk = backup.starts
    machine.faulty = true
    if (backup.starts === machine.starts) {
      machine.byzantine = true
      machine.forgetful = true
      this.count('old-disks.unnoticed')
    } else this.count('old-disks.noticed')
    machine.recovering = !machine.byzantine
  }

  /** A Byzantine replica empties its log, and says that all is as it was. */
  forget(machine: Machine): void {
    this.kill(machine)
    machine.disk.clear()
    machine.startsOnDisk = machine.starts
  }

  /** A machine that was level again after its disk was emptied counts as correct from then on. */
  recover(height: Height): void {
    for (const machine of this.machines) {
      const status = machine.running?.replica.status()
      if (!machine.recovering || status === undefined || status.health !== 'running') continue
      if (status.silent === 'lost' || status.finalized < height) continue
      machine.recovering = false
      machine.faulty = false
      this.count('recovered')
      this.note(machine.address, 'operator', 'is level again')
    }
  }

  /** The replica ends in order (rule D4), and its process with it. */
  stop(machine: Machine): void {
    const { running } = machine
    if (running === undefined) {
      this.kill(machine)
      return
    }
    const { process, replica } = running
    const onError = (error: unknown): void => this.#onHalt(machine, process, error)
    process.run(() => {
      replica.stop().then(() => {
        if (!process.dead) this.kill(machine)
      }, onError)
    })
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
