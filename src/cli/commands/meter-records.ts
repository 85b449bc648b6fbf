import { fromBase64, fromHex, toBase64 } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import { batchOf, isInBatch, LightClient } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import type { ClockState } from '../../formats/ocmf-readings.js'
import { batchStatement, recordStatement, timedRecordStatement } from '../../formats/record-statements.js'
import { type BareRecord, RECORD_FORMATS, type RecordFormat, type RecordInput } from '../../formats/signed-record.js'
import { readTextFile, refuseExisting, writeNewFile } from '../files.js'
import { readInstrumentSigner } from '../instrument-key.js'
import { type Defined, defined, keyNumber, wholeNumber } from '../meter-options.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, readInteger, say, usage } from '../output.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { optionalTime } from '../times.js'

/** Commands of signed records: one by one, in batches, and the proof of one of a batch. */

type Given = Pick<RecordInput, 'format' | 'message'> & Partial<Defined<Omit<BareRecord, 'format' | 'message'>>>

export interface RecordOptions {
  readonly format: string
  readonly counter?: string
  readonly time?: string
  readonly clock?: string
  readonly signature?: string
  readonly instrumentKey?: string
  readonly number?: string
}

/** A record from the command line, signed here where the instrument's key is given. */
function recordOf(instrument: string, message: string, options: RecordOptions): Given {
  const { format, signature, instrumentKey } = options
  const timeMs = optionalTime('--time', options.time)
  const counter = wholeNumber('--counter', options.counter)
  const clock = (options.clock ?? (timeMs === undefined ? undefined : 'informative')) as ClockState | undefined
  const text = message.startsWith('@') ? readTextFile(message.slice(1)) : message
  const given = { format: format as RecordFormat, message: text, counter, timeMs, clock }
  const own = signature ?? signatureOf(instrument, given, instrumentKey)
  return { format: given.format, message: text, ...defined({ counter, timeMs, clock, signature: own }) }
}

function signatureOf(instrument: string, record: BareRecord, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const { signText } = readInstrumentSigner(path)
  const { format, message, counter, timeMs, clock } = record
  if (format === 'fabpki') return signText(message)
  if (format === 'ocmf' || format === 'jws')
    throw usage(`a record of the format ${format} is signed already`, 'leave out --instrument-key')
  if (counter === undefined) throw usage(`${format} signs the counter`, 'give --counter')
  if (format === 'etalon-1') return signText(recordStatement(instrument, counter, message))
  if (timeMs === undefined || clock === undefined) throw usage('etalon-2 signs the time', 'give --time')
  return signText(timedRecordStatement(instrument, counter, timeMs, clock, message))
}

export async function anchor(
  instrument: string,
  message: string,
  options: RecordOptions & SubmitOptions,
): Promise<number> {
  return submitCall(
    'pki',
    'anchor',
    { instrument, ...defined({ key: keyNumber(options.number) }), ...recordOf(instrument, message, options) },
    options,
  )
}

/** Signs a record and prints it as one line of a file of records. */
export function signRecord(instrument: string, message: string, options: RecordOptions): number {
  process.stdout.write(`${JSON.stringify(recordOf(instrument, message, options))}\n`)
  return EXIT.ok
}

export async function verifyRecord(
  instrument: string,
  message: string,
  options: RecordOptions & NetworkOptions & { readonly knownAt?: string; readonly json?: boolean },
): Promise<number> {
  const { client } = readerOf(options)
  const known = defined({ knownAtHeight: wholeNumber('--known-at', options.knownAt) })
  const args = {
    instrument,
    ...defined({ key: keyNumber(options.number) }),
    ...known,
    ...recordOf(instrument, message, options),
  }
  const verdicts = await client.query('pki', 'verify', args)
  printResult(options.json, verdicts, JSON.stringify(verdicts, undefined, 2))
  const { cryptographic, legal } = verdicts
  say('on the word of one replica; `etalon meter proof` and `check` prove the legal verdict')
  return cryptographic.verdict === 'good' && legal.verdict === 'entitled' ? EXIT.ok : EXIT.failed
}

/** A file of records: each line the JSON of one, as `meter sign` prints it. @throws EtalonError `records/invalid` */
function readRecords(path: string): readonly BareRecord[] {
  const lines = readTextFile(path)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return lines.map((line, index) => {
    const record = parseRecord(line)
    if (record !== undefined) return record
    const remedy = 'write one JSON object a line, as `etalon meter sign` prints it'
    throw new EtalonError('records/invalid', `line ${index + 1} of ${path} is not a record`, remedy)
  })
}

