import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Random } from '../base/random.js'
import { EtalonClient, type Identity, type VerifiedReceipt } from '../client/index.js'
import { nativeSuite } from '../crypto/native.js'
import { possessionStatement, recordStatement } from '../formats/record-statements.js'
import type { LocalCluster } from '../node/local-cluster.js'
import { createSigner } from '../node/signer.js'
import type { Genesis } from '../types/index.js'
import { say } from './output.js'

/** A meter with a key of its own, as its manufacturer makes it. */
interface Meter {
  readonly id: string
  readonly privateKey: KeyObject
  readonly pem: string
  /** Uncompressed point, hexadecimal. */
  readonly point: string
  counter: number
  wattHours: number
}

const METERS = 4
const PAUSE_MS = 200

/**
 * The demo: a manufacturer proposes meters, a notified body endorses them, and the meters' signed readings are anchored
 * through whichever replica comes next. Every receipt is verified before it is counted.
 */
export class DemoWorld {
  readonly #cluster: LocalCluster
  readonly #random: Random
  #running = true
  #done: Promise<void> = Promise.resolve()
  finalized = 0
  refused = 0
  /** Newest receipt, as a file. */
  lastReceipt: VerifiedReceipt | undefined

  constructor(cluster: LocalCluster, seed: number) {
    this.#cluster = cluster
    this.#random = new Random(seed)
  }

  start(): void {
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
  }

  async #run(): Promise<void> {
    const run = createHash('sha256').update(String(Date.now())).digest('hex').slice(0, 6)
    const meters = Array.from({ length: METERS }, (_, i) => makeMeter(`meter-${run}-${i + 1}`))
    const { organizations } = this.#cluster.genesis
    const manufacturer = withRole(organizations, 'manufacturer')
    const maker = this.#client(manufacturer)
    const notified = this.#client(withRole(organizations, 'notified-body'))
    for (const meter of meters) {
      if (!this.#running) return
      await this.#count(() => propose(maker, manufacturer, meter))
      await this.#count(() => notified.submit('pki', 'endorse', { instrument: meter.id }))
    }
    const relays = organizations.map(({ id }) => this.#client(id))
    for (let turn = 0; this.#running; turn++) {
      const meter = meters[turn % meters.length] as Meter
      const relay = relays[turn % relays.length] as EtalonClient
      await this.#count(() => anchor(relay, meter, this.#random))
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** A client of an organization, which prefers its own replica and falls back on the others. */
  #client(organization: string): EtalonClient {
    const own = this.#cluster.running().filter((replica) => replica.organization === organization)
    const others = this.#cluster.running().filter((replica) => replica.organization !== organization)
    return new EtalonClient({
      genesis: this.#cluster.genesis,
      urls: [...own, ...others].map(({ url }) => url),
      identity: adminIdentity(this.#cluster, organization),
      suite: nativeSuite,
    })
  }

  async #count(submit: () => Promise<VerifiedReceipt>): Promise<void> {
    try {
      const receipt = await submit()
      this.lastReceipt = receipt
      if (receipt.status === 'done') this.finalized += 1
      else this.refused += 1
      if (receipt.status === 'refused') say(`demo: refused with ${receipt.code}: ${receipt.detail}`)
    } catch (error) {
      if (this.#running) say(`demo: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function withRole(
  organizations: Genesis['organizations'],
  role: Genesis['organizations'][number]['roles'][number],
): string {
  return organizations.find(({ roles }) => roles.includes(role))?.id ?? (organizations[0]?.id as string)
}

/** Signs as an organization's administrator, with the native library. */
export function adminIdentity(cluster: LocalCluster, organization: string): Identity {
  const { seed, publicKey } = JSON.parse(readFileSync(cluster.adminKeyFile(organization), 'utf8')) as {
    seed: string
    publicKey: string
  }
  const { sign } = createSigner(Buffer.from(seed, 'hex'))
  return { organization, signer: { keyType: 'ed25519', publicKey, sign } }
}

function makeMeter(id: string): Meter {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { id, privateKey, pem, point: der.subarray(der.length - 65).toString('hex'), counter: 0, wattHours: 0 }
}

const signText = (meter: Meter, text: string): string =>
  sign('sha256', Buffer.from(text), meter.privateKey).toString('base64')

function propose(client: EtalonClient, organization: string, meter: Meter): Promise<VerifiedReceipt> {
  const possession = signText(meter, possessionStatement(organization, meter.id, meter.point))
  return client.submit('pki', 'propose', {
    instrument: meter.id,
    type: 'electricity meter',
    pem: meter.pem,
    possession,
  })
}

function anchor(client: EtalonClient, meter: Meter, random: Random): Promise<VerifiedReceipt> {
  meter.counter += 1
  meter.wattHours += 1 + random.below(50)
  const message = JSON.stringify({ obis: '1-0:1.8.0', value: meter.wattHours, unit: '\\watt\\hour' })
  const signature = signText(meter, recordStatement(meter.id, meter.counter, message))
  const record = { instrument: meter.id, format: 'etalon-1', counter: meter.counter, message, signature } as const
  return client.submit('pki', 'anchor', record)
}
