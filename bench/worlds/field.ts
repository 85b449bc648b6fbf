import { toHex, utf8 } from '../../src/base/bytes.js'
import { readingStatement } from '../../src/codec/fuel.js'
import { DEFAULT_PARAMETERS } from '../../src/codec/genesis.js'
import { type Finding, type FindingsRecord, OPEN_REFUELS_MAX } from '../../src/contracts/fuel/records.js'
import { createRuntime, fuel, identity, pki, type QueryReader } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { CryptoSuite } from '../../src/crypto/suite.js'
import type { StateChange } from '../../src/ports.js'
import type { Genesis, Receipt, Role, Transaction } from '../../src/types/index.js'
import type { City, Refuel } from './city.js'
import { ENROLLERS, STATION_DISPENSERS, type World } from './worlds.js'

const DAY_MS = 86_400_000
const BLOCK_MS = 1_000
/** Refuels whose transactions go into the blocks together. */
const BATCH = 300
const REGION = 'city'
const SAMPLES = 31
const TANK_MICROLITRE = 90_000_000

const enroller = (number: number): string => `enroller-${number}`
const dispenserId = (number: number): string => `dispenser-${number}`
const vehicleId = (number: number): string => `vehicle-${number}`

/** Signatures are checked before execution and by tests of their own; here all are taken as good, and hashes are real. */
const suite: CryptoSuite = { ...nativeSuite, verifyEd25519: () => true }
const SIGNATURE = '00'.repeat(64)
const KEY = '11'.repeat(32)
const adminKey = (organization: string): string => toHex(nativeSuite.sha256(utf8(organization)))

const ORGANIZATIONS: readonly (readonly [string, readonly Role[]])[] = [
  ['institute', ['nmi']],
  ['owner', ['owner']],
  ...Array.from({ length: ENROLLERS }, (_, i) => [enroller(i), ['enroller'] as readonly Role[]] as const),
]

const GENESIS: Genesis = {
  format: 'etalon-genesis-1',
  network: 'worlds',
  createdMs: 0,
  organizations: ORGANIZATIONS.map(([id, roles]) => ({
    id,
    name: id,
    roles,
    members: [{ name: 'admin', keyType: 'ed25519', publicKey: adminKey(id), kind: 'admin' }],
  })),
  replicas: [],
  parameters: { ...DEFAULT_PARAMETERS, endorsements: 0 },
}

