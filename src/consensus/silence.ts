import type { Height, LostBounds, Regency, Silence } from '../types/index.js'
import type { Effect, Input } from './interface.js'
import { baseOf, type CoreState, persist, type Report } from './state.js'

/**
 * Who may not vote, and until when. A replica that restarted may have voted in the regency of its log (rule D3); one whose disk is lost
 * may have voted anywhere (rule T2). Both ask the others where they stand, and vote again where none of their earlier votes can lie. The
 * conditions are judged for every vote, from what the replica knows then: a final height that only memory knew falls back with a crash.
 */

/** How long further answers are waited for, so that one liar's can be left out, ms. */
const ANSWERS_MS = 2_000

/** Whether the newest certificate is of this view and more than two windows above a height. */
function isBeyond(state: CoreState, height: Height, reached: Height = state.final): boolean {
  return state.certificate !== undefined && reached > height + 2 * state.options.window
}

/** What keeps this replica from voting in a regency, or nothing. */
export function silenceIn(state: CoreState, regency: Regency): Silence | undefined {
  const { barredIn, barHeight, lost } = state.silences
  if (!state.options.votes) return 'following'
  if (lost !== undefined) {
    const { bounds } = lost
    const isFree =
      bounds !== undefined &&
      bounds.view === state.options.view.id &&
      regency >= bounds.regency &&
      isBeyond(state, bounds.height)
    if (!isFree) return 'lost'
  }
  if (barredIn === undefined || regency > barredIn) return undefined
  return barHeight !== undefined && isBeyond(state, barHeight) ? undefined : 'barred'
}

export const silence = (state: CoreState): Silence | undefined => silenceIn(state, state.regency)

/** Whether this replica casts votes and proposes in the regency in force. */
export const mayVote = (state: CoreState): boolean => silence(state) === undefined

/** Whether it may leave all regencies below for this one: its locks must be whole, and no earlier promise may stand against it. */
export function mayPromise(state: CoreState, regency: Regency): boolean {
  const { barredIn, lost } = state.silences
  if (!state.options.votes || (barredIn !== undefined && regency <= barredIn)) return false
  // After an orderly stop it may have accepted in this regency: what it was bound to below went with that, so its first STOPDATA stands.
  for (const { accepted } of state.instances.values())
    if (accepted !== undefined && accepted.regency >= regency) return false
  if (lost === undefined) return true
  const { bounds } = lost
  if (bounds === undefined || bounds.view !== state.options.view.id || regency <= bounds.regency) return false
  // STOPDATA counts from the durable height, so that one must be beyond all that was lost.
  return state.durableCertificate !== undefined && isBeyond(state, bounds.height, state.durable)
}

/** Above which final height it votes again; 0 where that is not known. */
export function silentUntil(state: CoreState): Height {
  const { barHeight, lost } = state.silences
  const height = Math.max(lost?.bounds?.height ?? 0, barHeight ?? 0)
  const isKnown = !isAsking(state.silences)
  return isKnown ? height + 2 * state.options.window : 0
}

/** The regency that this replica tells others it asked for: STOPs of a life before a lost disk still count. */
export function askedRegency({ asked, regency, silences }: CoreState): Regency {
  const bound = silences.lost?.bounds?.regency
  return Math.max(asked, regency, bound === undefined ? 0 : bound + 1)
}

/** Whether the answer of others is needed to know where earlier votes may lie. */
const isAsking = ({ barredIn, barHeight, lost }: CoreState['silences']): boolean =>
  (lost !== undefined && lost.bounds === undefined) || (barredIn !== undefined && barHeight === undefined)

/** A member of this view says where it stands; a final height counts with its proof only. */
export function onReport(state: CoreState, input: Extract<Input, { kind: 'status' }>, out: Effect[]): void {
  const { from, status, finality } = input
  const { silences, members, options } = state
  if (!isAsking(silences) || status.view !== options.view.id || !members.has(from) || from === options.self) return
  const height = finality?.cid ?? 0
  if (status.finalized !== height && status.finalized !== baseOf(options)) return
  silences.reports.set(from, { height: status.finalized, asked: Math.max(status.asked, status.regency) })
  silences.reportsSinceMs ??= state.nowMs
  concludeReports(state, out)
}

/** With answers of a quorum of others, and a moment for those of the rest, the bounds are known. */
export function concludeReports(state: CoreState, out: Effect[]): void {
  const { silences, quorum, options, nowMs } = state
  const { reports, reportsSinceMs } = silences
  if (!isAsking(silences) || reports.size < quorum.votes || reportsSinceMs === undefined) return
  if (reports.size < quorum.n - 1 && nowMs - reportsSinceMs < ANSWERS_MS) return
  // Any quorum of answers will do, so the highest claims are left out: one liar would keep this replica silent for good.
  const counted = [...reports.values()].sort((a, b) => a.asked - b.asked).slice(0, quorum.votes)
  const highest = (of: (report: Report) => number): number => Math.max(...counted.map(of))
  const height = Math.max(
    state.durable,
    highest(({ height }) => height),
  )
  reports.clear()
  silences.reportsSinceMs = undefined
  if (silences.barredIn !== undefined) silences.barHeight ??= height
  if (silences.lost !== undefined && silences.lost.bounds === undefined) {
    const bounds: LostBounds = { view: options.view.id, height, regency: highest(({ asked }) => asked) }
    silences.lost = { bounds }
    persist(out, { kind: 'lost', bounds })
  }
  out.push({ kind: 'silence', ...said(state) })
}

function said(state: CoreState): { readonly silent?: Silence; readonly until?: Height } {
  const silent = silence(state)
  return silent === undefined ? {} : { silent, until: silentUntil(state) }
}
