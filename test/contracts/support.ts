import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { toBase64, toHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { DEFAULT_PARAMETERS, networkIdOf } from '../../src/codec/genesis.js'
import {
  type Answer,
  BUILT_IN_CONTRACTS,
  type Contract,
  createRuntime,
  type Execution,
  type Fault,
  type QueryReader,
} from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { p256Point } from '../../src/crypto/p256.js'
import { possessionStatement, recordStatement } from '../../src/formats/record-statements.js'
import type { StateChange } from '../../src/ports.js'
import type { Authentication, Genesis, Member, Receipt, Role, Transaction } from '../../src/types/index.js'

/** A P-256 key pair from a number: signatures of noble are deterministic, so everything here replays. */
export function p256Key(seed: number) {
  const secret = p256.utils.randomSecretKey(new Random(seed).bytes(48))
  const point = p256Point(p256.getPublicKey(secret, false))
  if (point === undefined) throw new Error('unreachable: a derived point is on the curve')
  return {
    ...point,
    pem: pemOf(point.uncompressed),
    sign: (text: string) => toBase64(p256.sign(utf8(text), secret, { prehash: true, format: 'der', lowS: false })),
  }
}

export type InstrumentKey = ReturnType<typeof p256Key>

export function pemOf(uncompressed: string): string {
  const der = Buffer.from(`3059301306072a8648ce3d020106082a8648ce3d030107034200${uncompressed}`, 'hex')
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}

const memberKey = (organization: string, kind: Member['kind']): string =>
  p256Key([...`${organization} ${kind}`].reduce((sum, c) => sum * 31 + (c.codePointAt(0) ?? 0), 7) >>> 0).compressed

export const keyOf = (organization: string, kind: Member['kind'] = 'admin'): Authentication => ({
  mode: 'signed',
  keyType: 'p256',
  publicKey: memberKey(organization, kind),
})

const ORGANIZATIONS: Readonly<Record<string, readonly Role[]>> = {
  inmetro: ['nmi'],
  ptb: ['nmi', 'notified-body'],
  body: ['notified-body'],
  maker: ['manufacturer'],
  rival: ['manufacturer', 'notified-body'],
  grid: ['utility'],
}

export function genesisOf(changes: Partial<Genesis> = {}): Genesis {
  return {
    format: 'etalon-genesis-1',
    network: 'test',
    createdMs: 1_000,
    organizations: Object.entries(ORGANIZATIONS).map(([id, roles]) => ({
      id,
      name: `${id}, a test organization`,
      roles,
      members: [
        { name: 'admin', keyType: 'p256', publicKey: memberKey(id, 'admin'), kind: 'admin' },
        { name: 'operator', keyType: 'p256', publicKey: memberKey(id, 'operator'), kind: 'operator' },
      ],
    })),
    replicas: [],
    parameters: { ...DEFAULT_PARAMETERS, clockDriftMsMax: 1_000, endorsements: 2 },
    ...changes,
  }
}

/** A state with the reads of a ledger. */
export class MemoryState implements QueryReader {
  readonly entries = new Map<string, Uint8Array>()

  apply(changes: readonly StateChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.entries.delete(key)
      else this.entries.set(key, value.slice())
    }
  }

  get(key: string): Uint8Array | undefined {
    return this.entries.get(key)
  }

  async list(prefix: string, limit: number, after?: string) {
    return [...this.entries.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort()
      .slice(0, limit)
      .map((key) => ({ key, value: this.entries.get(key) as Uint8Array }))
  }
}

export interface Sent {
  readonly from: string
  /** The client's name when the replica vouches, else the kind of the member that signs. */
  readonly client?: string
  readonly kind?: Member['kind']
  readonly authentication?: Authentication
  readonly contract?: string
  readonly args?: unknown
  /** Instead of `args`: the bytes as they are. */
  readonly raw?: string | Uint8Array
}

let serial = 0

export function transaction(method: string, sent: Sent): Transaction {
  const [contract = '', name = ''] = method.split('.')
  serial += 1
  return {
    id: serial.toString(16).padStart(64, '0'),
    organization: sent.from,
    authentication:
      sent.authentication ??
      (sent.client === undefined ? keyOf(sent.from, sent.kind) : { mode: 'vouched', client: sent.client }),
    contract,
    method: name,
    args: sent.raw instanceof Uint8Array ? sent.raw : utf8(sent.raw ?? JSON.stringify(sent.args ?? {})),
    validUntilMs: 1e15,
    bytes: new Uint8Array(0),
    signature: new Uint8Array(0),
  }
}

export interface Result {
  readonly receipt: Receipt
  readonly code: string
  readonly value: Record<string, unknown>
  readonly events: readonly { readonly name: string; readonly data: Record<string, unknown> }[]
}

const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>

export function resultOf(receipt: Receipt): Result {
  return {
    receipt,
    code: receipt.code,
    value: receipt.result.length === 0 ? {} : json(receipt.result),
    events: receipt.events.map(({ name, data }) => ({ name, data: json(data) })),
  }
}

/** Told of every block that any chain executes. */
export const blocks: { executed: (execution: Execution) => void } = { executed: () => undefined }

/** A runtime with its state, block by block. */
export class Chain {
  readonly state = new MemoryState()
  readonly faults: Fault[] = []
  readonly runtime
  height = 0
  /** Of the newest block; each block is a second later. */
  timeMs = 1_000
  changes: readonly StateChange[] = []

  constructor(contracts: readonly Contract[] = BUILT_IN_CONTRACTS, genesis: Genesis = genesisOf()) {
    this.runtime = createRuntime({
      contracts,
      suite: nativeSuite,
      genesis,
      onFault: (fault) => this.faults.push(fault),
    })
    this.state.apply(this.runtime.genesisState())
  }

  block(...transactions: readonly Transaction[]): Result[] {
    this.height += 1
    this.timeMs += 1_000
    const execution = this.runtime.execute(this, transactions, this.state)
    blocks.executed(execution)
    const { receipts, changes } = execution
    this.state.apply(changes)
    this.changes = changes
    return receipts.map(resultOf)
  }

  /** One transaction in a block of its own; admission must have said the same where it can. */
  send(method: string, sent: Sent): Result {
    const it = transaction(method, sent)
    const early = this.runtime.admit(it, this.state, this.height + 1)
    const [result] = this.block(it)
    if (result === undefined) throw new Error('no receipt')
    if (early !== undefined && (early.code !== result.code || early.detail !== result.receipt.detail)) {
      throw new Error(`admission said ${early.code}, execution ${result.code}`)
    }
    return result
  }

  ask(query: string, args: unknown = {}): Promise<Answer> {
    const [contract = '', name = ''] = query.split('.')
    return this.runtime.query(contract, name, args, this.state, this.height)
  }

  // --- the life of a key -----------------------------------------------------------------------------

  propose(instrument: string, key: InstrumentKey, args: Record<string, unknown> = {}, from = 'maker'): Result {
    const possession = key.sign(possessionStatement(from, instrument, key.uncompressed))
    return this.send('pki.propose', {
      from,
      client: 'factory',
      args: { instrument, type: 'energy meter', pem: key.pem, possession, ...args },
    })
  }

  endorse(instrument: string, from: string): Result {
    return this.send('pki.endorse', { from, args: { instrument } })
  }

  activate(instrument: string, key: InstrumentKey, args: Record<string, unknown> = {}): void {
    for (const { code } of [
      this.propose(instrument, key, args),
      this.endorse(instrument, 'inmetro'),
      this.endorse(instrument, 'body'),
    ]) {
      if (code !== '') throw new Error(code)
    }
  }

  revoke(instrument: string, invalidSinceMs: number, from = 'inmetro'): Result {
    return this.send('pki.revoke', { from, args: { instrument, reason: 'seal broken', invalidSinceMs } })
  }

  anchor(instrument: string, key: InstrumentKey, counter: number, message = '42', from = 'grid'): Result {
    const signature = key.sign(recordStatement(instrument, counter, message))
    const args = { instrument, format: 'etalon-1', message, signature, counter }
    return this.send('pki.anchor', { from, client: 'collector', args })
  }
}

export const hashOf = (text: string): string => toHex(nativeSuite.sha256(utf8(text)))

/** An Ed25519 public key from a number. */
export const ed25519Key = (seed: number): string => toHex(ed25519.getPublicKey(new Random(seed).bytes(32)))

/** Replicas of inmetro, ptb and body; the other organizations only take part. */
export const VIEW = ['inmetro', 'ptb', 'body'].map((organization, id) => ({
  id,
  organization,
  consensusKey: ed25519Key(11 + id),
  peerId: `peer${id}`,
  addresses: [],
}))

/** The DID of an organization, or of `organization:member`, in the network with the replicas of VIEW. */
export function didOf(name: string): string {
  return `did:etalon:${toHex(networkIdOf(nativeSuite.sha256, genesisOf({ replicas: VIEW })))}:${name}`
}
