import type { AbstractSnapshot } from 'abstract-level'
import { decodeFinality, decodeHeader, encodeCertificate } from '../codec/block.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { NewBlock, TransactionLocation } from '../ports.js'
import type { Digest, FinalityCertificate, Height, SealedHeader } from '../types/index.js'
import { corrupt } from './corrupt.js'
import {
  describeKey,
  type HeightSpace,
  heightKey,
  type KeySpace,
  metaKey,
  readHeight,
  spaceRange,
  transactionKey,
  writeHeight,
} from './keyspaces.js'
import { readRow, sealRow } from './rows.js'
import type { Database, WriteBatch } from './storage.js'

const LOCATION_LENGTH = 12

/** The newest block, as the database names it. */
export interface Tip {
  readonly height: Height
  readonly hash: Digest
}

/** Where the chain that is kept begins. */
export interface Oldest {
  /** First height whose block is whole. */
  readonly block: Height
  /** First height, genesis aside, whose header is here. */
  readonly header: Height
}

/** A block with all that is stored of it. */
export type BlockRows = Omit<NewBlock, 'staged'>

/** Puts a payload with its checksum into a batch. */
export function putRow(batch: WriteBatch, key: Buffer, payload: Uint8Array): void {
  batch.put(key, sealRow(key, payload))
}

/**
 * The rows of blocks, read and written one by one; what they must have to do with each other is checked elsewhere.
 * Every reader gives `undefined` for an absent row and throws `ledger/corrupt` for a damaged one.
 */
export class BlockStore {
  readonly #database: Database
  readonly #sha256: CryptoSuite['sha256']
  readonly #asOf: () => AbstractSnapshot | undefined

  /** @param asOf where given and defined, rows by height and transaction are read as of then */
  constructor(
    database: Database,
    sha256: CryptoSuite['sha256'],
    asOf: () => AbstractSnapshot | undefined = () => undefined,
  ) {
    this.#database = database
    this.#sha256 = sha256
    this.#asOf = asOf
  }

  tip(snapshot?: AbstractSnapshot): Tip | undefined {
    const key = metaKey('tip')
    const row = readRow(this.#database, key, snapshot)
    if (row === undefined) return undefined
    if (row.length !== 40) throw malformed(key)
    return { height: readHeight(row, 0), hash: row.toString('hex', 8) }
  }

  header(height: Height): SealedHeader | undefined {
    return this.#decode('header', height, (bytes) => decodeHeader(this.#sha256, bytes))
  }

  body(height: Height): Uint8Array | undefined {
    return readRow(this.#database, heightKey('body', height), this.#asOf())
  }

  receipts(height: Height): readonly Uint8Array[] | undefined {
    return this.#decode('receipts', height, decodeReceipts)
  }

  certificate(height: Height): FinalityCertificate | undefined {
    return this.#decode('certificate', height, decodeFinality)
  }

  location(transaction: Digest): TransactionLocation | undefined {
    const key = transactionKey(transaction)
    const row = readRow(this.#database, key, this.#asOf())
    if (row === undefined) return undefined
    if (row.length !== LOCATION_LENGTH) throw malformed(key)
    return { height: readHeight(row, 0), index: row.readUInt32BE(8) }
  }

  /** Greatest height of a key space. */
  async lastHeight(space: HeightSpace): Promise<Height | undefined> {
    const key = await this.#database.keys({ ...spaceRange(space), reverse: true, limit: 1 }).next()
    return key === undefined ? undefined : describeKey(key).height
  }

  oldest(): Oldest {
    const key = metaKey('oldest')
    const row = readRow(this.#database, key, this.#asOf())
    if (row === undefined) return { block: 1, header: 1 }
    if (row.length !== 16) throw malformed(key)
    return { block: readHeight(row, 0), header: readHeight(row, 8) }
  }

  putOldest(batch: WriteBatch, { block, header }: Oldest): void {
    const row = Buffer.allocUnsafe(16)
    writeHeight(row, block, 0)
    writeHeight(row, header, 8)
    putRow(batch, metaKey('oldest'), row)
  }

  putTip(batch: WriteBatch, sealed: SealedHeader): void {
    const { height } = sealed.header
    const tip = Buffer.allocUnsafe(40)
    writeHeight(tip, height, 0)
    tip.write(sealed.hash, 8, 'hex')
    putRow(batch, metaKey('tip'), tip)
  }

  putHeader(batch: WriteBatch, sealed: SealedHeader): void {
    putRow(batch, heightKey('header', sealed.header.height), sealed.bytes)
  }

  putCertificate(batch: WriteBatch, certificate: FinalityCertificate): void {
    putRow(batch, heightKey('certificate', certificate.cid), encodeCertificate(certificate))
  }

  /** All rows of a block except those of the state. */
  putBlockRows(batch: WriteBatch, block: BlockRows): void {
    const { height } = block.sealed.header
    this.putHeader(batch, block.sealed)
    putRow(batch, heightKey('body', height), block.body)
    putRow(batch, heightKey('receipts', height), encodeReceipts(block.receipts))
    if (block.certificate !== undefined) this.putCertificate(batch, block.certificate)
    const location = Buffer.allocUnsafe(LOCATION_LENGTH)
    writeHeight(location, height, 0)
    for (const [index, id] of block.transactions.entries()) {
      location.writeUInt32BE(index, 8)
      putRow(batch, transactionKey(id), location)
    }
  }

  #decode<T>(space: HeightSpace, height: Height, decode: (bytes: Buffer) => T | undefined): T | undefined {
    const key = heightKey(space, height)
    const row = readRow(this.#database, key, this.#asOf())
    if (row === undefined) return undefined
    const value = decode(row)
    if (value === undefined) throw malformed(key)
    return value
  }
}

/** A row whose checksum holds and whose content does not decode: it was written so. */
function malformed(key: Buffer): Error {
  return corrupt(`the ${describeKey(key).text} is malformed.`)
}

/** A row that must be there and is not. */
export function missing(space: KeySpace, height: Height): Error {
  return corrupt(`the ${space} row at height ${height} is missing.`)
}

function encodeReceipts(receipts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(receipts.reduce((sum, receipt) => sum + 4 + receipt.length, 0))
  let at = 0
  for (const receipt of receipts) {
    at = bytes.writeUInt32BE(receipt.length, at)
    bytes.set(receipt, at)
    at += receipt.length
  }
  return bytes
}

function decodeReceipts(bytes: Buffer): readonly Uint8Array[] | undefined {
  const receipts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    receipts.push(bytes.subarray(at + 4, end))
    at = end
  }
  return receipts
}
