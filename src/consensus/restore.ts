import { assert } from '../base/assert.js'
import type { CoreOptions, Restored, WalRecord } from './interface.js'
import { adoptSync, enterRegency } from './on-regency.js'
import { type Abstention, baseOf, type CoreState, initialState, instanceAt, openInstances } from './state.js'

/** Rebuilds the state from the ledger and the log, silently: the replica stands by every vote that it may have sent. */
export function restore(options: CoreOptions, restored: Restored): CoreState {
  const { executed, finalized, blocks } = restored
  assert(blocks.length === executed - finalized, 'every executed height above the finalized one is restored')
  const state = initialState(options, executed, finalized)
  // That of the height below the view is of another view, and nobody in this one needs it.
  if (finalized > baseOf(options) && restored.finality !== undefined) state.finality = restored.finality
  blocks.forEach((block, i) => {
    const instance = instanceAt(state, finalized + 1 + i)
    instance.header = block.headerHash
    instance.outcome = block.value
  })
  for (const record of restored.records) apply(state, record)
  for (const instance of openInstances(state)) {
    if (instance.written?.regency === state.regency) state.nextFree = Math.max(state.nextFree, instance.cid + 1)
  }
  return state
}

function apply(state: CoreState, record: WalRecord): void {
  switch (record.kind) {
    case 'write': {
      if (record.cid <= state.finalized) return
      const instance = instanceAt(state, record.cid)
      const { regency, digest } = record
      instance.written = { regency, digest }
      const value = state.options.readValue(record.value)
      if (value?.digest === digest) instance.values.set(digest, value)
      // A proposal made or accepted before the crash is still this regency's proposal.
      instance.proposals.set(regency, { digest })
      return
    }
    case 'accept': {
      const { prepared } = record
      if (prepared.cid <= state.finalized) return
      const instance = instanceAt(state, prepared.cid)
      instance.accepted = { regency: prepared.regency, digest: prepared.digest }
      instance.prepared = prepared
      return
    }
    case 'stop':
      state.stopSent = Math.max(state.stopSent, record.regency)
      if (record.regency > state.regency) state.phase = 'stopping'
      return
    case 'stop-data':
      enterRegency(state, record.message.regency, 'syncing')
      state.sync = undefined
      state.ownStopData = record.message
      return
    case 'sync':
      restoreSync(state, record)
      return
    case 'abstain':
      state.abstention = record.over ? undefined : { reports: new Map(), until: record.until }
      return
    case 'view':
      return
  }
}

function restoreSync(state: CoreState, record: Extract<WalRecord, { kind: 'sync' }>): void {
  const { message } = record
  if (message.regency < state.stopSent) return
  adoptSync(state, message)
}

const abstainRecord = ({ until }: Abstention): WalRecord => ({
  kind: 'abstain',
  over: false,
  ...(until === undefined ? {} : { until }),
})

/** The least that a compacted log must hold: the promises of this replica and its votes in open instances. */
export function durableRecords(state: CoreState): readonly WalRecord[] {
  const records: WalRecord[] = [{ kind: 'view', view: state.options.view.id }]
  if (state.abstention !== undefined) records.push(abstainRecord(state.abstention))
  if (state.sync !== undefined && state.sync.regency === state.regency) {
    records.push({ kind: 'sync', message: state.sync })
  } else if (state.ownStopData !== undefined) {
    records.push({ kind: 'stop-data', message: state.ownStopData })
  }
  if (state.stopSent > 0) records.push({ kind: 'stop', regency: state.stopSent })
  for (const { cid, written, prepared, values } of openInstances(state)) {
    if (written !== undefined) {
      const value = values.get(written.digest)?.bytes ?? new Uint8Array()
      records.push({ kind: 'write', cid, ...written, value })
    }
    if (prepared !== undefined) records.push({ kind: 'accept', prepared })
  }
  return records
}
