import { createHash } from 'node:crypto'
import { EtalonError } from '../../base/errors.js'
import {
  type ChainedEvent,
  exportLog,
  LightClient,
  type LogChain,
  type LogFilter,
  listLog,
  readLogExport,
} from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import type { QuantityText } from '../../formats/quantity.js'
import { readArguments } from '../arguments.js'
import { readBinaryFile, readTextFile, refuseExisting, writeNewFile } from '../files.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, readInteger, say, usage } from '../output.js'
import { quantityText } from '../quantity-text.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { columns } from '../table.js'

interface AppendOptions extends SubmitOptions {
  readonly file?: string
  readonly quantities?: string
  readonly reference?: readonly string[]
  readonly unlisted?: boolean
}

export async function append(
  category: string,
  subject: string,
  payload: string | undefined,
  options: AppendOptions,
): Promise<number> {
  const { file, quantities, reference, unlisted } = options
  if (file !== undefined && payload !== undefined) throw usage('both a text and --file are given', 'give one of them')
  if (unlisted === true && quantities !== undefined) {
    throw usage('quantities are recorded in listed entries only', 'leave --unlisted out')
  }
  const args = {
    category,
    subject,
    ...(payload === undefined ? {} : { payload }),
    ...(file === undefined ? {} : { payloadHash: createHash('sha256').update(readBinaryFile(file)).digest('hex') }),
    ...(quantities === undefined ? {} : { quantities: readQuantities(quantities) }),
    ...(reference === undefined ? {} : { references: reference }),
  }
  return await submitCall('logbook', unlisted === true ? 'append' : 'record', args, options)
}

/** A list is wrapped, so that the reader of arguments takes it. */
function readQuantities(text: string): unknown {
  const json = text.startsWith('@') ? readTextFile(text.slice(1)) : text
  return readArguments(`{"list":${json}}`).list
}

interface ChainOptions extends NetworkOptions {
  readonly subject?: string
  readonly category?: string
  readonly from?: string
  readonly to?: string
  readonly json?: boolean
}

function chainOf({ subject, category }: ChainOptions): LogChain {
  if (subject !== undefined && category === undefined) return { by: 'subject', name: subject }
  if (category !== undefined && subject === undefined) return { by: 'category', name: category }
  throw usage('it is not said which entries', 'give --subject or --category')
}

function filterOf({ from, to }: ChainOptions): LogFilter {
  return {
    ...(from === undefined ? {} : { fromMs: timeOf('--from', from) }),
    ...(to === undefined ? {} : { toMs: timeOf('--to', to) }),
  }
}

function timeOf(option: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw usage(`${option} cannot be ${text}`, 'write it like 2026-11-25 or 2026-11-25T10:00:00Z')
  return time
}

const LIMIT_MAX = 100_000

export async function list(options: ChainOptions & { readonly limit: string }): Promise<number> {
  const chain = chainOf(options)
  const limit = readInteger('--limit', options.limit, 1, LIMIT_MAX)
  const entries: ChainedEvent[] = []
  for await (const entry of listLog(readerOf(options).client, chain, filterOf(options))) {
    entries.push(entry)
    if (entries.length >= limit) break
  }
  printEntries(options.json, chain, entries)
  say(`${entries.length} entries, proven, without a gap between them`)
  return EXIT.ok
}

function printEntries(json: boolean | undefined, chain: LogChain, entries: readonly ChainedEvent[]): void {
  const documents = entries.map(({ counter, data, receipt }) => ({
    counter,
    time: new Date(receipt.timeMs).toISOString(),
    height: receipt.height,
    transaction: receipt.transaction,
    ...data,
  }))
  const rows = entries.map(({ counter, data, receipt }) => [
    String(counter),
    new Date(receipt.timeMs).toISOString(),
    `${data.organization}/${data.member}`,
    String(chain.by === 'subject' ? data.category : data.subject),
    contentText(data),
  ])
  printResult(json, { chain, entries: documents }, rows.length === 0 ? 'no entries' : columns(rows))
}

function contentText({ payloadHash, quantities }: ChainedEvent['data']): string {
  const texts = (quantities as readonly ({ name: string } & QuantityText)[]).map(
    (it) => `${it.name} ${quantityText(it)}`,
  )
  const hash = payloadHash === null ? [] : [`sha256 ${String(payloadHash).slice(0, 16)}…`]
  return [...texts, ...hash].join(', ')
}

export async function exportEntries(options: ChainOptions & { readonly out: string }): Promise<number> {
  refuseExisting(options.out)
  const { text, entries } = await exportLog(readerOf(options).client, chainOf(options), filterOf(options))
  writeNewFile(options.out, text)
  printResult(options.json, { file: options.out, entries }, `${entries} entries written to ${options.out}`)
  say('anyone can check it with `etalon log verify-export`')
  return EXIT.ok
}

export function verifyExport(path: string, options: NetworkOptions & { readonly json?: boolean }): number {
  const light = new LightClient(genesisOf(options), nativeSuite)
  const read = readLogExport(light, nativeSuite.sha256, readTextFile(path))
  if ('problem' in read) {
    throw new EtalonError('log/not-proven', read.problem, 'do not rely on it; export the entries anew')
  }
  printEntries(options.json, read.chain, read.entries)
  say(`valid: ${read.entries.length} entries, and none is missing`)
  return EXIT.ok
}
