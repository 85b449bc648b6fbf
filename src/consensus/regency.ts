import type { Regency, ReplicaId, Signed, Stop, StopReason } from '../types/index.js'
import { causeToStop, noteRegencyEnd, resendAfterMs } from './clocks.js'
import type { Effect, Input } from './interface.js'
import { mayPromise, silence } from './silence.js'
import { type CoreState, leader, leads, persist, type Wish } from './state.js'
import { sendStopData } from './stop-data.js'

/** The period of STOPs, in resend periods, and how many of these a STOP stays fresh (rule R2). */
const STOP_RESENDS = 4
const FRESH_PERIODS = 3

const stopPeriodMs = (state: CoreState): number =>
  Math.max(resendAfterMs(state), STOP_RESENDS * state.options.timings.resendMs)

/** Asks for another leader while there is a reason, and takes the wish back when its cause has ended (rules R1 and R2). */
export function reviewWish(state: CoreState, out: Effect[]): void {
  const wish = wanted(state)
  const before = state.wish
  state.wish = wish
  if (wish === undefined) {
    if (before !== undefined && before.regency > state.regency) sendStop(state, 0, out)
    return
  }
  const resigns = wish.cause === 'resign' && before?.cause !== 'resign'
  const isNew = before === undefined || before.regency !== wish.regency || resigns
  if (isNew || state.nowMs - state.lastStopMs >= stopPeriodMs(state)) sendStop(state, wish.regency, out)
}

function wanted(state: CoreState): Wish | undefined {
  // Whatever else it would ask for: a later STOP with another reason would take the resignation back.
  if (state.resigns && leads(state)) return { regency: state.regency + 1, cause: 'resign' }
  const cause = causeToStop(state)
  const joined = silence(state) === 'following' ? 0 : joinable(state)
  if (joined > state.regency + 1 || (cause === undefined && joined > state.regency)) {
    return { regency: joined, cause: 'join' }
  }
  return cause === undefined ? undefined : { regency: state.regency + 1, cause }
}

/** Grows with every STOP of this start, also over the cores of several views: the clock gives it, in µs. */
function nextNumber(state: CoreState): number {
  state.stopNumber = Math.max(state.stopNumber + 1, Math.floor(state.nowMs * 1_000))
  return state.stopNumber
}

function sendStop(state: CoreState, regency: Regency, out: Effect[]): void {
  state.lastStopMs = state.nowMs
  if (regency > state.asked) {
    state.asked = regency
    persist(out, { kind: 'stop', regency })
  }
  const reason = regency > 0 ? reasonOf(state) : 'wish'
  const { start } = state.options
  out.push({ kind: 'send', to: 'view', message: { kind: 'stop', regency, reason, start, number: nextNumber(state) } })
}

function reasonOf(state: CoreState): StopReason {
  if (state.wish?.cause === 'resign') return 'resign'
  return silence(state) === 'barred' ? 'barred' : 'wish'
}

/** This replica is about to stop while it leads: the others need not wait for a timeout (rule D4). */
export function resign(state: CoreState, out: Effect[]): void {
  if (silence(state) !== undefined || state.quorum.n === 1) return
  state.resigns = true
  reviewWish(state, out)
}

/** STOPs that ask for a regency above the one in force, of senders of whom nothing newer is known. */
function freshStops(state: CoreState): readonly Signed<Stop>[] {
  const freshMs = FRESH_PERIODS * stopPeriodMs(state)
  return [...state.stops.values()]
    .filter(({ signed, atMs }) => signed.message.regency > state.regency && state.nowMs - atMs <= freshMs)
    .map(({ signed }) => signed)
}

/** The regency that this replica joins: one that f + 1 ask for, or the next where the one in force cannot go on (rule D4). */
function joinable(state: CoreState): Regency {
  const { quorum, regency } = state
  const stops = freshStops(state)
  const asked = descending(stops)[quorum.join - 1] ?? 0
  const leaving = stops.filter(({ message }) => message.reason !== 'wish')
  const isLeaderLeaving = leaving.some(({ sender }) => sender === leader(state))
  return isLeaderLeaving || quorum.n - leaving.length < quorum.votes ? Math.max(asked, regency + 1) : asked
}

