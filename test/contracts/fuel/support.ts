import { ed25519 } from '@noble/curves/ed25519.js'
import { toHex, utf8 } from '../../../src/base/bytes.js'
import { Random } from '../../../src/base/random.js'
import { commitStatement, declarationStatement, readingStatement } from '../../../src/codec/fuel.js'
import { FUEL_PARAMETERS } from '../../../src/contracts/fuel/settings.js'
import type { Role } from '../../../src/types/index.js'
import { Chain, ed25519Key, genesisOf, hashOf, type InstrumentKey, keyOf, p256Key, type Result } from '../support.js'

const ROLES: Readonly<Record<string, readonly Role[]>> = {
  inmetro: ['nmi'],
  watch: ['surveillance'],
  maker: ['manufacturer'],
  body: ['notified-body'],
  oil: ['owner'],
  rival: ['owner', 'enroller', 'surveillance'],
  club: ['enroller'],
  fleet: ['enroller'],
  taxi: ['enroller'],
  crook: ['enroller'],
}

export const LITRE = 1_000_000
export const DAY_MS = 86_400_000
export const TANK = 60 * LITRE
export const SETTINGS = FUEL_PARAMETERS.defaults

const GENESIS = genesisOf({
  organizations: Object.entries(ROLES).map(([id, roles]) => ({
    id,
    name: `${id}, a test organization`,
    roles,
    members: (['admin', 'operator'] as const).map((kind) => {
      const key = keyOf(id, kind)
      if (key.mode !== 'signed') throw new Error('unreachable')
      return { name: kind, keyType: key.keyType, publicKey: key.publicKey, kind }
    }),
  })),
})

const secretOf = (seed: number): Uint8Array => new Random(seed).bytes(32)
export const signWith = (seed: number, text: string): string => toHex(ed25519.sign(utf8(text), secretOf(seed)))

export interface Reading {
  readonly volumeMicrolitre: number
  readonly samples: number
  readonly stationary: boolean
}

export interface Plan {
  readonly vehicle: string
  readonly dispenser: string
  readonly declared?: number
  readonly reading?: Partial<Reading>
}

/** A network with a region, a station, dispensers and vehicles. */
export class Forecourt extends Chain {
  readonly #vehicles = new Map<string, { readonly organization: string; readonly seed: number; sequence: number }>()

  constructor(dispensers: readonly string[] = ['d1']) {
    super(undefined, GENESIS)
    this.timeMs = 40 * DAY_MS
    this.must('openRegion', 'inmetro', { region: 'sp', country: 'br' })
    this.must('registerStation', 'oil', { station: 's1', region: 'sp' })
    for (const dispenser of dispensers) this.must('registerDispenser', 'oil', { dispenser, station: 's1' })
  }

  do(method: string, from: string, args: unknown): Result {
    return this.send(`fuel.${method}`, { from, args })
  }

  must(method: string, from: string, args: unknown): Result {
    const result = this.do(method, from, args)
    if (result.receipt.status !== 'done') throw new Error(`${method}: ${result.code} ${result.receipt.detail}`)
    return result
  }

  enrol(vehicle: string, organization = 'club', tankMicrolitre = TANK): void {
    const seed = 1_000 + this.#vehicles.size
    this.#vehicles.set(vehicle, { organization, seed, sequence: 0 })
    this.must('registerVehicle', organization, { vehicle, tankMicrolitre, sensorClass: 'obd', key: ed25519Key(seed) })
  }

  /** A dispenser at s1 whose declarations its pulser signs. */
  pulser(instrument: string, dispenser: string): InstrumentKey {
    const key = p256Key(31)
    this.activate(instrument, key)
    this.must('registerDispenser', 'oil', { dispenser, station: 's1', instrument })
    return key
  }

  inspect(dispenser: string, errorPpm = 0, passed = true, from = 'inmetro'): Result {
    const untilMs = this.timeMs + 100 * DAY_MS
    return this.do('inspect', from, { dispenser, errorPpm, uncertaintyPpm: 500, passed, untilMs })
  }

  /** Arguments of the three calls of one refuel. */
  plan({ vehicle, dispenser, declared = 30 * LITRE, reading = {} }: Plan) {
    const known = this.#vehicles.get(vehicle)
    if (known === undefined) throw new Error(`no vehicle ${vehicle}`)
    known.sequence += 1
    const { sequence, seed, organization } = known
    const measured = { volumeMicrolitre: declared, samples: 31, stationary: true, ...reading }
    const nonce = hashOf(`nonce ${vehicle} ${sequence}`)
    const commitment = hashOf(readingStatement({ vehicle, dispenser, sequence, ...measured }, nonce))
    const signature = signWith(seed, commitStatement(vehicle, dispenser, sequence, commitment))
    return {
      organization,
      commitment,
      commit: { vehicle, dispenser, sequence, commitment, signature },
      declare: { dispenser, commitment, volumeMicrolitre: declared },
      reveal: { commitment, ...measured, nonce },
    }
  }

  /** A whole refuel. @returns what the reveal gave */
  refuel(plan: Plan): Result {
    const { organization, commit, declare, reveal } = this.plan(plan)
    this.must('commit', organization, commit)
    this.must('declare', 'oil', declare)
    return this.must('reveal', organization, reveal)
  }

  analyse(): Result {
    this.timeMs += SETTINGS.analysisMs
    return this.must('analyse', 'watch', { region: 'sp' })
  }

  async verdict(dispenser: string): Promise<Record<string, unknown>> {
    const answer = await this.ask('fuel.verdict', { dispenser })
    if (!answer.ok) throw new Error(answer.code)
    return answer.value as Record<string, unknown>
  }
}

export const signedDeclaration = (key: InstrumentKey, dispenser: string, commitment: string, volume: number): string =>
  key.sign(declarationStatement(dispenser, commitment, volume))
