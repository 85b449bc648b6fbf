import { concatBytes, fromHex, toHex, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { ConsensusId, Digest, MessageKind, Regency, ViewId } from '../types/index.js'

/**
 * What is signed and hashed, byte for byte. Every statement starts with a tag of its own and binds the network,
 * so that no signature or digest means anything in another place.
 */
export type Sha256 = CryptoSuite['sha256']

const KIND_NUMBERS: Readonly<Record<MessageKind | 'batch', number>> = {
  propose: 1,
  write: 2,
  accept: 3,
  stop: 5,
  'stop-data': 6,
  sync: 7,
  batch: 8,
}

const KINDS = new Map(Object.entries(KIND_NUMBERS).map(([kind, number]) => [number, kind as MessageKind | 'batch']))

export const kindNumber = (kind: MessageKind | 'batch'): number => KIND_NUMBERS[kind]
export const kindOfNumber = (number: number): MessageKind | 'batch' | undefined => KINDS.get(number)

const STATEMENT_TAG = utf8('etalon/consensus/2')
const STATEMENT_LENGTH = STATEMENT_TAG.length + 32 + 4 + 1 + 8 + 8 + 32 + 32

/** The digest where there is nothing to name. */
export const NO_DIGEST: Digest = '00'.repeat(32)

export interface Statement {
  readonly view: ViewId
  readonly kind: MessageKind | 'batch'
  /** 0 where it has no meaning (batch). */
  readonly regency: Regency
  /** 0 where it has no meaning (stop, stop-data, sync, batch). */
  readonly cid: ConsensusId
  readonly digest: Digest
  /** Hash of the header that an ACCEPT is for. */
  readonly header?: Digest
}

/**
 * The bytes that a replica signs: tag, network id (32), view (u32), kind (u8), regency (u64), cid (u64), digest (32), header hash
 * (32; zero but for an ACCEPT); integers big-endian.
 */
export function statementBytes(networkId: Uint8Array, statement: Statement): Uint8Array {
  const out = new Uint8Array(STATEMENT_LENGTH)
  const numbers = new DataView(out.buffer)
  let at = STATEMENT_TAG.length
  out.set(STATEMENT_TAG)
  out.set(networkId, at)
  at += 32
  numbers.setUint32(at, statement.view)
  out[at + 4] = kindNumber(statement.kind)
  at += 5
  numbers.setBigUint64(at, BigInt(statement.regency))
  numbers.setBigUint64(at + 8, BigInt(statement.cid))
  out.set(digestBytes(statement.digest), at + 16)
  if (statement.header !== undefined) out.set(digestBytes(statement.header), at + 48)
  return out
}

/** SHA-256(tag || 0x00 || parts). */
export function taggedHash(sha256: Sha256, tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(utf8(`${tag}\0`), ...parts))
}

function taggedDigest(sha256: Sha256, tag: string, ...parts: readonly Uint8Array[]): Digest {
  return toHex(taggedHash(sha256, tag, ...parts))
}

export const valueDigest = (sha256: Sha256, bytes: Uint8Array): Digest => taggedDigest(sha256, 'etalon/value/1', bytes)

export const batchDigest = (sha256: Sha256, networkId: Uint8Array, body: Uint8Array): Digest =>
  taggedDigest(sha256, 'etalon/batch/1', networkId, body)

export const bodyDigest = (sha256: Sha256, body: Uint8Array): Digest => taggedDigest(sha256, 'etalon/message/1', body)

export const headerHash = (sha256: Sha256, bytes: Uint8Array): Digest => taggedDigest(sha256, 'etalon/header/1', bytes)

const TRANSACTION_TAG = utf8('etalon/transaction/1\0')
const SIGNATURE_TAG = utf8('etalon/transaction-signature/1\0')

/** Id of a transaction: SHA-256(tag || network id || body). */
export function transactionId(sha256: Sha256, networkId: Uint8Array, body: Uint8Array): Uint8Array {
  return sha256(concatBytes(TRANSACTION_TAG, networkId, body))
}

/** What a client signs: tag || transaction id. */
export function transactionStatement(id: Uint8Array): Uint8Array {
  return concatBytes(SIGNATURE_TAG, id)
}

/** The 32 bytes of a digest. */
export function digestBytes(digest: Digest): Uint8Array {
  const bytes = typeof Buffer === 'undefined' ? fromHex(digest, 32) : Buffer.from(digest, 'hex')
  if (bytes === undefined || bytes.length !== 32) throw new RangeError(`not a digest: ${digest}`)
  return bytes
}

/** Reads a digest field; `undefined` unless it has 32 bytes. */
export function toDigest(bytes: Uint8Array): Digest | undefined {
  return bytes.length === 32 ? toHex(bytes) : undefined
}

export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
