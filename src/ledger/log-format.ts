import { crc32 } from 'node:zlib'
import { assert } from '../base/assert.js'
import { EtalonError } from '../base/errors.js'

/**
 * The file of the write-ahead log. Header: magic (8), u32 version, u32 salt, u32 CRC-32 of these 16 bytes. Then records:
 * u32 length, u32 CRC-32, the bytes. Integers are big-endian.
 *
 * The checksum of a record starts from the file's random salt and covers the length. Without the salt a client could
 * put what looks like a record into a transaction, and a torn write of it would pass for damage in the middle.
 */
const MAGIC = Buffer.from('etalonwl', 'latin1')
const VERSION = 1
export const LOG_HEADER_LENGTH = 20
export const FRAME_HEADER_LENGTH = 8

/** Bound of one record, in bytes. A batch and a SYNC, the largest records, have 512 KiB and a frame around. */
export const LOG_RECORD_BYTES_MAX = 4 * 1024 * 1024

export function encodeLogHeader(salt: number): Buffer {
  const header = Buffer.alloc(LOG_HEADER_LENGTH)
  MAGIC.copy(header)
  header.writeUInt32BE(VERSION, 8)
  header.writeUInt32BE(salt, 12)
  header.writeUInt32BE(crc32(header.subarray(0, 16)), 16)
  return header
}

/** An empty record could not be told from a file that was made longer and never written. */
export function assertRecord(record: Uint8Array): void {
  assert(record.length > 0 && record.length <= LOG_RECORD_BYTES_MAX, `a log record has ${record.length} bytes`)
}

/** Length and checksum of a record, to be written before it. */
export function frameHeader(salt: number, record: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_LENGTH)
  header.writeUInt32BE(record.length, 0)
  header.writeUInt32BE(crc32(record, crc32(header.subarray(0, 4), salt)), 4)
  return header
}

export interface LogContent {
  readonly salt: number
  readonly records: readonly Uint8Array[]
  /** Where the last whole record ends; what stands behind was being written when the machine stopped. */
  readonly end: number
}

/** @throws EtalonError `wal/format`, or `wal/corrupt` when damage is not at the end */
export function decodeLog(path: string, bytes: Uint8Array): LogContent {
  const log = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const salt = decodeSalt(path, log)
  const records: Uint8Array[] = []
  let end = LOG_HEADER_LENGTH
  for (;;) {
    const record = recordAt(log, end, salt)
    if (record === undefined) break
    records.push(record)
    end += FRAME_HEADER_LENGTH + record.length
  }
  const later = nextRecord(log, end + 1, salt)
  if (later !== undefined) {
    throw corrupt(path, `the record at byte ${end} is damaged, and a whole one follows at byte ${later}`)
  }
  return { salt, records, end }
}

function decodeSalt(path: string, log: Buffer): number {
  const whole = log.length >= LOG_HEADER_LENGTH && log.subarray(0, MAGIC.length).equals(MAGIC)
  if (!whole || crc32(log.subarray(0, 16)) !== log.readUInt32BE(16)) throw corrupt(path, 'its header is damaged')
  const version = log.readUInt32BE(8)
  if (version === VERSION) return log.readUInt32BE(12)
  throw new EtalonError(
    'wal/format',
    `The write-ahead log ${path} has format ${version}; this version of etalon reads format ${VERSION}.`,
    'Run the version of etalon that wrote it.',
  )
}

function recordAt(log: Buffer, at: number, salt: number): Buffer | undefined {
  const start = at + FRAME_HEADER_LENGTH
  if (start > log.length) return undefined
  const length = log.readUInt32BE(at)
  if (length === 0 || length > LOG_RECORD_BYTES_MAX || start + length > log.length) return undefined
  const record = log.subarray(start, start + length)
  const checksum = crc32(record, crc32(log.subarray(at, at + 4), salt))
  return checksum === log.readUInt32BE(at + 4) ? record : undefined
}

/** Position of the next whole record, wherever it starts: the lengths before it cannot be trusted. */
function nextRecord(log: Buffer, from: number, salt: number): number | undefined {
  for (let at = from; at + FRAME_HEADER_LENGTH < log.length; at++) {
    if (recordAt(log, at, salt) !== undefined) return at
  }
  return undefined
}

function corrupt(path: string, what: string): EtalonError {
  return new EtalonError(
    'wal/corrupt',
    `The write-ahead log ${path} is damaged: ${what}. Votes that this replica has sent may be lost.`,
    'Do not delete the log and go on: the replica could contradict votes that it has sent. Restore the data folder from a copy ' +
      'made while it was stopped, or let its organization replace the replica with a new key. Suspect the disk.',
  )
}
