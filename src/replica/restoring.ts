import { EtalonError } from '../base/errors.js'
import { decodeBatch, isRefused } from '../codec/transaction.js'
import { decodeLogRecord } from '../codec/wal.js'
import type { Batch, Transaction, ViewId, WalRecord } from '../types/index.js'
import type { ReplicaContext, ReplicaModules } from './context.js'

/** What the log holds, seen from the view that the ledger is in. */
export interface RestoredLog {
  /** Votes and promises in that view. */
  readonly records: readonly WalRecord[]
  /** Batches of that view. */
  readonly batches: readonly Batch[]
  /** Transactions of this replica's clients, in batches of a view that has ended. */
  readonly transactions: readonly Transaction[]
  /** The log is of a later view than the ledger: the ledger is not the one that the votes were cast over. */
  readonly ahead: boolean
  /** It holds nothing at all, as on a new disk. */
  readonly empty: boolean
}

/** Reads the log back. @throws EtalonError `wal/format`: a record of an unknown kind */
export function readLog(context: ReplicaContext, { wal, logger }: Pick<ReplicaModules, 'wal' | 'logger'>): RestoredLog {
  const current = context.views.current.view.id
  const batches: Batch[] = []
  const transactions: Transaction[] = []
  let records: WalRecord[] = []
  let lost: WalRecord | undefined
  let view: ViewId = 0
  let empty = true
  for (const bytes of wal.records()) {
    const record = decodeLogRecord(bytes)
    empty = false
    if (record === undefined) {
      const remedy = 'Run the version of etalon that wrote it.'
      throw new EtalonError('wal/format', 'The write-ahead log holds a record that this version cannot read.', remedy)
    }
    switch (record.kind) {
      case 'batch': {
        const carried = decodeBatch(context, record.bytes)
        if (isRefused(carried)) break
        if (carried.view === current) batches.push(carried.batch)
        else if (carried.batch.lane === context.self) transactions.push(...carried.batch.transactions)
        break
      }
      case 'view':
        if (record.view !== view) records = []
        view = record.view
        break
      case 'lost':
        lost = record
        break
      default:
        records.push(record)
    }
  }
  if (view !== current) records = []
  if (batches.length + records.length > 0) {
    logger.info({ view, batches: batches.length, records: records.length }, 'log read')
  }
  return {
    records: lost === undefined ? records : [lost, ...records],
    batches,
    transactions,
    ahead: view > current,
    empty,
  }
}
