import { createHash } from 'node:crypto'
import { toHex } from '../src/base/bytes.js'
import { commitArguments, commitReading, revealArguments } from '../src/client/index.js'
import { nativeSuite } from '../src/crypto/native.js'
import { createSigner, ed25519PublicKey } from '../src/node/signer.js'

/** Who enrols the vehicles, and who owns the dispensers: vehicles of the owner would not count. */
export interface Parties {
  readonly enroller: string
  readonly owner: string
}

/** One call of the contract fuel, and which organization makes it. */
export interface FuelCall {
  readonly from: string
  readonly method: string
  readonly args: Readonly<Record<string, unknown>>
}

const TANK_MICROLITRE = 60_000_000
const DISPENSERS = 100
const SAMPLES = 31

const vehicleId = (index: number): string => `bench-car-${index}`
const dispenserId = (index: number): string => `bench-pump-${index}`
/** Nothing secret: benchmarks only. */
const vehicleSeed = (index: number): Uint8Array => createHash('sha256').update(`etalon bench car ${index}`).digest()

/** Everything that must be registered before vehicles can refuel, in an order in which it can be. */
export function registrations({ enroller, owner }: Parties, vehicles: number): FuelCall[][] {
  const list = (count: number, make: (index: number) => FuelCall): FuelCall[] =>
    Array.from({ length: count }, (_, index) => make(index))
  return [
    [{ from: enroller, method: 'openRegion', args: { region: 'bench', country: 'br' } }],
    [{ from: owner, method: 'registerStation', args: { station: 'bench', region: 'bench' } }],
    list(DISPENSERS, (index) => ({
      from: owner,
      method: 'registerDispenser',
      args: { dispenser: dispenserId(index), station: 'bench' },
    })),
    list(vehicles, (index) => ({
      from: enroller,
      method: 'registerVehicle',
      args: {
        vehicle: vehicleId(index),
        tankMicrolitre: TANK_MICROLITRE,
        sensorClass: 'obd',
        key: toHex(ed25519PublicKey(vehicleSeed(index))),
      },
    })),
  ]
}

/** The refuels of one vehicle, one after another, each at the next dispenser. */
export class Refuelling {
  readonly #parties: Parties
  readonly #index: number
  readonly #signer
  #sequence = 0

  constructor(parties: Parties, index: number) {
    this.#parties = parties
    this.#index = index
    const { sign } = createSigner(vehicleSeed(index))
    this.#signer = { keyType: 'ed25519' as const, publicKey: toHex(ed25519PublicKey(vehicleSeed(index))), sign }
  }

  /** The three calls of the next refuel, in order. */
  async next(): Promise<readonly [FuelCall, FuelCall, FuelCall]> {
    const sequence = ++this.#sequence
    const dispenser = dispenserId((this.#index * 7 + sequence) % DISPENSERS)
    const declared = 30_000_000 + ((sequence * 7_919) % 10_000_000)
    const opening = commitReading(nativeSuite, {
      vehicle: vehicleId(this.#index),
      dispenser,
      sequence,
      volumeMicrolitre: Math.round(declared * 0.99),
      samples: SAMPLES,
      stationary: true,
    })
    const { commitment } = opening
    const { enroller, owner } = this.#parties
    return [
      { from: enroller, method: 'commit', args: await commitArguments(opening, this.#signer) },
      { from: owner, method: 'declare', args: { dispenser, commitment, volumeMicrolitre: declared } },
      { from: enroller, method: 'reveal', args: revealArguments(opening) },
    ]
  }
}
