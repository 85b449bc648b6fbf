import { Ambush } from './ambush.js'
import { Blackout } from './blackout.js'
import { type DiskStep, GOOD_DISK } from './disk.js'
import type { Fault } from './fault.js'
import { LinkFaults } from './link-faults.js'
import { type Backup, backupOf, type Machine } from './machine.js'
import type { Address } from './network.js'
import type { World } from './world.js'

/** An operator, or a supervisor, starts a replica that stopped by itself after so long, ms. */
const RESTART_MS = 3_000

/** Steps of a compaction at which a machine may go down, by their number in a fault. */
export const COMPACTION_STEPS: readonly DiskStep[] = ['created', 'written', 'new-synced', 'renamed', 'replaced']

/** One turn of a slow event loop takes so long, ms. */
const TURN_MS_MIN = 300
const TURN_MS_SPREAD = 1_200

/** Lets faults happen to a world, and heals it. */
export class Faults {
  readonly #world: World
  readonly #founders: number
  readonly #links: LinkFaults
  readonly #ambush: Ambush
  readonly #blackout: Blackout
  /** Whom the faults under way struck. */
  readonly #struck = new Map<Fault, readonly Machine[]>()
  /** Copies that faults under way have made of disks. */
  readonly #backups = new Map<Fault, ReadonlyMap<Machine, Backup>>()

  constructor(world: World) {
    this.#world = world
    this.#founders = world.genesis.replicas.length
    const { network, scheduler, spoken } = world
    this.#links = new LinkFaults(world)
    this.#ambush = new Ambush(network, scheduler, (text) => world.note(-1, 'ambush', text))
    this.#blackout = new Blackout(world, spoken.codec)
    spoken.listen((_, signed) => {
      this.#ambush.heard(signed)
      this.#blackout.heard(signed)
    })
  }

  /** How the fault begins. */
  begin(fault: Fault): void {
    const targets = fault.targets.map((address) => this.#target(fault, address)).filter(({ gone }) => !gone)
    this.#struck.set(fault, targets)
    this.#links.begin(fault)
    if (fault.kind === 'ambush') this.#ambush.arm(fault)
    if (fault.kind === 'blackout') this.#blackout.arm(fault)
    if (fault.kind === 'old-disk') this.#backUp(fault, targets)
    for (const machine of targets) this.#strike(machine, fault)
  }

  /** The machine at an address; in a network that has grown perhaps the one that joined last, which begins anew in views before its own. */
  #target({ parameters }: Fault, address: Address): Machine {
    const { machines } = this.#world
    const joined = machines.findLast(({ id, running, gone }) => id >= this.#founders && running !== undefined && !gone)
    return (parameters.joined === 1 ? joined : undefined) ?? this.#world.machine(address)
  }

  /** How it ends. What a heal mends ends there at the latest. */
  end(fault: Fault): void {
    this.#ambush.disarm(fault)
    this.#blackout.disarm(fault)
    for (const machine of this.#struck.get(fault) ?? []) this.#mend(machine, fault)
    this.#struck.delete(fault)
    this.#backups.delete(fault)
  }

  /** A replica went down by itself: what its operator does. */
  halted(machine: Machine, code: string): void {
    if (code === 'wal/corrupt') {
      this.#world.loseDisk(machine)
      machine.forgetful = machine.byzantine
      this.#world.note(machine.address, 'operator', 'empties the disk; its votes are lost')
    }
    if (code === 'ledger/corrupt' || code === 'ledger/state-damaged') {
      machine.database.clear()
      machine.recovering = !machine.byzantine
      this.#world.note(machine.address, 'operator', 'empties the ledger; the log is kept')
    }
    this.#world.scheduler.after(RESTART_MS, () => {
      if (!machine.disk.health.failing) this.#world.start(machine)
    })
  }

  /** All that can be mended is. */
  heal(): void {
    const world = this.#world
    this.#ambush.heal()
    this.#blackout.heal()
    for (const machine of world.machines) {
      Object.assign(machine.disk.health, GOOD_DISK)
      machine.disk.onStep = () => undefined
      machine.clockErrorMs = 0
      machine.process?.resume()
      machine.process?.hurry()
      world.start(machine)
    }
  }

