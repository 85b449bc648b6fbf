import { crc32 } from 'node:zlib'
import { assert } from '../base/assert.js'
import { EtalonError } from '../base/errors.js'

/**
 * The file of the write-ahead log. Header: magic (8), u32 version, u32 salt, u32 CRC-32 of these 16 bytes. Then records:
 * u32 length, u32 CRC-32, u32 distance from the start of its group, the bytes. Integers are big-endian.
 *
 * A group is what was written and synced together, and the next one is written only when that is done. A disk may have kept
 * any part of a group that was under way when the power went, the end and not the beginning: so a gap with nothing behind
 * it but records of its own group is a torn write, while a record of a later group shows that something synced is lost.
 *
 * The checksum of a record starts from the file's random salt and covers length and distance. Without the salt a client could
 * put what looks like a record into a transaction, and a torn write of it would pass for damage in the middle.
 */
const MAGIC = Buffer.from('etalonwl', 'latin1')
const VERSION = 2
export const LOG_HEADER_LENGTH = 20
export const FRAME_HEADER_LENGTH = 12

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

/** What stands before a record. @param distance bytes from the start of its group to this header */
function frameHeader(salt: number, record: Uint8Array, distance: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_LENGTH)
  header.writeUInt32BE(record.length, 0)
  header.writeUInt32BE(distance, 8)
  header.writeUInt32BE(checksum(salt, header, record), 4)
  return header
}

/** Records as they are written together. */
export function encodeGroup(salt: number, records: readonly Uint8Array[]): Buffer {
  const group = Buffer.allocUnsafe(records.reduce((sum, record) => sum + FRAME_HEADER_LENGTH + record.length, 0))
  let at = 0
  for (const record of records) {
    group.set(frameHeader(salt, record, at), at)
    group.set(record, at + FRAME_HEADER_LENGTH)
    at += FRAME_HEADER_LENGTH + record.length
  }
  return group
}

function checksum(salt: number, header: Uint8Array, record: Uint8Array): number {
  return crc32(record, crc32(header.subarray(8, FRAME_HEADER_LENGTH), crc32(header.subarray(0, 4), salt)))
}

export interface LogContent {
  readonly salt: number
  readonly records: readonly Uint8Array[]
  /** Where the last whole record before any gap ends; what stands behind was being written when the machine stopped. */
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
  const later = laterGroup(log, end, salt)
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
  return checksum(salt, log.subarray(at, start), record) === log.readUInt32BE(at + 4) ? record : undefined
}

/** Position of a whole record of a group that begins after the gap, wherever it stands: the lengths before cannot be trusted. */
function laterGroup(log: Buffer, gap: number, salt: number): number | undefined {
  for (let at = gap + 1; at + FRAME_HEADER_LENGTH < log.length; at++) {
    if (recordAt(log, at, salt) !== undefined && at - log.readUInt32BE(at + 8) > gap) return at
  }
  return undefined
}

function corrupt(path: string, what: string): EtalonError {
  return new EtalonError(
    'wal/corrupt',
    `The write-ahead log ${path} is damaged: ${what}. Votes that this replica has sent may be lost.`,
    'Never put an older copy of the log in its place. Stop the node, remove the folder `wal` of its data folder (keep the ledger and ' +
      'the keys) and start it: it counts as one with a lost disk, and votes again once no earlier vote of its can matter. ' +
      'Suspect the disk.',
  )
}
