import { type CryptoSuite, nobleSuite } from '../crypto/index.js'
import type { EtalonClient } from './client.js'
import {
  type ChainEnd,
  type ChainedEvent,
  chainedEvent,
  type EventChain,
  eventsOfChain,
  readChainEnd,
} from './event-chain.js'
import type { LightClient } from './light-client.js'
import { readStateFile, type StateFile } from './state-file.js'
import { verifiedReceipt } from './verified-receipt.js'

/** Lists and exports of the logbook (docs/contracts/logbook.md): chains of entries, read backwards with proofs. */

/** The entries of a subject, or those of a category. */
export interface LogChain {
  readonly by: 'subject' | 'category'
  readonly name: string
}

/** Block times, both included. */
export interface LogFilter {
  readonly fromMs?: number
  readonly toMs?: number
}

export function logChain({ by, name }: LogChain): EventChain {
  const [key, field] =
    by === 'subject' ? [`logbook/subjects/${name}`, 'inSubject'] : [`logbook/categories/${name}`, 'inCategory']
  return {
    key,
    place(event, data) {
      if (event !== 'logbook/recorded' || data[by] !== name) return undefined
      const { counter, previous } = (data[field] ?? {}) as Readonly<Record<string, unknown>>
      if (typeof counter !== 'number' || (previous !== null && typeof previous !== 'string')) return undefined
      return { counter, previous }
    },
  }
}

/** Entries of a time, newest first, each with its proven receipt. Block times never go back, so the first that is too old ends it. */
export async function* listLog(
  client: EtalonClient,
  chain: LogChain,
  { fromMs = 0, toMs = Number.POSITIVE_INFINITY }: LogFilter = {},
): AsyncGenerator<ChainedEvent> {
  for await (const event of eventsOfChain(client, logChain(chain))) {
    if (event.receipt.timeMs < fromMs) return
    if (event.receipt.timeMs <= toMs) yield event
  }
}

const FORMAT = 'etalon-log-export-1'
/** Entries of one export. */
export const EXPORT_ENTRIES_MAX = 100_000

/**
 * A file that proves to anyone who has the genesis document that these are all entries of a chain within a time. Beside them it has what
 * borders on them: the next newer entry, or the end of the chain in the state, and the next older entry, if there are any.
 */
interface ExportDocument {
  readonly format: typeof FORMAT
  readonly chain: LogChain
  readonly filter: LogFilter
  /** Newest first; borders included. */
  readonly receipts: readonly unknown[]
  /** State file of the end of the chain; absent where a newer entry is the border. */
  readonly end?: StateFile
}

/** Makes the file. @throws RangeError for more than `EXPORT_ENTRIES_MAX` entries */
export async function exportLog(
  client: EtalonClient,
  chain: LogChain,
  filter: LogFilter = {},
): Promise<{ readonly text: string; readonly entries: number }> {
  const spec = logChain(chain)
  const file = await client.stateFile(spec.key)
  const { value } = readStateFile(client.light, nobleSuite.sha256, file)
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter
  const kept: ChainedEvent[] = []
  let newer: ChainedEvent | undefined
  let entries = 0
  for await (const event of eventsOfChain(client, spec, readChainEnd(value))) {
    const { timeMs } = event.receipt
    if (timeMs > toMs) {
      newer = event
      continue
    }
    kept.push(event)
    if (timeMs < fromMs) break
    entries += 1
    if (entries > EXPORT_ENTRIES_MAX) throw new RangeError(`more than ${EXPORT_ENTRIES_MAX} entries`)
  }
  const bordered = newer === undefined ? kept : [newer, ...kept]
  const document: ExportDocument = {
    format: FORMAT,
    chain,
    filter,
    receipts: bordered.map(({ receipt }) => JSON.parse(receipt.file) as unknown),
    ...(newer === undefined ? { end: JSON.parse(file) as StateFile } : {}),
  }
  return { text: `${JSON.stringify(document, undefined, 1)}\n`, entries }
}

export interface LogExport {
  readonly chain: LogChain
  readonly filter: LogFilter
  /** Newest first, and complete. */
  readonly entries: readonly ChainedEvent[]
}

/** Checks an export against the genesis document and nothing else. */
export function readLogExport(
  light: LightClient,
  sha256: CryptoSuite['sha256'],
  text: string,
): LogExport | { readonly problem: string } {
  const document = readDocument(text)
  if (document === undefined) return { problem: 'this is not an export of a log' }
  const { chain, filter, receipts, end } = document
  const spec = logChain(chain)
  const events: ChainedEvent[] = []
  for (const receipt of receipts) {
    const read = light.readReceipt(`${JSON.stringify(receipt, undefined, 2)}\n`)
    if ('problem' in read) return { problem: `receipt ${events.length + 1}: ${read.problem}` }
    const verified = verifiedReceipt(light.networkId, read.proven)
    const above = events.at(-1)
    const places = verified.events.map(({ name, data }) => spec.place(name, data as Readonly<Record<string, unknown>>))
    const counter = above === undefined ? places.find((it) => it !== undefined)?.counter : above.counter - 1
    const event = counter === undefined ? undefined : chainedEvent(spec, verified, counter)
    if (event === undefined || (above !== undefined && above.previous !== verified.transaction)) {
      return { problem: `receipt ${events.length + 1} is not the next entry of the chain` }
    }
    events.push(event)
  }
  const problem = borderProblem(events, filter, () => provenEnd(light, sha256, spec.key, end))
  if (problem !== undefined) return { problem }
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter
  const entries = events.filter(({ receipt }) => receipt.timeMs >= fromMs && receipt.timeMs <= toMs)
  return { chain, filter, entries }
}

/** Whether what borders on the entries shows that none is missing. */
function borderProblem(
  events: readonly ChainedEvent[],
  { fromMs = 0, toMs = Number.POSITIVE_INFINITY }: LogFilter,
  end: () => ChainEnd | undefined,
): string | undefined {
  const newest = events[0]
  if (newest === undefined || newest.receipt.timeMs <= toMs) {
    const proven = end()
    if (proven === undefined) return 'that there is no newer entry is not proven'
    const isLast = newest === undefined ? proven.counter === 0 : proven.last === newest.receipt.transaction
    if (!isLast) return 'the newest entry is missing'
  }
  const oldest = events.at(-1)
  const begins = oldest === undefined || oldest.previous === null || oldest.receipt.timeMs < fromMs
  return begins ? undefined : 'the oldest entry is missing'
}

function provenEnd(
  light: LightClient,
  sha256: CryptoSuite['sha256'],
  key: string,
  end: StateFile | undefined,
): ChainEnd | undefined {
  if (end === undefined) return undefined
  try {
    const state = readStateFile(light, sha256, JSON.stringify(end))
    return state.key === key ? readChainEnd(state.value) : undefined
  } catch {
    return undefined
  }
}

function readDocument(text: string): ExportDocument | undefined {
  try {
    const document = JSON.parse(text) as ExportDocument
    const { chain, filter } = document
    const isChain = (chain.by === 'subject' || chain.by === 'category') && typeof chain.name === 'string'
    const times = [filter.fromMs, filter.toMs].every((it) => it === undefined || Number.isSafeInteger(it))
    if (document.format !== FORMAT || !isChain || !times || !Array.isArray(document.receipts)) return undefined
    return document
  } catch {
    return undefined
  }
}
