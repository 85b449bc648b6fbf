import { Random } from '../../base/random.js'
import { networkIdOf } from '../../codec/genesis.js'
import { replicaKeyName } from '../genesis.js'
import type { Machine } from '../machine.js'
import type { Address } from '../network.js'
import type { World } from '../world.js'
import { Adversary } from './adversary.js'
import type { Strategy } from './strategies.js'

/** Between two losses of its memory, ms. */
const AMNESIA_MS_MIN = 5_000
const AMNESIA_MS_SPREAD = 40_000

/** Makes a machine that does not run yet Byzantine. It is one of the f that may fail. */
export function corrupt(world: World, target: Address, strategy: Strategy, seed: number): void {
  const { crypto, genesis } = world
  const machine = world.machine(target)
  const { sha256 } = crypto.suite
  machine.faulty = true
  machine.adversary = new Adversary({
    strategy,
    seed: seed ^ (target + 1),
    self: machine.id,
    members: genesis.replicas.map(({ id }) => id),
    signer: crypto.ed25519(replicaKeyName(machine.id)),
    codec: { networkId: networkIdOf(sha256, genesis), sha256 },
    count: (name) => world.count(name),
  })
  if (strategy !== 'amnesia') return
  machine.forgetful = true
  forgetAgain(world, machine, new Random(seed ^ 0xf09e7))
}

/** It loses its memory, again and again, and does not say so. */
function forgetAgain(world: World, machine: Machine, random: Random): void {
  world.scheduler.after(AMNESIA_MS_MIN + random.below(AMNESIA_MS_SPREAD), () => {
    if (machine.process !== undefined) {
      world.count('adversary.amnesia')
      world.note(machine.address, 'adversary', 'has forgotten what it said')
      world.forget(machine)
      world.start(machine)
    }
    forgetAgain(world, machine, random)
  })
}
