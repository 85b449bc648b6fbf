import { utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { ENROLLERS, STATION_DISPENSERS, type World } from './worlds.js'

/** A vehicle at a dispenser: what the vehicle will say of what the dispenser will declare. */
export interface Refuel {
  readonly vehicle: number
  readonly dispenser: number
  readonly declaredMicrolitre: number
  readonly measuredMicrolitre: number
}

/** One seeded world: who is honest, who was inspected, and every refuel in the order of time. */
export interface City {
  readonly fraudulent: ReadonlySet<number>
  readonly inspected: ReadonlySet<number>
  /** Number of the enrolling organization of each vehicle. */
  readonly enrollers: readonly number[]
  readonly refuels: readonly Refuel[]
}

const LITRE = 1_000_000
const DECLARED_MIN = 20 * LITRE
const DECLARED_SPAN = 20 * LITRE

export function makeCity(name: string, world: World, seed: number): City {
  const chance = new Chance(name, seed)
  const ids = chance.shuffled(Array.from({ length: world.dispensers }, (_, i) => i))
  const bad = Math.round(world.dispensers * world.fraudShare)
  const inspected = Math.round((world.dispensers - bad) * world.inspectedShare)
  const fraudulent = new Set(ids.slice(0, bad))
  const enrollers: number[] = []
  const refuels: Refuel[] = []
  const fakes = Math.round(world.vehicles * world.fakeShare)
  const targets = [...fraudulent]
  for (let vehicle = 0; vehicle < world.vehicles + fakes; vehicle++) {
    const fake = vehicle >= world.vehicles
    enrollers.push(fake ? 0 : vehicle % ENROLLERS)
    const bias = fake ? 0 : chance.normal() * world.vehicleNoise
    const station = chance.random.below(world.dispensers / STATION_DISPENSERS)
    for (let i = 0; i < world.refuelsPerVehicle; i++) {
      const dispenser = fake ? chance.random.pick(targets) : placeOf(world, chance, station)
      const cheats = !fake && fraudulent.has(dispenser) && chance.random.chance(world.fraudRate)
      const delivered = cheats ? 1 - world.shortage : 1
      const declared = DECLARED_MIN + chance.random.below(DECLARED_SPAN)
      const measured = Math.round(declared * delivered * Math.exp(bias + chance.normal() * world.refuelNoise))
      refuels.push({ vehicle, dispenser, declaredMicrolitre: declared, measuredMicrolitre: measured })
    }
  }
  return {
    fraudulent,
    inspected: new Set(ids.slice(bad, bad + inspected)),
    enrollers,
    refuels: chance.shuffled(refuels),
  }
}

function placeOf({ singleStation, dispensers }: World, { random }: Chance, station: number): number {
  return singleStation ? station * STATION_DISPENSERS + random.below(STATION_DISPENSERS) : random.below(dispensers)
}

/** Seeded by the world's name as well, so that equal seeds of two worlds have nothing in common. */
class Chance {
  readonly random: Random

  constructor(name: string, seed: number) {
    let mixed = seed >>> 0
    for (const byte of utf8(name)) mixed = Math.imul(mixed ^ byte, 0x01000193) >>> 0
    this.random = new Random(mixed)
  }

  /** Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.random.uint32() + 1) / 0x1_0000_0000))
    return radius * Math.cos((2 * Math.PI * this.random.uint32()) / 0x1_0000_0000)
  }

  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1)
      const moved = copy[i] as T
      copy[i] = copy[j] as T
      copy[j] = moved
    }
    return copy
  }
}
