import { type Entitlement, entitlementOf, instrumentStateKey, LightClient, readStateFile } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { type InstrumentRecord, standingOf } from '../../formats/pki-status.js'
import { genesisHashOf } from '../../node/create-node.js'
import { readTextFile, refuseExisting, writeNewFile } from '../files.js'
import { keyNumber, wholeNumber } from '../meter-options.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'
import { readerOf } from '../submit-call.js'
import { card, columns, indent } from '../table.js'
import { readTime, shownTime } from '../times.js'

/** Commands that read the record of an instrument with proof, and judge it here. */

export interface TimeOptions extends NetworkOptions {
  readonly at: string
  readonly knownAt?: string
  readonly number?: string
  readonly json?: boolean
}

function questionOf({ at, knownAt, number }: TimeOptions) {
  return {
    timeMs: at === 'now' ? Date.now() : readTime('--at', at),
    knownAtHeight: wholeNumber('--known-at', knownAt),
    number: keyNumber(number),
  }
}

/** Whether a key was entitled at a time: the record is read with proof, and judged on this machine. */
export async function status(instrument: string, options: TimeOptions): Promise<number> {
  const { client } = readerOf(options)
  const key = instrumentStateKey(instrument)
  const { value, height } = await client.state(key)
  return tell(entitlementOf({ key, value, height }, questionOf(options)), options)
}

/** Writes the record of an instrument with its proof to a file. */
export async function proof(instrument: string, options: NetworkOptions & { readonly out: string }): Promise<number> {
  refuseExisting(options.out)
  const { client } = readerOf(options)
  writeNewFile(options.out, await client.stateFile(instrumentStateKey(instrument)))
  say(`proof written to ${options.out}; anyone can check it with \`etalon meter check\``)
  return EXIT.ok
}

/** Whether a key was entitled at a time, by a proof file and the genesis alone. */
export function check(path: string, options: TimeOptions): number {
  const genesis = genesisOf(options)
  const light = new LightClient(genesis, nativeSuite, genesisHashOf(genesis))
  const state = readStateFile(light, nativeSuite.sha256, readTextFile(path))
  return tell(entitlementOf(state, questionOf(options)), options)
}

function tell(it: Entitlement, { json }: TimeOptions): number {
  const { invalidSinceMs } = it
  const text = card(`${it.entitled ? 'entitled' : 'not entitled'}: ${it.instrument}, key ${it.key}`, [
    ['status', it.status],
    ['at', shownTime(it.timeMs)],
    ['known at', `height ${it.knownAtHeight}`],
    ['usages', it.usages.join(', ') || 'none'],
    ['key', `${it.curve ?? 'none'} ${it.publicKey ?? ''}`.trim()],
    ...(invalidSinceMs === null ? [] : ([['invalid since', shownTime(invalidSinceMs)]] as const)),
  ])
  printResult(json, it, text)
  return it.entitled ? EXIT.ok : EXIT.failed
}

/** The record of an instrument, proven. */
export async function show(instrument: string, options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const { client } = readerOf(options)
  const { value, height } = await client.state(instrumentStateKey(instrument))
  const record = value as InstrumentRecord | undefined
  if (record === undefined) {
    printResult(
      options.json,
      { instrument, present: false, height },
      `${instrument} is not registered, at height ${height}`,
    )
    return EXIT.failed
  }
  printResult(options.json, { present: true, height, ...record }, shownRecord(record))
  say(`at height ${height}, proven by the signatures of a quorum`)
  return EXIT.ok
}

function shownRecord(record: InstrumentRecord): string {
  const keys = record.keys.map(({ number, curve, usages, validUntilMs }) => [
    `key ${number}`,
    curve,
    usages.join(','),
    standingOf(record, number),
    validUntilMs === null ? '' : `until ${shownTime(validUntilMs)}`,
  ])
  const history = record.history.map(({ event, key, by, height, sinceMs, reason }) => [
    `height ${height}`,
    event,
    key === null ? 'instrument' : `key ${key}`,
    by,
    `since ${shownTime(sinceMs)}`,
    reason,
  ])
  const head = card(`${record.instrument}: ${record.type} of ${record.organization}, operated by ${record.operator}`, [
    ['approval', record.approval ?? 'none named'],
    ['serial', record.serial ?? 'none named'],
    ['seals', record.seals.join(', ') || 'none'],
  ])
  return [head, indent(columns(keys)), indent(columns(history))].join('\n')
}
