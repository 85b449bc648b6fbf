import '../src/base/polyfill.js'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { toHex } from '../src/base/bytes.js'
import {
  type Channel,
  type EncodedTransaction,
  EtalonClient,
  encodeCall,
  type Identity,
  parseGenesis,
  type Submitted,
} from '../src/client/index.js'
import { nativeSuite } from '../src/crypto/native.js'
import { createSigner, ed25519PublicKey } from '../src/node/signer.js'
import { type FuelCall, Refuelling, registrations } from './refuels.js'

/** What the process of clients is told to do. */
export interface LoadOrder {
  readonly genesis: string
  readonly replicas: readonly { readonly organization: string; readonly url: string; readonly token: string }[]
  readonly auth: 'signed' | 'vouched'
  /** `append`: entries of the logbook. `refuel`: every client is a vehicle that commits, waits, has it declared, waits, and reveals. */
  readonly workload: 'append' | 'refuel'
  readonly clients: number
  readonly payloadBytes: number
  readonly warmUpMs: number
  readonly measureMs: number
}

/** What it measured, between the messages `begin` and `end`. */
export interface LoadResult {
  readonly finalized: number
  readonly refused: number
  readonly seconds: number
  readonly latenciesMs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly cpuMicros: number
  /** Longest time without any finalized transaction, ms. */
  readonly gapMs: number
  readonly verifyMicros: number
}

/** Seed of the key of a benchmark client: nothing secret, so that genesis and load agree without a file. */
export const clientSeed = (index: number, organization = ''): Uint8Array =>
  createHash('sha256').update(`etalon bench client ${index} ${organization}`).digest()

export const clientPublicKey = (index: number, organization = ''): string =>
  toHex(ed25519PublicKey(clientSeed(index, organization)))

const VALID_FOR_MS = 50_000
const RECONNECT_MS = 200
const PROBE_EVERY_MS = 100
const PROBE_DOSE = 16

/** The transaction that a client sends next, and the place in `replicas` of the organization that sends it. */
interface Next {
  readonly home: number
  readonly identity: Identity
  readonly call: { readonly contract: string; readonly method: string; readonly args: unknown }
}

/** Closed-loop clients: each has one transaction under way, and sends the next as soon as its receipt is verified. */
class Load {
  readonly #order: LoadOrder
  readonly #client: EtalonClient[]
  readonly #channels = new Map<number, Channel>()
  readonly #payload: string
  readonly #refuels: RefuelClients | undefined
  #measuring = false
  #running = true
  #finalized = 0
  #refused = 0
  #latencies: number[] = []
  #lastFinalMs = 0
  #gapMs = 0

