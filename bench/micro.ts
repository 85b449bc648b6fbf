import { generateKeyPairSync, generatePrimeSync, type KeyObject, sign as signEcdsa } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex, utf8 } from '../src/base/bytes.js'
import {
  type Call,
  contributionStatement,
  type EncodedTransaction,
  encodeCall,
  encryptReading,
  type Identity,
  paillierPublicPart,
  possessionStatement,
} from '../src/client/index.js'
import { encodeReceipt, makeValue } from '../src/codec/block.js'
import { DEFAULT_PARAMETERS, networkIdOf } from '../src/codec/genesis.js'
import { batchDigest } from '../src/codec/statements.js'
import { decodeBatch, decodeTransaction, encodeBatch, encodeBatchBody } from '../src/codec/transaction.js'
import { BUILT_IN_CONTRACTS, createRuntime, MEASURING_ALGORITHMS } from '../src/contracts/index.js'
import { MerkleTree } from '../src/crypto/index.js'
import { nativeSuite } from '../src/crypto/native.js'
import {
  ciphertextProblem,
  modulusProblem,
  type PaillierSecret,
  paillierEncrypt,
  proveModulus,
  verifyModulus,
  verifyOpening,
} from '../src/crypto/paillier.js'
import { openLedger } from '../src/ledger/index.js'
import { genesisBlock } from '../src/node/create-node.js'
import { createSigner, ed25519PublicKey } from '../src/node/signer.js'
import { systemClock } from '../src/node/system-clock.js'
import { Executor } from '../src/replica/executor.js'
import { contextOf } from '../src/replica/index.js'
import { Measures } from '../src/replica/measures.js'
import { type Batch, type Genesis, LIMITS, ROLES, type Transaction } from '../src/types/index.js'
import { clientPublicKey, clientSeed } from './load.js'
import type { Measure } from './measure.js'
import { instrumentPublicKey, pkiCases } from './micro-pki.js'
import { benchTransport } from './micro-transport.js'
import { type FuelCall, Refuelling, registrations } from './refuels.js'

const BLOCK = LIMITS.batchTransactionsMax
const { sha256 } = nativeSuite

/** CPU time of one operation, µs: the least of several rounds, since noise only ever adds. */
export type Micros = Record<string, number>

/** Runs a piece of work until enough time has passed, several rounds; gives the cheapest round's µs per unit. */
async function cost(units: number, quick: boolean, work: () => unknown): Promise<number> {
  const rounds = quick ? 1 : 5
  const roundMicros = quick ? 20_000 : 250_000
  for (let i = 0; i < (quick ? 1 : 20); i++) await work()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    let done = 0
    let spent = 0
    while (spent < roundMicros) {
      await work()
      done += units
      const { user, system } = process.cpuUsage(before)
      spent = user + system
    }
    best = Math.min(best, spent / done)
  }
  return Number(best.toFixed(best < 10 ? 2 : 1))
}

/** The building blocks one by one, on this machine, now. */
export async function benchMicro(quick: boolean, say: (text: string) => void): Promise<Micros> {
  const micros: Micros = {}
  const measure = async (name: string, units: number, work: () => unknown): Promise<void> => {
    const value = await cost(units, quick, work)
    micros[name] = value
    say(`${name.padEnd(44)} ${String(value).padStart(9)} µs`)
  }
  await crypto(measure)
  const secret = makePaillierSecret()
  await paillier(measure, secret)
  const world = await makeWorld()
  await codec(measure, world)
  await execution(measure, world, secret)
  await benchTransport(measure)
  return micros
}

/** Curve, OpenSSL's name of it, and the hash that goes with it. */
const INSTRUMENT_CURVES = [
  ['p256', 'P-256', 'sha256'],
  ['p384', 'P-384', 'sha384'],
  ['secp256k1', 'secp256k1', 'sha256'],
  ['brainpoolP256r1', 'brainpoolP256r1', 'sha256'],
] as const

