import { toBase64, toHex, utf8 } from '../base/bytes.js'
import type { Random } from '../base/random.js'
import { networkIdOf } from '../codec/genesis.js'
import { transactionId, transactionStatement } from '../codec/statements.js'
import { encodeTransaction, encodeTransactionBody } from '../codec/transaction.js'
import { possessionStatement, recordStatement } from '../formats/record-statements.js'
import type { Authentication, Digest, Genesis, TimeMs } from '../types/index.js'
import { keyBytes, type SimCrypto } from './crypto.js'
import { memberKeyName, organizationName } from './genesis.js'

/** What a client made, ready to be handed to a replica, again and again. */
export interface MadeTransaction {
  readonly id: Digest
  readonly bytes: Uint8Array
  readonly validUntilMs: TimeMs
  /** The only organization whose replica vouches for it; absent when it is signed, and any replica takes it. */
  readonly vouchedBy: number | undefined
  readonly client: string | undefined
}

export interface Call {
  readonly organization: number
  readonly who: 'admin' | 'client' | 'vouched'
  readonly contract: string
  readonly method: string
  readonly args: unknown
}

/** Instruments that a history has at most: making their keys is slow. */
const METERS_MAX = 4

interface Meter {
  readonly instrument: string
  readonly publicKey: string
  readonly maker: number
  endorsed: boolean
  counter: number
}

/** Public key of P-256 before its uncompressed point: SubjectPublicKeyInfo. */
const SPKI_PREFIX = keyBytes('3059301306072a8648ce3d020106082a8648ce3d030107034200')

/** Makes the transactions of all clients; those that need an earlier one come after it. */
export class TransactionMaker {
  readonly #crypto: SimCrypto
  readonly #random: Random
  readonly #n: number
  readonly #networkId: Uint8Array
  readonly #meters: Meter[] = []
  #count = 0

  constructor(crypto: SimCrypto, genesis: Genesis, random: Random) {
    this.#crypto = crypto
    this.#random = random
    this.#n = genesis.organizations.length
    this.#networkId = networkIdOf(crypto.suite.sha256, genesis)
  }

  next(validUntilMs: TimeMs): MadeTransaction {
    this.#count += 1
    return this.encode(this.#choose(this.#random.below(100)), validUntilMs)
  }

  #choose(die: number): Call {
    if (die < 65) return this.#append()
    if (die < 75) return this.#enroll()
    if (die < 82 && this.#meters.length < METERS_MAX) return this.#propose()
    if (this.#meters.length === 0) return this.#append()
    const meter = this.#random.pick(this.#meters)
    return meter.endorsed ? this.#anchor(meter) : this.#endorse(meter)
  }

  #append(): Call {
    const payload = 'x'.repeat(this.#random.below(200))
    const args = { category: 'sim', subject: `subject ${this.#count}`, payload }
    const who = this.#random.chance(0.4) ? 'vouched' : 'client'
    return { organization: this.#random.below(this.#n), who, contract: 'logbook', method: 'append', args }
  }

  #enroll(): Call {
    const publicKey = toHex(this.#random.bytes(32))
    const args = { name: `member-${this.#count}`, keyType: 'ed25519', publicKey, kind: 'client' }
    return { organization: this.#random.below(this.#n), who: 'admin', contract: 'identity', method: 'enroll', args }
  }

  #propose(): Call {
    const instrument = `meter-${this.#meters.length}`
    const key = this.#crypto.p256(instrument)
    const maker = this.#random.below(this.#n)
    this.#meters.push({ instrument, publicKey: key.publicKey, maker, endorsed: false, counter: 0 })
    const pem = toBase64(new Uint8Array([...SPKI_PREFIX, ...keyBytes(key.publicKey)]))
    const possession = toBase64(key.sign(utf8(possessionStatement(organizationName(maker), instrument, key.publicKey))))
    const args = { instrument, type: 'meter', pem, possession }
    return { organization: maker, who: 'client', contract: 'pki', method: 'propose', args }
  }

  #endorse(meter: Meter): Call {
    meter.endorsed = true
    const organization = (meter.maker + 1) % this.#n
    return { organization, who: 'client', contract: 'pki', method: 'endorse', args: { instrument: meter.instrument } }
  }

  #anchor(meter: Meter): Call {
    meter.counter += 1
    const { instrument, counter } = meter
    const message = `reading ${this.#count}`
    const signature = this.#crypto.p256(instrument).sign(utf8(recordStatement(instrument, counter, message)))
    const args = { instrument, format: 'etalon-1', message, counter, signature: toBase64(signature) }
    return { organization: this.#random.below(this.#n), who: 'client', contract: 'pki', method: 'anchor', args }
  }

  encode({ organization, who, contract, method, args }: Call, validUntilMs: TimeMs): MadeTransaction {
    const { sha256 } = this.#crypto.suite
    const key = who === 'vouched' ? undefined : this.#crypto.ed25519(memberKeyName(organization, who))
    const authentication: Authentication =
      key === undefined
        ? { mode: 'vouched', client: CLIENT }
        : { mode: 'signed', keyType: 'ed25519', publicKey: key.publicKey }
    const body = encodeTransactionBody(this.#networkId, {
      organization: organizationName(organization),
      authentication,
      contract,
      method,
      args: utf8(JSON.stringify(args)),
      validUntilMs,
      nonce: this.#random.bytes(12),
    })
    const id = transactionId(sha256, this.#networkId, body)
    const signature = key === undefined ? new Uint8Array() : key.sign(transactionStatement(id))
    return {
      id: toHex(id),
      bytes: encodeTransaction(body, signature),
      validUntilMs,
      vouchedBy: key === undefined ? organization : undefined,
      client: key === undefined ? CLIENT : undefined,
    }
  }
}

/** Name of the client that replicas vouch for. */
const CLIENT = 'reader'
