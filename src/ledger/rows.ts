import { crc32 } from 'node:zlib'
import type { AbstractSnapshot } from 'abstract-level'
import { corrupt } from './corrupt.js'
import { describeKey } from './keyspaces.js'
import type { Database } from './storage.js'

/**
 * LevelDB lets flipped bits through, so every value ends with a CRC-32. It covers the key too, with its length so that no
 * byte can move between key and value: a value under another key is found as well. The payload comes first, since
 * zlib forgets the initial value when it is given no data.
 */
const CHECKSUM_LENGTH = 4

const checksum = (key: Buffer, payload: Uint8Array): number => crc32(key, (crc32(payload) ^ key.length) >>> 0)

/** The value to store for a payload: the payload and its checksum. */
export function sealRow(key: Buffer, payload: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(payload.length + CHECKSUM_LENGTH)
  value.set(payload)
  value.writeUInt32BE(checksum(key, payload), payload.length)
  return value
}

/** The payload of a stored value, a view of it. @throws EtalonError `ledger/corrupt` when the checksum fails */
export function openRow(key: Buffer, value: Buffer): Buffer {
  const length = value.length - CHECKSUM_LENGTH
  if (length >= 0) {
    const payload = value.subarray(0, length)
    if (value.readUInt32BE(length) === checksum(key, payload)) return payload
  }
  throw corrupt(`the checksum of the ${describeKey(key).text} does not hold.`)
}

/**
 * Payload of a row, `undefined` when there is none.
 * @param snapshot reads as of then instead of now
 * @throws EtalonError `ledger/corrupt` when the checksum fails
 */
export function readRow(database: Database, key: Buffer, snapshot?: AbstractSnapshot): Buffer | undefined {
  const value = snapshot === undefined ? database.getSync(key) : database.getSync(key, { snapshot })
  return value === undefined ? undefined : openRow(key, value)
}
