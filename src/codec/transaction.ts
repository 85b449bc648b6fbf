import { fromHex, toHex } from '../base/bytes.js'
import {
  type Authentication,
  type Batch,
  type KeyType,
  type LanePlace,
  LIMITS,
  type Transaction,
} from '../types/index.js'
import { batchDigest, isCount, type Sha256, transactionId } from './statements.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** What decoding needs to know of the network. */
export interface CodecContext {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly sha256: Sha256
}

/** Why bytes from outside were refused: a stable code and the detail for people. */
export interface Refused {
  readonly refused: string
  readonly detail: string
}

const refuse = (refused: string, detail: string): Refused => ({ refused, detail })

export const isRefused = (value: object): value is Refused => 'refused' in value

export interface TransactionFields {
  readonly organization: string
  readonly authentication: Authentication
  readonly contract: string
  readonly method: string
  readonly args: Uint8Array
  readonly validUntilMs: number
  readonly nonce: Uint8Array
}

const KEY_TYPES: Readonly<Record<KeyType, number>> = { ed25519: 1, p256: 2 }
const KEY_LENGTHS: Readonly<Record<KeyType, number>> = { ed25519: 32, p256: 33 }
const NAME = /^[a-z0-9][a-z0-9._-]*$/

/** First four bytes of the network id, as carried in every transaction. */
export function networkPrefix(networkId: Uint8Array): number {
  return new DataView(networkId.buffer, networkId.byteOffset).getUint32(0)
}

export function encodeTransactionBody(networkId: Uint8Array, fields: TransactionFields): Uint8Array {
  const { authentication } = fields
  return encodeWire(wire.TransactionBody, {
    network: networkPrefix(networkId),
    organization: fields.organization,
    ...(authentication.mode === 'vouched'
      ? { client: authentication.client }
      : {
          keyType: KEY_TYPES[authentication.keyType],
          publicKey: fromHex(authentication.publicKey) ?? new Uint8Array(),
        }),
    contract: fields.contract,
    method: fields.method,
    args: fields.args,
    validUntilMs: fields.validUntilMs,
    nonce: fields.nonce,
  })
}

export function encodeTransaction(body: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeWire(wire.Transaction, { body, signature })
}

/** Decodes and bounds a transaction. Its signature is not checked here. */
export function decodeTransaction(context: CodecContext, bytes: Uint8Array): Transaction | Refused {
  if (bytes.length > LIMITS.transactionBytesMax) {
    return refuse('transaction/too-large', `${bytes.length} bytes; at most ${LIMITS.transactionBytesMax}`)
  }
  const envelope = decodeWire(wire.Transaction, bytes)
  const body = envelope === undefined ? undefined : decodeWire(wire.TransactionBody, envelope.body)
  if (envelope === undefined || body === undefined)
    return refuse('transaction/malformed', 'not a valid protobuf message')
  if (body.network !== networkPrefix(context.networkId)) {
    return refuse('transaction/wrong-network', 'made for another network: check the genesis file of the client')
  }
  const authentication = readAuthentication(body, envelope.signature)
  if ('refused' in authentication) return authentication
  const problem = fieldProblem(body)
  if (problem !== undefined) return refuse('transaction/malformed', problem)
  return {
    id: toHex(transactionId(context.sha256, context.networkId, envelope.body)),
    organization: body.organization,
    authentication,
    contract: body.contract,
    method: body.method,
    args: body.args,
    validUntilMs: body.validUntilMs,
    bytes,
    signature: envelope.signature,
  }
}

function readAuthentication(body: wire.TransactionBody, signature: Uint8Array): Authentication | Refused {
  if (body.keyType === 0) {
    if (signature.length !== 0 || body.publicKey.length !== 0) {
      return refuse('transaction/malformed', 'a vouched transaction carries neither key nor signature')
    }
    if (!isName(body.client)) return refuse('transaction/malformed', 'client: not a name')
    return { mode: 'vouched', client: body.client }
  }
  const keyType = body.keyType === 1 ? 'ed25519' : body.keyType === 2 ? 'p256' : undefined
  if (keyType === undefined) return refuse('transaction/malformed', `key type ${body.keyType} is not known`)
  if (body.publicKey.length !== KEY_LENGTHS[keyType]) {
    return refuse('transaction/malformed', `a public key of type ${keyType} has ${KEY_LENGTHS[keyType]} bytes`)
  }
  if (signature.length !== 64) return refuse('transaction/bad-signature', 'a signature has 64 bytes')
  if (body.client !== '') return refuse('transaction/malformed', 'a signed transaction names no client')
  return { mode: 'signed', keyType, publicKey: toHex(body.publicKey) }
}

/** Names are short and plain, so that they can stand in state keys and addresses. */
export const isName = (text: string): boolean => text.length <= LIMITS.nameLengthMax && NAME.test(text)

function fieldProblem(body: wire.TransactionBody): string | undefined {
  if (!isName(body.organization)) return 'organization: not a name'
  if (!isName(body.contract)) return 'contract: not a name'
  if (body.method.length === 0 || body.method.length > LIMITS.nameLengthMax) return 'method: 1 to 64 characters'
  if (body.args.length > LIMITS.argsBytesMax) return `args: at most ${LIMITS.argsBytesMax} bytes`
  if (!isCount(body.validUntilMs)) return 'validUntilMs: not a time in ms'
  if (body.nonce.length < LIMITS.nonceBytesMin || body.nonce.length > LIMITS.nonceBytesMax) {
    return `nonce: ${LIMITS.nonceBytesMin} to ${LIMITS.nonceBytesMax} bytes`
  }
  return undefined
}

export function encodeBatchBody(
  lane: number,
  { incarnation, number }: LanePlace,
  transactions: readonly Uint8Array[],
): Uint8Array {
  return encodeWire(wire.BatchBody, { lane, incarnation, number, transactions: transactions as Uint8Array[] })
}

export function encodeBatch(body: Uint8Array, view: number, signature: Uint8Array): Uint8Array {
  return encodeWire(wire.Batch, { body, view, signature })
}

/** A decoded batch with what the check of its author's signature needs. */
export interface CarriedBatch {
  readonly batch: Batch
  readonly view: number
  readonly signature: Uint8Array
}

/** Decodes and bounds a batch and all its transactions. No signature is checked here. */
export function decodeBatch(context: CodecContext, bytes: Uint8Array): CarriedBatch | Refused {
  if (bytes.length > LIMITS.batchBytesMax) return refuse('batch/too-large', `${bytes.length} bytes`)
  const envelope = decodeWire(wire.Batch, bytes)
  const body = envelope === undefined ? undefined : decodeWire(wire.BatchBody, envelope.body)
  if (envelope === undefined || body === undefined) return refuse('batch/malformed', 'not a valid protobuf message')
  const { lane, incarnation, number } = body
  if (!isCount(incarnation) || !isCount(number) || number === 0) return refuse('batch/malformed', 'place in the lane')
  if (envelope.signature.length !== 64) return refuse('batch/malformed', 'signature')
  const { length } = body.transactions
  if (length === 0 || length > LIMITS.batchTransactionsMax) {
    return refuse('batch/malformed', `${length} transactions; 1 to ${LIMITS.batchTransactionsMax}`)
  }
  const transactions: Transaction[] = []
  for (const carried of body.transactions) {
    const transaction = decodeTransaction(context, carried)
    if ('refused' in transaction) return transaction
    transactions.push(transaction)
  }
  const digest = batchDigest(context.sha256, context.networkId, envelope.body)
  return {
    batch: { digest, lane, incarnation, number, transactions, bytes },
    view: envelope.view,
    signature: envelope.signature,
  }
}