const descending = (stops: readonly Signed<Stop>[]): readonly Regency[] =>
  stops.map(({ message }) => message.regency).sort((a, b) => b - a)

const isLater = (a: Stop, b: Stop): boolean => a.start > b.start || (a.start === b.start && a.number > b.number)

/** STOP: a wish, joined at f + 1 and installed at a quorum. One for a higher regency also speaks for those below. */
export function onStop(state: CoreState, signed: Signed<Stop>, out: Effect[]): void {
  const known = state.stops.get(signed.sender)
  if (known !== undefined && !isLater(signed.message, known.signed.message)) return
  state.stops.set(signed.sender, { signed, atMs: state.nowMs })
  if (signed.message.regency <= state.regency) return
  const stops = freshStops(state)
  const installed = descending(stops)[state.quorum.votes - 1] ?? 0
  if (installed > state.regency) installRegency(state, installed, stops, out)
  else reviewWish(state, out)
}

/** Installation is handed on (rule R3): STOPs of a quorum install whatever their age. */
export function onInstallation(
  state: CoreState,
  { stops }: Extract<Input, { kind: 'installation' }>,
  out: Effect[],
): void {
  const bySender = new Map<ReplicaId, Signed<Stop>>(stops.map((stop) => [stop.sender, stop]))
  const installed = descending([...bySender.values()])[state.quorum.votes - 1] ?? 0
  if (installed > state.regency) installRegency(state, installed, [...bySender.values()], out)
}

/** The old leader is gone; what this replica is bound to goes to the new one. */
function installRegency(state: CoreState, regency: Regency, stops: readonly Signed<Stop>[], out: Effect[]): void {
  const installing = stops.filter(({ message }) => message.regency >= regency).slice(0, state.quorum.votes)
  noteRegencyEnd(state)
  enterRegency(state, regency, 'syncing')
  state.installedBy = installing
  state.regencyLogged = true
  state.mark = undefined
  persist(out, { kind: 'regency', regency })
  out.push({ kind: 'send-installation', to: 'view', stops: installing })
  out.push({ kind: 'regency-installed', regency, leader: leader(state) })
  if (mayPromise(state, regency)) sendStopData(state, out)
}

/** Moves to a regency; nothing of an older one is voted for after this. */
export function enterRegency(state: CoreState, regency: Regency, phase: 'normal' | 'syncing'): void {
  if (regency > state.regency) {
    state.installedBy = []
    state.regencyLogged = false
    state.wish = undefined
    state.syncedBefore = false
    state.nextFree = state.final + 1
  }
  state.regency = regency
  state.phase = phase
  state.phaseSinceMs = state.patienceMs
  state.sync = undefined
  state.signedSync = undefined
  state.leaderAtFault = undefined
  state.turnSinceMs = undefined
  state.finish = undefined
  state.duties.clear()
  state.unshown.clear()
  state.binding = { base: state.final, top: state.final, digests: new Map() }
  for (const [sender, { message }] of state.stopData) if (message.regency < regency) state.stopData.delete(sender)
}

/** A certificate proves that its regency was installed: this replica votes in no lower one, and needs its SYNC (rule N6). */
export function enterByCertificate(state: CoreState, regency: Regency, out: Effect[]): void {
  if (regency <= state.regency) return
  noteRegencyEnd(state)
  enterRegency(state, regency, 'syncing')
  state.regencyLogged = true
  state.mark = undefined
  persist(out, { kind: 'regency', regency })
  out.push({ kind: 'regency-installed', regency, leader: leader(state) })
  // The status asks for the SYNC.
  state.lastStatusMs = Number.NEGATIVE_INFINITY
}
