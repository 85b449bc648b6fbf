import { Ambush } from './ambush.js'
import { GOOD_DISK } from './disk.js'
import type { Address, LinkQuality } from './network.js'
import type { Fault } from './plan.js'
import type { Machine, World } from './world.js'

/** An operator, or a supervisor, starts a replica that stopped by itself after so long, ms. */
const RESTART_MS = 3_000

/** Lets faults happen to a world, and heals it. */
export class Faults {
  readonly #world: World
  readonly #founders: number
  readonly #ambush: Ambush
  /** Whom the faults under way struck. */
  readonly #struck = new Map<Fault, readonly Machine[]>()

  constructor(world: World) {
    this.#world = world
    this.#founders = world.genesis.replicas.length
    const { network, scheduler, spoken } = world
    this.#ambush = new Ambush(network, scheduler, (text) => world.note(-1, 'ambush', text))
    spoken.listen((_, signed) => this.#ambush.heard(signed))
  }

  /** How the fault begins. */
  begin(fault: Fault): void {
    const targets = fault.targets.map((address) => this.#target(fault, address)).filter(({ gone }) => !gone)
    this.#struck.set(fault, targets)
    this.#disturbLinks(fault)
    if (fault.kind === 'ambush') this.#ambush.arm(fault)
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
    for (const machine of this.#struck.get(fault) ?? []) this.#mend(machine, fault)
    this.#struck.delete(fault)
  }

  /** A replica went down by itself: what its operator does. */
  halted(machine: Machine, code: string): void {
    if (code === 'wal/corrupt') {
      this.#world.loseDisk(machine)
      this.#world.note(machine.address, 'operator', 'empties the disk; its votes are lost')
    }
    if (code === 'ledger/corrupt' || code === 'ledger/state-damaged') {
      machine.database.clear()
      machine.recovering = true
      // What its log knows is too much for an empty ledger: its votes count as lost.
      this.#world.promises.forgive(machine.address)
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
    for (const machine of world.machines) {
      Object.assign(machine.disk.health, GOOD_DISK)
      machine.clockErrorMs = 0
      machine.process?.resume()
      world.start(machine)
    }
  }

  #strike(machine: Machine, { kind, parameters }: Fault): void {
    const world = this.#world
    switch (kind) {
      case 'kill':
        world.kill(machine)
        return
      case 'power':
      case 'power-all':
        world.losePower(machine)
        return
      case 'pause':
        machine.process?.pause()
        return
      case 'skew':
      case 'jump':
        machine.clockErrorMs = parameters.errorMs ?? 0
        return
      case 'slow-disk':
        machine.disk.health.syncMs = parameters.syncMs ?? 0
        machine.disk.health.jitterMs = parameters.jitterMs ?? 0
        return
      case 'disk-error':
        machine.disk.health.failing = true
        return
      case 'rot-log':
        machine.faulty = true
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
      default:
        return
    }
  }

  #mend(machine: Machine, { kind }: Fault): void {
    switch (kind) {
      case 'kill':
      case 'power':
      case 'power-all':
      case 'rot-log':
      case 'rot-ledger':
      case 'lost-disk':
        if (!machine.disk.health.failing) this.#world.start(machine)
        return
      case 'pause':
        machine.process?.resume()
        return
      case 'skew':
      case 'jump':
        machine.clockErrorMs = 0
        return
      case 'slow-disk':
        Object.assign(machine.disk.health, { ...GOOD_DISK, failing: machine.disk.health.failing })
        return
      case 'disk-error':
        machine.disk.health.failing = false
        this.#world.start(machine)
        return
      default:
        return
    }
  }

  /** Faults of the network last until the heal, since they may lie over one another. */
  #disturbLinks({ kind, at, until, targets, parameters }: Fault): void {
    const { percent = 0, delayMs = 0, tailPercent = 0, tailMs = 0, jitterMs = 0, outboxBytes = 0 } = parameters
    switch (kind) {
      case 'loss':
        this.#onLinks(targets, (quality) => Object.assign(quality, { lossRate: percent / 100 }))
        return
      case 'duplicate':
        this.#onLinks(targets, (quality) => Object.assign(quality, { duplicateRate: percent / 100 }))
        return
      case 'delay':
        this.#onLinks(targets, (quality) => Object.assign(quality, { delayMs, tailRate: tailPercent / 100, tailMs }))
        return
      case 'reorder':
        this.#onLinks(targets, (quality) => Object.assign(quality, { jitterMs }))
        return
      case 'narrow':
        this.#onLinks(targets, (quality) => Object.assign(quality, { outboxBytesMax: outboxBytes }))
        return
      case 'partition':
        this.#betweenGroups(targets, (inside, outside) => {
          this.#world.network.quality(inside, outside).cut = true
          this.#world.network.quality(outside, inside).cut = true
        })
        return
      case 'split':
        this.#world.network.heal()
        this.#world.network.cutOff(targets)
        return
      case 'one-way':
        this.#betweenGroups(targets, (inside, outside) => {
          this.#world.network.quality(inside, outside).cut = true
        })
        return
      case 'disconnect':
        this.#betweenGroups(targets, (inside, outside) => this.#world.network.disconnect(inside, outside, until - at))
        return
      default:
        return
    }
  }

  /** The links that lead away from the targets. */
  #onLinks(targets: readonly Address[], change: (quality: LinkQuality) => void): void {
    for (const from of targets) {
      for (const { address } of this.#world.machines) {
        if (address !== from) change(this.#world.network.quality(from, address))
      }
    }
  }

  #betweenGroups(targets: readonly Address[], change: (inside: Address, outside: Address) => void): void {
    // A group of all is taken as a single one against the others.
    const group = targets.length < this.#world.machines.length ? targets : targets.slice(0, 1)
    for (const inside of group) {
      for (const { address } of this.#world.machines) if (!group.includes(address)) change(inside, address)
    }
  }
}