async function crypto(measure: Measure): Promise<void> {
  const { sign } = createSigner(clientSeed(0))
  const publicKey = ed25519PublicKey(clientSeed(0))
  const message = new Uint8Array(52).fill(7)
  const signature = sign(message)
  await measure('ed25519 sign', 1, () => sign(message))
  await measure('ed25519 verify', 1, () => nativeSuite.verifyEd25519(publicKey, message, signature))
  for (const [curve, namedCurve, hash] of INSTRUMENT_CURVES) {
    const instrument = generateKeyPairSync('ec', { namedCurve })
    const point = fromHex(instrumentPublicKey(instrument.publicKey).key) as Uint8Array
    const der = signEcdsa(hash, message, instrument.privateKey)
    const scheme = { curve, hash, encoding: 'der' } as const
    await measure(`${curve} verify (DER)`, 1, () => nativeSuite.verifyEcdsa(scheme, point, message, der))
  }
  for (const size of [64, 300]) {
    const data = new Uint8Array(size).fill(3)
    await measure(`sha256 of ${size} B`, 1, () => sha256(data))
  }
  const leaves = Array.from({ length: BLOCK }, (_, i) => sha256(utf8(String(i))))
  await measure(`merkle tree, per leaf of ${BLOCK}`, BLOCK, () => new MerkleTree(sha256, leaves).root)
}

interface World {
  readonly genesis: Genesis
  readonly networkId: Uint8Array
  encode(identity: Identity, call: Omit<Call, 'validUntilMs'>): EncodedTransaction
  read(encoded: EncodedTransaction): Transaction
  readonly signed: Identity
  readonly vouched: Identity
}

async function makeWorld(): Promise<World> {
  const genesis: Genesis = {
    format: 'etalon-genesis-1',
    network: 'micro',
    createdMs: Date.now(),
    organizations: [
      {
        id: 'org',
        name: 'Organization',
        roles: ROLES,
        members: [{ name: 'admin', keyType: 'ed25519', publicKey: clientPublicKey(0), kind: 'admin' }],
      },
      {
        id: 'owner',
        name: 'Owner of dispensers',
        roles: ['owner'],
        members: [{ name: 'admin', keyType: 'ed25519', publicKey: clientPublicKey(2), kind: 'admin' }],
      },
    ],
    replicas: [{ id: 0, organization: 'org', consensusKey: clientPublicKey(1), peerId: 'peer', addresses: [] }],
    parameters: { ...DEFAULT_PARAMETERS, endorsements: 0 },
  }
  const networkId = networkIdOf(sha256, genesis)
  const { sign } = createSigner(clientSeed(0))
  return {
    genesis,
    networkId,
    encode: (identity, call) =>
      encodeCall({ networkId, sha256 }, identity, { ...call, validUntilMs: Date.now() + 50_000 }) as EncodedTransaction,
    read(encoded) {
      const transaction = decodeTransaction({ networkId, sha256 }, encoded.bytes)
      if ('refused' in transaction) throw new Error(transaction.detail)
      return transaction
    },
    signed: { organization: 'org', signer: { keyType: 'ed25519', publicKey: clientPublicKey(0), sign } },
    vouched: { organization: 'org', client: 'client' },
  }
}

const APPEND = { category: 'bench', subject: 'client-1', payload: 'm'.repeat(256) }

async function codec(measure: Measure, world: World): Promise<void> {
  const { networkId } = world
  const call = { contract: 'logbook', method: 'append', args: APPEND }
  await measure('transaction encode, vouched', 1, () => world.encode(world.vouched, call))
  await measure('transaction encode and sign', 1, () => world.encode(world.signed, call))
  const vouched = world.encode(world.vouched, call)
  const signed = world.encode(world.signed, call)
  await measure('transaction decode, vouched', 1, () => world.read(vouched))
  await measure('transaction decode, signed', 1, () => world.read(signed))
  const body = encodeBatchBody(
    0,
    { incarnation: 1, number: 1 },
    Array.from({ length: BLOCK }, () => world.encode(world.vouched, call).bytes),
  )
  const batch = encodeBatch(body, 0, new Uint8Array(64))
  await measure('batch decode, per transaction', BLOCK, () => decodeBatch({ networkId, sha256 }, batch))
}