/** The fuel contract of one network, with its state in memory. */
export class Field {
  readonly #runtime = createRuntime({
    contracts: [fuel, identity, pki],
    suite,
    genesis: GENESIS,
    onFault: ({ method, error }) => {
      throw new Error(`${method} failed`, { cause: error })
    },
  })
  readonly #state = new Map<string, Uint8Array>()
  readonly #reader: QueryReader = {
    get: (key) => this.#state.get(key),
    list: async () => [],
  }
  readonly #world: World
  readonly #sequences: number[]
  #height = 0
  #timeMs = DAY_MS
  #serial = 0
  /** Readings that count so far, of each dispenser. */
  readonly counted: number[]

  constructor(world: World, city: City, anchored: boolean) {
    this.#world = world
    this.#sequences = city.enrollers.map(() => 0)
    this.counted = new Array<number>(world.dispensers).fill(0)
    this.#apply(this.#runtime.genesisState())
    this.#block([this.#call('institute', 'openRegion', { region: REGION, country: 'br' }, true)])
    this.#register(world, city)
    if (!anchored) return
    const untilMs = this.#timeMs + 300 * DAY_MS
    this.#block(
      [...city.inspected].map((number) => {
        const args = { dispenser: dispenserId(number), errorPpm: 0, uncertaintyPpm: 1_000, passed: true, untilMs }
        return this.#call('institute', 'inspect', args, true)
      }),
    )
  }

  #register({ dispensers }: World, { enrollers }: City): void {
    const stations = Math.ceil(dispensers / STATION_DISPENSERS)
    this.#block(
      Array.from({ length: stations }, (_, i) =>
        this.#call('owner', 'registerStation', { station: `station-${i}`, region: REGION }),
      ),
    )
    this.#block(
      Array.from({ length: dispensers }, (_, i) =>
        this.#call('owner', 'registerDispenser', {
          dispenser: dispenserId(i),
          station: `station-${Math.floor(i / STATION_DISPENSERS)}`,
        }),
      ),
    )
    this.#block(
      enrollers.map((number, i) =>
        this.#call(enroller(number), 'registerVehicle', {
          vehicle: vehicleId(i),
          tankMicrolitre: TANK_MICROLITRE,
          sensorClass: 'obd',
          key: KEY,
        }),
      ),
    )
  }

  /** Commits, declares and reveals; refuels of a batch pass each stage in one block. */
  refuel(refuels: readonly Refuel[], enrollers: readonly number[], stepMs: number): void {
    for (const batch of batchesOf(refuels)) {
      this.#timeMs += stepMs * batch.length
      const stages = batch.map((refuel) => this.#stages(refuel, enrollers[refuel.vehicle] as number))
      this.#block(stages.map(({ commit }) => commit))
      this.#block(stages.map(({ declare }) => declare))
      const revealed = this.#block(stages.map(({ reveal }) => reveal))
      revealed.forEach(({ result }, i) => {
        const { dispenser } = batch[i] as Refuel
        if (resultOf<{ counting: string }>(result).counting !== 'counted') return
        this.counted[dispenser] = (this.counted[dispenser] ?? 0) + 1
      })
    }
  }

  #stages({ vehicle, dispenser, declaredMicrolitre, measuredMicrolitre }: Refuel, organization: number) {
    const sequence = (this.#sequences[vehicle] ?? 0) + 1
    this.#sequences[vehicle] = sequence
    const reading = { volumeMicrolitre: measuredMicrolitre, samples: SAMPLES, stationary: true }
    const ids = { vehicle: vehicleId(vehicle), dispenser: dispenserId(dispenser) }
    const nonce = this.#serial.toString(16).padStart(64, '0')
    const commitment = toHex(suite.sha256(utf8(readingStatement({ ...ids, sequence, ...reading }, nonce))))
    const from = enroller(organization)
    return {
      commit: this.#call(from, 'commit', { ...ids, sequence, commitment, signature: SIGNATURE }),
      declare: this.#call('owner', 'declare', {
        dispenser: ids.dispenser,
        commitment,
        volumeMicrolitre: declaredMicrolitre,
      }),
      reveal: this.#call(from, 'reveal', { commitment, ...reading, nonce }),
    }
  }

  /** The finding on each dispenser, from a new analysis. */
  analyse(): Finding[] {
    this.#timeMs += 60_000
    this.#block([this.#call('institute', 'analyse', { region: REGION })])
    const records = [...this.#state.keys()].filter((key) => key.startsWith('fuel/findings/')).sort()
    const findings = records.flatMap(
      (key) => resultOf<FindingsRecord>(this.#state.get(key) as Uint8Array).findings as Finding[],
    )
    if (findings.length !== this.#world.dispensers) throw new Error(`${findings.length} findings`)
    return findings
  }

  #call(organization: string, method: string, args: unknown, signed = false): Transaction {
    this.#serial += 1
    return {
      id: this.#serial.toString(16).padStart(64, '0'),
      organization,
      authentication: signed
        ? { mode: 'signed', keyType: 'ed25519', publicKey: adminKey(organization) }
        : { mode: 'vouched', client: 'world' },
      contract: 'fuel',
      method,
      args: utf8(JSON.stringify(args)),
      validUntilMs: Number.MAX_SAFE_INTEGER,
      bytes: new Uint8Array(0),
      signature: new Uint8Array(0),
    }
  }

  /** Nothing in these worlds may be refused. */
  #block(transactions: readonly Transaction[]): Receipt[] {
    this.#height += 1
    this.#timeMs += BLOCK_MS
    const { receipts, changes } = this.#runtime.execute(
      { height: this.#height, timeMs: this.#timeMs },
      transactions,
      this.#reader,
    )
    for (const { status, code, detail } of receipts) {
      if (status !== 'done') throw new Error(`${code}: ${detail}`)
    }
    this.#apply(changes)
    return receipts
  }

  #apply(changes: readonly StateChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#state.delete(key)
      else this.#state.set(key, value)
    }
  }
}

/** Cuts a list so that no vehicle has more than `OPEN_REFUELS_MAX` refuels under way. */
function batchesOf(refuels: readonly Refuel[]): Refuel[][] {
  const batches: Refuel[][] = []
  let batch: Refuel[] = []
  let under = new Map<number, number>()
  for (const refuel of refuels) {
    const count = (under.get(refuel.vehicle) ?? 0) + 1
    if (batch.length >= BATCH || count > OPEN_REFUELS_MAX) {
      batches.push(batch)
      batch = []
      under = new Map()
    }
    under.set(refuel.vehicle, batch.length === 0 ? 1 : count)
    batch.push(refuel)
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}

const decoder = new TextDecoder()
const resultOf = <T>(bytes: Uint8Array): T => JSON.parse(decoder.decode(bytes)) as T