  #backUp(fault: Fault, machines: readonly Machine[]): void {
    this.#backups.set(fault, new Map(machines.map((machine) => [machine, backupOf(machine)])))
  }

  #strike(machine: Machine, { kind, parameters }: Fault): void {
    const world = this.#world
    const { errorMs = 0, syncMs = 0, jitterMs = 0, step = 0 } = parameters
    switch (kind) {
      case 'kill':
        world.kill(machine)
        return
      case 'power':
      case 'power-all':
        world.losePower(machine)
        return
      case 'restart':
        world.stop(machine)
        return
      case 'compaction':
        this.#trap(machine, COMPACTION_STEPS[step], parameters.power === 1)
        return
      case 'pause':
        machine.process?.pause()
        return
      case 'slow-loop':
        machine.process?.drag(() => TURN_MS_MIN + world.random.below(TURN_MS_SPREAD))
        return
      case 'skew':
      case 'jump':
      case 'wall-jump':
        machine.clockErrorMs = errorMs
        return
      case 'slow-disk':
        Object.assign(machine.disk.health, { syncMs, jitterMs })
        return
      case 'disk-error':
        machine.disk.health.failing = true
        return
      case 'rot-log':
        machine.faulty = true
        // A log may take rot in its last group for a torn end, and then nothing tells that records are gone.
        machine.forgetful = true
        world.losePower(machine)
        machine.disk.flipBit('wal')
        return
      case 'rot-ledger':
        machine.faulty = true
        world.kill(machine)
        machine.database.flipBit()
        return
      case 'lost-disk':
        world.loseDisk(machine)
        return
      case 'old-disk':
        // A copy of a machine that is down is one from before its next start, and the start counter tells.
        if (parameters.running === 1) return
        world.kill(machine)
        world.start(machine)
        return
      default:
        return
    }
  }

  /** The machine goes down within its next compaction. */
  #trap(machine: Machine, awaited: DiskStep | undefined, power: boolean): void {
    const world = this.#world
    machine.disk.onStep = (step) => {
      if (step !== awaited) return
      machine.disk.onStep = () => undefined
      world.count(`compactions-cut.${step}`)
      world.note(machine.address, 'fault', `goes down in a compaction, when its log is ${step}`)
      if (power) world.losePower(machine)
      else world.kill(machine)
    }
  }

  #mend(machine: Machine, fault: Fault): void {
    const world = this.#world
    switch (fault.kind) {
      case 'restart':
        world.kill(machine)
        world.start(machine)
        return
      case 'old-disk':
        this.#putBack(machine, this.#backups.get(fault)?.get(machine))
        return
      case 'compaction':
        machine.disk.onStep = () => undefined
        if (!machine.disk.health.failing) world.start(machine)
        return
      case 'kill':
      case 'power':
      case 'power-all':
      case 'rot-log':
      case 'rot-ledger':
      case 'lost-disk':
        if (!machine.disk.health.failing) world.start(machine)
        return
      case 'pause':
        machine.process?.resume()
        return
      case 'slow-loop':
        machine.process?.hurry()
        return
      case 'skew':
      case 'jump':
      case 'wall-jump':
        machine.clockErrorMs = 0
        return
      case 'slow-disk':
        Object.assign(machine.disk.health, { ...GOOD_DISK, failing: machine.disk.health.failing })
        return
      case 'disk-error':
        machine.disk.health.failing = false
        world.start(machine)
        return
      default:
        return
    }
  }

  #putBack(machine: Machine, backup: Backup | undefined): void {
    const world = this.#world
    if (backup === undefined) return
    world.restoreDisk(machine, backup)
    const known = machine.byzantine ? 'which nothing tells' : 'as its start counter tells'
    world.note(machine.address, 'operator', `puts an old disk in, ${known}`)
    if (!machine.disk.health.failing) world.start(machine)
  }
}
