import type { Fault } from './fault.js'
import type { Address, LinkQuality } from './network.js'
import type { World } from './world.js'

type Change = (quality: LinkQuality) => void

/** Faults of the network. They last until the heal, since they may lie over one another. */
export class LinkFaults {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  begin({ kind, at, until, targets, parameters }: Fault): void {
    const { network } = this.#world
    const { percent = 0, delayMs = 0, tailPercent = 0, tailMs = 0, jitterMs = 0, outboxBytes = 0 } = parameters
    const { outMs = 0, inMs = 0, both = 0 } = parameters
    switch (kind) {
      case 'loss':
        this.#out(targets, (quality) => Object.assign(quality, { lossRate: percent / 100 }))
        return
      case 'duplicate':
        this.#out(targets, (quality) => Object.assign(quality, { duplicateRate: percent / 100 }))
        return
      case 'delay':
        this.#out(targets, (quality) => Object.assign(quality, { delayMs, tailRate: tailPercent / 100, tailMs }))
        return
      case 'far':
        this.#out(targets, (quality) => Object.assign(quality, { delayMs: outMs }))
        this.#in(targets, (quality) => Object.assign(quality, { delayMs: inMs }))
        return
      case 'reorder':
        this.#out(targets, (quality) => Object.assign(quality, { jitterMs }))
        return
      case 'narrow':
        this.#out(targets, (quality) => Object.assign(quality, { outboxBytesMax: outboxBytes }))
        return
      case 'partition':
        this.#betweenGroups(targets, (inside, outside) => {
          network.quality(inside, outside).cut = true
          network.quality(outside, inside).cut = true
        })
        return
      case 'split':
        this.#split(targets, both)
        return
      case 'one-way':
        this.#betweenGroups(targets, (inside, outside) => {
          network.quality(inside, outside).cut = true
        })
        return
      case 'disconnect':
        this.#betweenGroups(targets, (inside, outside) => network.disconnect(inside, outside, until - at))
        return
      default:
        return
    }
  }

  /** The group and the others do not hear each other; those in the mask `both` hear, and are heard by, everybody. */
  #split(group: readonly Address[], both: number): void {
    const { network } = this.#world
    const hearsAll = (address: Address): boolean => ((both >> address) & 1) === 1
    network.heal()
    network.cutUnless((a, b) => hearsAll(a) || hearsAll(b) || group.includes(a) === group.includes(b))
  }

  /** The links that lead away from the targets. */
  #out(targets: readonly Address[], change: Change): void {
    for (const target of targets) this.#each(target, (other) => change(this.#world.network.quality(target, other)))
  }

  /** The links that lead to the targets from others. */
  #in(targets: readonly Address[], change: Change): void {
    for (const target of targets) {
      this.#each(target, (other) => {
        if (!targets.includes(other)) change(this.#world.network.quality(other, target))
      })
    }
  }

  #each(target: Address, visit: (other: Address) => void): void {
    for (const { address } of this.#world.machines) if (address !== target) visit(address)
  }

  #betweenGroups(targets: readonly Address[], change: (inside: Address, outside: Address) => void): void {
    // A group of all is taken as a single one against the others.
    const group = targets.length < this.#world.machines.length ? targets : targets.slice(0, 1)
    for (const inside of group) {
      for (const { address } of this.#world.machines) if (!group.includes(address)) change(inside, address)
    }
  }
}