async function execution(measure: Measure, world: World, secret: PaillierSecret): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'etalon-micro-'))
  try {
    const append = { contract: 'logbook', method: 'append', args: APPEND }
    await block(measure, world, join(folder, 'a'), 'logbook.append, vouched', () => world.encode(world.vouched, append))
    await block(measure, world, join(folder, 'b'), 'logbook.append, signed', () => world.encode(world.signed, append))
    const record = (i: number) => {
      const quantities = [{ name: 'error', value: '0.050', unit: '\\degreecelsius' }]
      const args = { ...APPEND, subject: `scale-${i % 100}`, category: `kind-${i % 100}`, quantities }
      return world.encode(world.vouched, { contract: 'logbook', method: 'record', args })
    }
    await block(measure, world, join(folder, 'record'), 'logbook.record, vouched', record)
    mkdirSync(join(folder, 'c'))
    await anchorBlocks(measure, world, join(folder, 'c'))
    await contributionBlocks(measure, world, join(folder, 'privacy'), secret)
    await measuringBlocks(measure, world, join(folder, 'measuring'))
    await refuelBlocks(measure, world, join(folder, 'fuel'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Vehicles whose refuels take turns. */
const REFUELLING_VEHICLES = 200
/** Calls made ahead: making one takes longer than executing it. */
const CALLS_AHEAD = 90_000

async function refuelBlocks(measure: Measure, world: World, path: string): Promise<void> {
  const parties = { enroller: 'org', owner: 'owner' }
  const encode = ({ from, method, args }: FuelCall): EncodedTransaction =>
    world.encode({ organization: from, client: 'client' }, { contract: 'fuel', method, args })
  const cars = Array.from({ length: REFUELLING_VEHICLES }, (_, index) => new Refuelling(parties, index))
  const calls: FuelCall[] = []
  for (let i = 0; calls.length < CALLS_AHEAD; i++) {
    calls.push(...(await (cars[i % cars.length] as Refuelling).next()))
  }
  await block(
    measure,
    world,
    path,
    'fuel refuel, a third each of commit, declare and reveal',
    (i) => encode(calls[i % calls.length] as FuelCall),
    registrations(parties, REFUELLING_VEHICLES).flat().map(encode),
  )
}

/** Contract, receipts, trees and the synced write of whole blocks; and the contract's part alone. */
async function block(
  measure: Measure,
  world: World,
  path: string,
  name: string,
  encode: (i: number) => EncodedTransaction,
  before: readonly EncodedTransaction[] = [],
): Promise<void> {
  const { genesis, networkId } = world
  const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis })
  const context = contextOf(genesis, genesis.replicas[0] as Genesis['replicas'][number], nativeSuite)
  const ledger = await openLedger({
    path,
    networkId: toHex(networkId),
    genesis: genesisBlock(genesis, runtime),
    suite: nativeSuite,
  })
  const modules = { clock: systemClock, ledger, runtime, measures: new Measures(systemClock) }
  const executor = new Executor(context, modules)
  let height = 0
  const run = async (transactions: readonly Transaction[]): Promise<void> => {
    height += 1
    const body = encodeBatchBody(
      0,
      { incarnation: 1, number: height },
      transactions.map(({ bytes }) => bytes),
    )
    const bytes = encodeBatch(body, 0, new Uint8Array(64))
    const digest = batchDigest(sha256, networkId, body)
    const batch: Batch = { digest, lane: 0, incarnation: 1, number: height, transactions, bytes }
    const value = makeValue(sha256, Date.now(), [digest])
    const below = { sealed: ledger.tip(), staged: undefined, state: ledger, locate: (id: string) => ledger.locate(id) }
    const {
      sealed,
      body: blockBody,
      receipts,
      transactions: ids,
      staged,
    } = await executor.execute({ height, value, batches: [batch] }, below)
    const signed = { view: 0, cid: height, regency: 1, digest: value.digest, signatures: [] }
    const certificate = { kind: 'accept', ...signed, header: sealed.hash } as const
    await ledger.append([{ sealed, body: blockBody, certificate, transactions: ids, receipts, staged }])
  }
  if (before.length > 0) await run(before.map(world.read))
  let made: Transaction[] = []
  let count = 0
  const next = (): Transaction[] => Array.from({ length: BLOCK }, () => world.read(encode(count++)))
  made = next()
  await measure(`execute ${name}, contract only`, BLOCK, () => {
    made = made.map((transaction) => ({ ...transaction }))
    return runtime.execute({ height: height + 1, timeMs: Date.now() }, made, ledger).receipts.map(encodeReceipt)
  })
  // Making the transactions is the client's work: it is measured apart and taken off.
  const prepare: Transaction[][] = []
  await measure(`execute ${name}, whole block, with making it`, BLOCK, async () => {
    prepare.push(next())
    await run(prepare.pop() ?? [])
  })
  await measure(`  of which making it`, BLOCK, next)
  await ledger.close()
}

/** The main call of pki, with keys of each algorithm. */
async function anchorBlocks(measure: Measure, world: World, path: string): Promise<void> {
  const call = (method: string, args: object) => ({ contract: 'pki', method, args })
  for (const [at, { name, proposal, record }] of pkiCases().entries()) {
    const propose = world.encode(world.signed, call('propose', proposal))
    const encode = (i: number) => world.encode(world.vouched, call('anchor', record(i)))
    await block(measure, world, join(path, String(at)), `pki.anchor ${name}`, encode, [propose])
  }
}

function makePaillierSecret(): PaillierSecret {
  for (;;) {
    const [p, q] = [generatePrimeSync(1_024, { bigint: true }), generatePrimeSync(1_024, { bigint: true })]
    if (modulusProblem(p * q) === undefined) return { p, q }
  }
}

/** What a power modulo N² costs: the check of an opened sum, and a key's proof. */
async function paillier(measure: Measure, secret: PaillierSecret): Promise<void> {
  const n = secret.p * secret.q
  const r = 3n ** 1_200n
  const c = paillierEncrypt(n, 15n, r)
  await measure('paillier, check of an opened sum', 1, () => verifyOpening(n, c, 15n, r))
  const roots = proveModulus(sha256, secret)
  await measure('paillier, check of a key and its proof', 1, () => verifyModulus(sha256, n, roots))
  await measure('paillier, check of a ciphertext', 1, () => ciphertextProblem(n, c))
}

/** Contributions of 255 meters to 256 sums, each pair once; one reading is encrypted beforehand, each contribution is signed anew. */
async function contributionBlocks(measure: Measure, world: World, path: string, secret: PaillierSecret): Promise<void> {
  const { privateKeys, proposals } = makeMeters(world, 255)
  const call = (method: string, args: object) => world.encode(world.signed, { contract: 'privacy', method, args })
  const part = paillierPublicPart(sha256, secret)
  const ciphertext = encryptReading(part.n, 15)
  const cohort = { key: 'sum', minimum: 5, valueMax: 100, unit: '\\watt\\hour' }
  const cohorts = Array.from({ length: 256 }, (_, i) => call('createCohort', { ...cohort, cohort: `cohort-${i}` }))
  await block(
    measure,
    world,
    path,
    'privacy.contribute, vouched',
    (i) => {
      const number = Math.floor(i / cohorts.length) % privateKeys.length
      const [name, meter] = [`cohort-${i % cohorts.length}`, `meter-${number}`]
      const text = contributionStatement(name, meter, ciphertext)
      const signature = signEcdsa('sha256', utf8(text), privateKeys[number] as KeyObject).toString('base64')
      const args = { cohort: name, meter, ciphertext, signature }
      return world.encode(world.vouched, { contract: 'privacy', method: 'contribute', args })
    },
    [...proposals, call('registerKey', { key: 'sum', ...part }), ...cohorts],
  )
}

/** Meters in pki, active at once, since the network of the benchmark asks for no endorsements. */
function makeMeters(world: World, count: number) {
  const pairs = Array.from({ length: count }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const proposals = pairs.map(({ privateKey, publicKey }, i) => {
    const instrument = `meter-${i}`
    const { key, curve } = instrumentPublicKey(publicKey)
    const text = possessionStatement(world.signed.organization, instrument, key)
    const possession = signEcdsa('sha256', utf8(text), privateKey).toString('base64')
    const args = { instrument, type: 'meter', publicKey: key, curve, possession }
    return world.encode(world.signed, { contract: 'pki', method: 'propose', args })
  })
  return { privateKeys: pairs.map(({ privateKey }) => privateKey), proposals }
}

/** A brake test with two axles, each on a system of its own among a hundred. */
async function measuringBlocks(measure: Measure, world: World, path: string): Promise<void> {
  const call = (method: string, args: object) => world.encode(world.signed, { contract: 'measuring', method, args })
  const brake = {
    ...{ heavyAboveKilogram: 3_500, imbalancePercentMax: 20, parkingPercentMin: 18, heavyPercentMin: 50 },
    ...{ lightPercentMin: 55, forceUncertaintyPpm: 10_000, weightUncertaintyPpm: 5_000 },
  }
  const codeHash = MEASURING_ALGORITHMS.get('brake-2')?.codeHash
  const version = { software: 'brake', version: '1.0.0', algorithm: 'brake-2', certificate: 'none' }
  const systems = Array.from({ length: 100 }, (_, i) => call('register', { system: `lane-${i}`, software: 'brake' }))
  const axle = (force: number) => ({ leftForceNewton: force, rightForceNewton: force - 40, weightNewton: 6_000 })
  const parking = { leftForceNewton: 1_300, rightForceNewton: 1_250 }
  await block(
    measure,
    world,
    path,
    'measuring.measure, vouched',
    (i) => {
      const inputs = { brake: { axles: [axle(2_000 + (i % 500)), axle(1_800)], parking } }
      const args = { system: `lane-${i % 100}`, version: '1.0.0', inputs }
      return world.encode(world.vouched, { contract: 'measuring', method: 'measure', args })
    },
    [call('propose', { ...version, codeHash, parameters: { brake } }), ...systems],
  )
}