function parseRecord(line: string): BareRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<BareRecord> | null
    const { format, message } = record ?? {}
    return RECORD_FORMATS.some((known) => known === format) && typeof message === 'string'
      ? (record as BareRecord)
      : undefined
  } catch {
    return undefined
  }
}

export async function anchorBatch(
  instrument: string,
  path: string,
  options: SubmitOptions & { readonly instrumentKey?: string; readonly stream?: string; readonly number?: string },
): Promise<number> {
  const { statement } = batchOf(nativeSuite.sha256, instrument, readRecords(path))
  const { instrumentKey, stream } = options
  const signature = instrumentKey && readInstrumentSigner(instrumentKey).signText(batchStatement(statement))
  return submitCall(
    'pki',
    'anchorBatch',
    { ...statement, ...defined({ key: keyNumber(options.number) }), ...defined({ signature, stream }) },
    options,
  )
}

/** A record of a batch with all that proves it. */
interface BatchRecordFile {
  readonly format: 'etalon-batch-record-1'
  readonly record: BareRecord
  readonly index: number
  /** Base64. */
  readonly path: readonly string[]
  /** The receipt of the batch, as a file. */
  readonly receipt: string
}

/** Takes one record out of a batch, with its proof, to hand it to whom it concerns. */
export function extract(
  path: string,
  indexText: string,
  options: { readonly receipt: string; readonly instrument: string; readonly out: string },
): number {
  const records = readRecords(path)
  const index = readInteger('the position', indexText, 1, records.length) - 1
  refuseExisting(options.out)
  const batch = batchOf(nativeSuite.sha256, options.instrument, records)
  const receipt = readTextFile(options.receipt)
  const proof = { path: batch.path(index).map(toBase64), receipt }
  const file: BatchRecordFile = {
    format: 'etalon-batch-record-1',
    record: records[index] as BareRecord,
    index,
    ...proof,
  }
  writeNewFile(options.out, `${JSON.stringify(file)}\n`)
  say(`written to ${options.out}; anyone can check it with \`etalon meter check-record\``)
  return EXIT.ok
}

/** Checks a record of a batch against the genesis alone. */
export function checkRecord(path: string, options: NetworkOptions & { readonly json?: boolean }): number {
  const { record, index, path: siblings, receipt } = readBatchRecord(path)
  const light = new LightClient(genesisOf(options), nativeSuite)
  const read = light.readReceipt(receipt)
  if ('problem' in read) throw notProven(read.problem)
  const { receipt: outcome, sealed } = read.proven
  const event = outcome.events.find(({ name }) => name === 'pki/batch-anchored')
  if (event === undefined) throw notProven('the receipt is not of a batch')
  const { root, count, instrument, key } = JSON.parse(new TextDecoder().decode(event.data)) as {
    root: string
    count: number
    instrument: string
    key: number
  }
  const audit = siblings.map((sibling) => fromBase64(sibling) ?? new Uint8Array())
  const tree = { root: fromHex(root, 32) ?? new Uint8Array(), count }
  if (!isInBatch(nativeSuite.sha256, tree, record, index, audit)) throw notProven('the record is not in the batch')
  const { height, timeMs } = sealed.header
  const result = {
    valid: true,
    instrument,
    key,
    index: index + 1,
    count,
    height,
    anchored: new Date(timeMs).toISOString(),
    record,
  }
  const text = `valid: record ${index + 1} of ${count} of ${instrument}, anchored at height ${height}, ${result.anchored}\n${record.message}`
  printResult(options.json, result, text)
  return EXIT.ok
}

function readBatchRecord(path: string): BatchRecordFile {
  const text = readTextFile(path)
  let file: Partial<BatchRecordFile> = {}
  try {
    file = (JSON.parse(text) ?? {}) as Partial<BatchRecordFile>
  } catch {
    // Not JSON: no such file either.
  }
  if (file.format === 'etalon-batch-record-1') return file as BatchRecordFile
  throw new EtalonError(
    'proof/not-a-proof',
    `${path} is not a record of a batch`,
    'name a file that `etalon meter extract` wrote',
  )
}

const notProven = (problem: string): EtalonError =>
  new EtalonError('proof/not-proven', problem, 'do not rely on it; ask for it anew')
