import { networkIdOf } from '../../codec/genesis.js'
import { replicaKeyName } from '../genesis.js'
import type { Address } from '../network.js'
import type { World } from '../world.js'
import { Adversary } from './adversary.js'
import type { Strategy } from './strategies.js'

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
}
