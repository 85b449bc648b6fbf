import type { Certificate, Lock, PreparedCertificate, Signed, StopData, Sync } from '../types/index.js'
import type { Effect } from './interface.js'
import { leaderOf } from './quorum.js'
import { isProven, neededProofs, stopDataProblem } from './regency-choice.js'
import { mayPromise } from './silence.js'
import { type CoreState, type Instance, isHeld, leader, leads } from './state.js'
import { logRegency, scheduleFetch } from './write.js'

const NO_DIGEST = '00'.repeat(32)

/** The promise to the new leader: where this replica counts from, and every lock whose data it holds (rules R4 and R5). */
export function sendStopData(state: CoreState, out: Effect[]): void {
  const { regency, durable, durableCertificate } = state
  const locked = lockedInstances(state)
  const message: StopData = {
    kind: 'stop-data',
    regency,
    base: {
      height: durable,
      regency: durableCertificate?.regency ?? 0,
      digest: durableCertificate?.digest ?? NO_DIGEST,
      header: durableCertificate?.header ?? NO_DIGEST,
    },
    locks: locked.map(({ cid, regency: of, digest }): Lock => ({ cid, regency: of, digest })),
  }
  state.lastStopDataMs = state.nowMs
  const proofs: readonly Certificate[] = durableCertificate === undefined ? locked : [durableCertificate, ...locked]
  out.push({ kind: 'send', to: [leader(state)], message, proofs })
}

/** Certificates of the locks from the durable height up to a window above it, of regencies below the one in force. */
function lockedInstances(state: CoreState): readonly PreparedCertificate[] {
  const { durable, instances, options } = state
  const locks: PreparedCertificate[] = []
  for (let cid = durable + 1; cid <= durable + options.window; cid++) {
    const instance = instances.get(cid)
    const lock = instance && lockWithData(state, instance)
    if (lock !== undefined) locks.push(lock)
  }
  return locks
}

/** The newest lock whose data this replica holds. Those of the lock that it accepted are on its disk. */
function lockWithData(state: CoreState, { lock, accepted, values }: Instance): PreparedCertificate | undefined {
  return [lock, accepted?.lock].find(
    (one) => one !== undefined && one.regency < state.regency && isHeld(state, values.get(one.digest)),
  )
}

/** The new leader gathers n - f STOPDATA whose statements are proven and whose data it holds, and sends them to all. */
export function onStopData(state: CoreState, signed: Signed<StopData>, out: Effect[]): void {
  const { message, sender, proofs = [] } = signed
  const { options } = state
  if (message.regency < state.regency || leaderOf(options.view, message.regency) !== options.self) return
  if (message.regency === state.regency && state.phase === 'normal') {
    // The sender missed the SYNC.
    if (state.sync !== undefined) out.push({ kind: 'send', to: [sender], message: state.sync })
    return
  }
  if (stopDataProblem(message, options) !== undefined || !isProven(message, proofs, options.firstHeight)) return
  const known = state.stopData.get(sender)
  if (known !== undefined && known.message.regency > message.regency) return
  state.stopData.set(sender, signed)
  trySync(state, out)
}

/** Locks of STOPDATA for the regency in force whose data this leader still lacks, by who named them. */
export function wantedLocks(state: CoreState): readonly Lock[] {
  if (state.phase !== 'syncing' || !leads(state)) return []
  return [...state.stopData.values()]
    .filter(({ message }) => message.regency === state.regency)
    .flatMap(({ message }) => message.locks)
    .filter((lock) => !isLockHeld(state, lock))
}

function isLockHeld(state: CoreState, { cid, digest }: Lock): boolean {
  // What is durable here is this leader's own base, and its own STOPDATA is always among those chosen.
  if (cid <= state.durable) return true
  const instance: Instance | undefined = state.instances.get(cid)
  return isHeld(state, instance?.values.get(digest))
}

/** The value and the batches of a lock must be at hand: whatever a correct leader binds it can give to all (rule R5). */
export function trySync(state: CoreState, out: Effect[]): void {
  const { options, quorum, regency } = state
  if (state.phase !== 'syncing' || !leads(state) || state.sync !== undefined || state.syncedBefore) return
  if (!mayPromise(state, regency)) return
  if (wantedLocks(state).length > 0) scheduleFetch(state, out)
  const ready = [...state.stopData.values()]
    .filter(({ message }) => message.regency === regency && message.locks.every((lock) => isLockHeld(state, lock)))
    .sort((a, b) => Number(b.sender === options.self) - Number(a.sender === options.self))
  if (ready.length < quorum.stopData || ready[0]?.sender !== options.self) return
  const stopData = ready.slice(0, quorum.stopData).sort((a, b) => a.sender - b.sender)
  const proofs = neededProofs(
    stopData.map(({ message }) => message),
    stopData.flatMap((signed) => signed.proofs ?? []),
    options.firstHeight,
  )
  const message: Sync = { kind: 'sync', regency, stopData, proofs }
  state.sync = message
  logRegency(state, out)
  out.push({ kind: 'send', to: 'view', message })
}