  constructor(order: LoadOrder) {
    this.#order = order
    const genesis = parseGenesis(readFileSync(order.genesis, 'utf8'))
    this.#client = order.replicas.map(
      ({ url, token }) => new EtalonClient({ genesis, urls: [url], token, suite: nativeSuite }),
    )
    this.#payload = 'm'.repeat(order.payloadBytes)
    this.#refuels = order.workload === 'refuel' ? new RefuelClients(order) : undefined
  }

  async run(): Promise<LoadResult> {
    await Promise.all(this.#client.map((_, replica) => this.#connect(replica)))
    for (const calls of this.#refuels?.registrations() ?? []) {
      await Promise.all(calls.map((next) => this.#submitOnce(next)))
    }
    for (let index = 0; index < this.#order.clients; index++) await this.#next(index)
    await sleep(this.#order.warmUpMs)
    process.send?.({ kind: 'begin' })
    const cpu = process.cpuUsage()
    const began = performance.now()
    this.#lastFinalMs = began
    this.#measuring = true
    const probe = new VerifyProbe()
    await sleep(this.#order.measureMs)
    this.#measuring = false
    probe.stop()
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - began) / 1_000
    process.send?.({ kind: 'end' })
    this.#running = false
    for (const channel of this.#channels.values()) channel.close()
    this.#latencies.sort((a, b) => a - b)
    const at = (share: number): number =>
      this.#latencies[Math.min(this.#latencies.length - 1, Math.floor(this.#latencies.length * share))] ?? 0
    return {
      finalized: this.#finalized,
      refused: this.#refused,
      seconds,
      latenciesMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
      cpuMicros: user + system - probe.cpuMicros,
      gapMs: this.#gapMs,
      verifyMicros: probe.microsPerVerify,
    }
  }

  async #connect(replica: number): Promise<void> {
    const channel = await (this.#client[replica] as EtalonClient).channel()
    this.#channels.set(replica, channel)
    void channel.closed.then(async () => {
      this.#channels.delete(replica)
      while (this.#running) {
        await sleep(RECONNECT_MS)
        if (
          await this.#connect(replica).then(
            () => true,
            () => false,
          )
        )
          return
      }
    })
  }

  async #next(index: number): Promise<void> {
    if (!this.#running) return
    const next = (await this.#refuels?.next(index)) ?? this.#append(index)
    this.#submit(index, next, this.#encode(next), performance.now(), 0)
  }

  #append(index: number): Next {
    const args = { category: 'bench', subject: `client-${index}`, payload: this.#payload }
    return {
      home: index % this.#order.replicas.length,
      identity: identityOf(this.#order, index),
      call: { contract: 'logbook', method: 'append', args },
    }
  }

  #encode({ identity, call }: Next): EncodedTransaction {
    const { networkId } = (this.#client[0] as EtalonClient).light
    const valid = { ...call, validUntilMs: Date.now() + VALID_FOR_MS }
    return encodeCall({ networkId, sha256: nativeSuite.sha256 }, identity, valid) as EncodedTransaction
  }

  /** What must be there before the load begins. */
  #submitOnce(next: Next): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#channels.get(next.home)?.submitThen(this.#encode(next), (submitted) => {
        if (submitted.kind === 'final' && submitted.proven.receipt.status === 'done') resolve()
        else if (submitted.kind === 'refused' && submitted.retryAfterMs > 0) {
          setTimeout(() => this.#submitOnce(next).then(resolve, reject), submitted.retryAfterMs)
        } else reject(new Error(`${next.call.method} before the load: ${JSON.stringify(submitted)}`))
      })
    })
  }

  #submit(index: number, next: Next, transaction: EncodedTransaction, began: number, tries: number): void {
    // Signed transactions may go to any replica when the own one is gone; vouched ones wait for it.
    const shift = 'signer' in next.identity ? tries : 0
    const channel = this.#channels.get((next.home + shift) % this.#order.replicas.length)
    if (channel === undefined) {
      if (this.#running) setTimeout(() => this.#submit(index, next, transaction, began, tries + 1), RECONNECT_MS / 4)
      return
    }
    channel.submitThen(transaction, (submitted) => {
      if (submitted.kind === 'lost')
        setTimeout(() => this.#submit(index, next, transaction, began, tries + 1), RECONNECT_MS)
      else this.#settle(index, next, submitted, began, transaction)
    })
  }

  #settle(
    index: number,
    next: Next,
    submitted: Exclude<Submitted, { kind: 'lost' }>,
    began: number,
    transaction: EncodedTransaction,
  ): void {
    if (submitted.kind === 'refused' && submitted.retryAfterMs > 0 && this.#running) {
      setTimeout(() => this.#submit(index, next, transaction, began, 0), submitted.retryAfterMs)
      return
    }
    const done = submitted.kind === 'final' && submitted.proven.receipt.status === 'done'
    if (!done) this.#refuels?.startAnew(index)
    if (this.#measuring) {
      const now = performance.now()
      if (done) {
        this.#finalized += 1
        this.#latencies.push(now - began)
        this.#gapMs = Math.max(this.#gapMs, now - this.#lastFinalMs)
        this.#lastFinalMs = now
      } else {
        this.#refused += 1
      }
    }
    void this.#next(index)
  }
}

/** Vehicles, each with the calls of the refuel that it is at. The first organization that may enrols them, another one owns the dispensers. */
class RefuelClients {
  readonly #order: LoadOrder
  readonly #cars: readonly Refuelling[]
  readonly #waiting = new Map<number, FuelCall[]>()

  constructor(order: LoadOrder) {
    this.#order = order
    this.#cars = Array.from({ length: order.clients }, (_, index) => new Refuelling(REFUEL_PARTIES, index))
  }

  /** Vouched for, whatever the load is: there is one client of each organization with a token. */
  registrations(): Next[][] {
    return registrations(REFUEL_PARTIES, this.#order.clients).map((calls) =>
      calls.map((call) => this.#nextOf(call, { organization: call.from, client: 'client' })),
    )
  }

  async next(index: number): Promise<Next> {
    let calls = this.#waiting.get(index) ?? []
    if (calls.length === 0) {
      calls = [...(await (this.#cars[index] as Refuelling).next())]
      this.#waiting.set(index, calls)
    }
    const call = calls.shift() as FuelCall
    return this.#nextOf(call, identityIn(this.#order.auth, call.from, index))
  }

  /** Gives a refuel up after a refusal. */
  startAnew(index: number): void {
    this.#waiting.delete(index)
  }

  #nextOf({ from, method, args }: FuelCall, identity: Identity): Next {
    const home = this.#order.replicas.findIndex(({ organization }) => organization === from)
    if (home < 0) throw new Error(`the load of refuels needs a replica of ${from}`)
    return { home, identity, call: { contract: 'fuel', method, args } }
  }
}

/** Organizations of a development network with the roles for it. */
export const REFUEL_PARTIES = { enroller: 'nmi', owner: 'utility' } as const

function identityOf({ auth, replicas }: LoadOrder, index: number): Identity {
  const { organization } = replicas[index % replicas.length] as { organization: string }
  return identityIn(auth, organization, index)
}

function identityIn(auth: LoadOrder['auth'], organization: string, index: number): Identity {
  if (auth === 'vouched') return { organization, client: 'client' }
  const { sign } = createSigner(clientSeed(index, organization))
  return { organization, signer: { keyType: 'ed25519', publicKey: clientPublicKey(index, organization), sign } }
}

/**
 * CPU time of one signature verification, µs, taken in small doses while the replicas are under load: what no replica can go
 * below for a signed transaction on this machine, as busy as it is just now.
 */
class VerifyProbe {
  readonly #timer: NodeJS.Timeout
  readonly #message = new Uint8Array(52).fill(7)
  readonly #publicKey = ed25519PublicKey(clientSeed(0))
  readonly #signature = createSigner(clientSeed(0)).sign(this.#message)
  #rounds = 0
  /** Spent so far. */
  cpuMicros = 0

  constructor() {
    this.#timer = setInterval(() => this.#dose(), PROBE_EVERY_MS)
    this.#dose()
  }

  #dose(): void {
    const cpu = process.cpuUsage()
    for (let i = 0; i < PROBE_DOSE; i++) nativeSuite.verifyEd25519(this.#publicKey, this.#message, this.#signature)
    const { user, system } = process.cpuUsage(cpu)
    this.cpuMicros += user + system
    this.#rounds += PROBE_DOSE
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get microsPerVerify(): number {
    return this.cpuMicros / this.#rounds
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

if (process.send !== undefined && process.argv[2] === 'load') {
  process.once('message', async (order) => {
    const result = await new Load(order as LoadOrder).run()
    process.send?.({ kind: 'result', result }, () => process.exit(0))
  })
}
