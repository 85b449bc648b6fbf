import { toHex, utf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { type CryptoSuite, leafHash, MerkleTree, verifyInclusion } from '../crypto/index.js'
import {
  defaultKey,
  type InstrumentRecord,
  invalidSinceMs,
  type KeyStatus,
  type KeyUsage,
  keyOf,
  statusAt,
} from '../formats/pki-status.js'
import { isProblem } from '../formats/problem.js'
import type { KeyCurve } from '../formats/public-key.js'
import { type BatchStatement, type LeafRecord, leafStatement } from '../formats/record-statements.js'
import { type BareRecord, readRecord } from '../formats/signed-record.js'
import type { Height, TimeMs } from '../types/index.js'
import type { ProvenState } from './state-file.js'

/** What clients of pki judge and compute by themselves, trusting no replica. */

const PREFIX = 'pki/instruments/'

/** The key of the state under which an instrument's record stands. */
export const instrumentStateKey = (instrument: string): string => PREFIX + instrument

export interface Entitlement {
  readonly instrument: string
  /** Number of the key; 0 where the instrument was never registered. */
  readonly key: number
  readonly curve: KeyCurve | null
  /** Uncompressed point or Ed25519 key, hexadecimal. */
  readonly publicKey: string | null
  readonly usages: readonly KeyUsage[]
  readonly timeMs: TimeMs
  /** Whose knowledge counts: that of the height asked for, and of the proof at most. */
  readonly knownAtHeight: Height
  readonly status: KeyStatus
  /** The key was entitled to sign at that time, for its usages. */
  readonly entitled: boolean
  readonly invalidSinceMs: TimeMs | null
}

/**
 * Whether a key was entitled to sign at a time, by a proven record of its instrument and nothing else.
 * @param state the value of `instrumentStateKey`, or its absence, proven
 * @param number the key meant where none is named, as the contract has it
 * @throws EtalonError `proof/not-a-proof` when the state is of something else
 */
export function entitlementOf(
  { key: stateKey, value, height }: ProvenState,
  {
    timeMs,
    knownAtHeight,
    number,
  }: { readonly timeMs: TimeMs; readonly knownAtHeight?: Height | undefined; readonly number?: number | undefined },
): Entitlement {
  if (!stateKey.startsWith(PREFIX)) {
    throw new EtalonError(
      'proof/not-a-proof',
      `${stateKey} is not the record of an instrument`,
      'name the proof of one',
    )
  }
  const known = Math.min(knownAtHeight ?? height, height)
  const instrument = stateKey.slice(PREFIX.length)
  const record = value as InstrumentRecord | undefined
  const chosen = number ?? (record === undefined ? 0 : defaultKey(record))
  const key = record && keyOf(record, chosen)
  const status = record === undefined ? 'unknown' : statusAt(record, chosen, timeMs, known)
  return {
    instrument,
    key: chosen,
    curve: key?.curve ?? null,
    publicKey: key?.key ?? null,
    usages: key?.usages ?? [],
    timeMs,
    knownAtHeight: known,
    status,
    entitled: status === 'active',
    invalidSinceMs: (record && invalidSinceMs(record, chosen, known)) ?? null,
  }
}

export interface RecordBatch {
  /** Arguments of `anchorBatch`, and what the instrument signs. */
  readonly statement: BatchStatement
  /** Audit path of a record in the tree, by its position. */
  path(index: number): readonly Uint8Array[]
}

/** The tree over records that were signed one by one, in the order of their counters. @throws EtalonError `records/invalid` */
export function batchOf(
  sha256: CryptoSuite['sha256'],
  instrument: string,
  records: readonly BareRecord[],
): RecordBatch {
  const counters = records.map((record, index) => counterOf(instrument, record, index))
  counters.forEach((counter, index) => {
    const before = counters[index - 1]
    if (before !== undefined && counter <= before) throw invalid(index, `its counter ${counter} is not above ${before}`)
  })
  const [firstCounter] = counters
  const lastCounter = counters.at(-1)
  if (firstCounter === undefined || lastCounter === undefined) throw invalid(0, 'there is none')
  const tree = new MerkleTree(
    sha256,
    records.map((record) => leafOf(sha256, record)),
  )
  return {
    statement: { instrument, firstCounter, lastCounter, count: records.length, root: toHex(tree.root) },
    path: (index) => tree.path(index),
  }
}

/** Whether a record stands at a place of an anchored batch. */
export function isInBatch(
  sha256: CryptoSuite['sha256'],
  { root, count }: Pick<BatchStatement, 'count'> & { readonly root: Uint8Array },
  record: LeafRecord,
  index: number,
  path: readonly Uint8Array[],
): boolean {
  return verifyInclusion(sha256, leafOf(sha256, record), index, count, path, root)
}

const leafOf = (sha256: CryptoSuite['sha256'], record: LeafRecord): Uint8Array =>
  leafHash(sha256, utf8(leafStatement(record)))

function counterOf(instrument: string, record: BareRecord, index: number): number {
  // The curve decides how the signature is checked, not what the record says.
  const read = readRecord('p256', { ...record, instrument })
  if (isProblem(read)) throw invalid(index, read.problem)
  if (read.counter === undefined) throw invalid(index, 'it has no counter')
  return read.counter
}

function invalid(index: number, problem: string): EtalonError {
  return new EtalonError('records/invalid', `record ${index + 1}: ${problem}`, 'correct the file of records')
}
