import type { WalRecord } from '../types/index.js'
import type { CoreOptions, Restored } from './interface.js'
import { silence } from './silence.js'
import { baseOf, type CoreState, initialState, instanceAt, leads, openInstances } from './state.js'

/**
 * Rebuilds the state from the ledger and the log, silently. A replica that did not stop in order may have voted in the regency of its log,
 * so it is barred there (rule D3); after an orderly stop the log says all that was said (rule D4).
 */
export function restore(options: CoreOptions, restored: Restored): CoreState {
  const { height, certificate, heads, records } = restored
  const state = initialState(options, height)
  for (const { lane, incarnation, number } of heads) state.heads.set(lane, { incarnation, number })
  const isOfView = height > baseOf(options) && certificate?.view === options.view.id
  if (isOfView) {
    state.certificate = certificate
    state.durableCertificate = certificate
  }
  for (const record of records) apply(state, record)
  const mark = records.at(-1)
  if (mark?.kind === 'mark') applyMark(state, mark)
  else if (state.regencyLogged) state.silences.barredIn = state.regency
  state.regencyLogged = false
  if (isOfView) state.regency = Math.max(state.regency, certificate.regency)
  if (state.regency > 1) state.phase = 'syncing'
  return state
}

function apply(state: CoreState, record: WalRecord): void {
  switch (record.kind) {
    case 'regency':
      state.regency = Math.max(state.regency, record.regency)
      state.regencyLogged = true
      return
    case 'stop':
      state.asked = Math.max(state.asked, record.regency)
      return
    case 'accept':
      applyAccept(state, record)
      return
    case 'lost':
      state.silences.lost = { bounds: record.bounds?.view === state.options.view.id ? record.bounds : undefined }
      return
    case 'view':
    case 'mark':
      return
  }
}

function applyAccept(state: CoreState, { prepared, value, header }: Extract<WalRecord, { kind: 'accept' }>): void {
  const { cid, regency, digest } = prepared
  if (cid <= state.durable) return
  const instance = instanceAt(state, cid)
  if (instance.accepted !== undefined && instance.accepted.regency > regency) return
  instance.accepted = { regency, digest, header, lock: prepared }
  instance.lock = prepared
  const decoded = state.options.readValue(value)
  if (decoded?.digest === digest) instance.values.set(digest, decoded)
}

function applyMark(state: CoreState, mark: Extract<WalRecord, { kind: 'mark' }>): void {
  const { regency, writes, proposed, synced } = mark
  state.mark = mark
  state.regency = Math.max(state.regency, regency)
  for (const { cid, digest } of writes) {
    if (cid > state.durable) instanceAt(state, cid).written = { regency, digest }
  }
  state.nextFree = Math.max(state.nextFree, proposed + 1)
  state.syncedBefore = synced
}

/**
 * The last record of an orderly stop: what was said in the regency in force that touched no disk. A replica that may not vote writes none,
 * since its next start must not lift the bar.
 */
export function markOf(state: CoreState): WalRecord | undefined {
  if (silence(state) !== undefined) return undefined
  const { regency } = state
  const writes = openInstances(state).flatMap(({ cid, written }) =>
    written?.regency === regency ? [{ cid, digest: written.digest }] : [],
  )
  const proposed = leads(state) ? state.nextFree - 1 : 0
  const synced = leads(state) && (state.sync !== undefined || state.syncedBefore)
  return { kind: 'mark', regency, writes, proposed, synced }
}

/** The least that a compacted log must hold: the promises of this replica, and its ACCEPTs above the durable height (rule D1). */
export function durableRecords(state: CoreState): readonly WalRecord[] {
  const { asked, mark, options, regency, silences } = state
  const records: WalRecord[] = [{ kind: 'view', view: options.view.id }]
  if (silences.lost !== undefined) {
    const { bounds } = silences.lost
    records.push({ kind: 'lost', ...(bounds === undefined ? {} : { bounds }) })
  }
  // The regency of a bar is below or the same: no vote of this life or an earlier one is above it.
  const isSpoken = state.regencyLogged || silences.barredIn !== undefined || mark !== undefined
  if (isSpoken) records.push({ kind: 'regency', regency })
  if (asked > 0) records.push({ kind: 'stop', regency: asked })
  for (const { accepted, values } of openInstances(state)) {
    if (accepted === undefined) continue
    const value = values.get(accepted.digest)?.bytes ?? new Uint8Array()
    records.push({ kind: 'accept', prepared: accepted.lock, value, header: accepted.header })
  }
  if (mark !== undefined) records.push(mark)
  return records
}
