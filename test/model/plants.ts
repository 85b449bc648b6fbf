/** Planted bugs: each breaks one rule of the protocol, and shows that the model would see it. */

import type { Scope } from './state.js'

export interface Plant {
  readonly rule: string
  readonly says: string
  /** Where to look for it; the plain random walk if not said. */
  readonly scope?: Partial<Omit<Scope, 'plant'>>
  /** Start from so many actions of a written history. */
  readonly from?: readonly [history: string, actions: number]
  /** Only this kind of violation. */
  readonly only?: string
}

const plant = (rule: string, says: string, more: Omit<Plant, 'rule' | 'says'> = {}): Plant => ({ rule, says, ...more })
const ORDERLY = { scope: { orderly: true } }
const LOST = { scope: { lost: 1, change: 0, w: 1, heights: 6, regencies: 3 } } as const

export const PLANTS = {
  // the normal case
  'write-quorum': plant('N3', 'Q - 1 WRITEs make a lock'),
  'accept-quorum': plant('N6', 'Q - 1 ACCEPTs make a certificate'),
  'accepts-across-regencies': plant('R8', 'ACCEPTs of different regencies count together', { from: ['across', 30] }),
  'window-without-blocks': plant('N2', 'the window counts from a certificate whose blocks are missing'),
  'window-for-write-only': plant('N2, V1', 'both: only WRITE has a window, and blocks may be missing', {
    only: 'agreement',
  }),
  'accept-outside-window': plant('N2, V1', 'ACCEPT is not bound by the window'),
  'open-above-memory': plant('N5', 'ACCEPT counts from a certificate that is not durable'),
  'accept-gap': plant('N5', 'ACCEPT of a height without the locks below it'),
  'accept-on-old-lock': plant('N5', 'ACCEPT on a lock of an older regency', { from: ['old-lock', 30] }),
  'top-lock-synced': plant('N5', 'a cumulative ACCEPT syncs the highest lock only'),
  'lock-unsynced': plant('N5, table', 'the lock is not synced before ACCEPT'),
  'values-unsynced': plant('N5, table', 'value and batches are not synced before ACCEPT'),
  'header-unsynced': plant('N5, table', 'the header hash accepted is not synced'),
  'no-rollback': plant('N4, N5', 'what was executed before it was prepared is not rolled back', {
    scope: { eager: true },
  }),
  'old-lock-overwrites': plant('N3', 'a late lock of an older regency replaces a newer one'),
  'no-proven-regency': plant('N6', 'votes below a regency that a certificate proved'),
  'proven-regency-without-sync': plant('N2a, N6', 'votes without SYNC in a regency that a certificate proved'),
  'halts-on-speculation': plant('N8', 'a replica halts when its speculative header differs from a certified one', {
    scope: { eager: true },
  }),

  // what is durable
  'ledger-unsynced': plant('N7, D1', 'ledger rows are not synced, and the log is cut by them'),
  'run-below-certificate': plant('N7, D1', 'a run of ledger rows ends below its certificate', {
    from: ['run', 16],
    only: 'agreement',
  }),
  'compaction-by-certificate': plant('D1', 'the log is cut by a certificate in memory'),
  'compaction-drops-lock': plant('D1', 'compaction drops the lowest lock'),
  'locks-dropped-early': plant('D1', 'locks are dropped when a certificate is learned'),
  'write-before-regency': plant('table', 'the first WRITE leaves before (view, regency) is synced'),
  'propose-before-regency': plant('table', 'PROPOSE or SYNC leaves before (view, regency) is synced'),
  'stopdata-unsynced': plant('table', 'the regency of STOPDATA is not synced'),
  'no-bar': plant('D3', 'a replica without orderly stop votes on in its regency'),
  'bar-to-h': plant('D3', 'it votes again above H'),
  'bar-to-h-w': plant('D3', 'it votes again above H + W', { from: ['returns', 24] }),
  'bar-lowest-answer': plant('D3', 'H is the lowest answer, and the own log does not count', {
    scope: { w: 1, heights: 8 },
  }),
  'bar-without-own-log': plant('D3', 'the own log does not count for H', { from: ['B5', 66] }),
  'restarted-leader': plant('D3', 'a restarted leader proposes or sends SYNC in the same regency'),
  'mark-stays': plant('D4', 'the mark of an orderly stop stays when votes leave', ORDERLY),
  'mark-without-record': plant('D4', 'the mark is written without what was said', ORDERLY),
  'mark-lifts-bar': plant('D4', 'a barred replica writes a mark', ORDERLY),

  // the regency change
  'stopdata-no-promise': plant('R1', 'votes go on below the regency of STOPDATA', { only: 'agreement' }),
  'free-wish': plant('R2', 'a replica asks for more than the next regency', {
    from: ['lost3', 118],
    only: 'agreement',
  }),
  'stops-counted-exactly': plant('R2', 'STOP(r) counts for r only'),
  'highest-lock-only': plant('R4', 'STOPDATA names the highest lock only'),
  'highest-w-locks': plant('R4', 'STOPDATA names the highest W locks', { from: ['topw', 30], only: 'agreement' }),
  'names-own-regency': plant('R4', 'STOPDATA(r) names locks of r'),
  'base-from-memory': plant('D1', 'the base of STOPDATA is a certificate in memory'),
  'dataless-lock': plant('R5', 'STOPDATA names locks without their data'),
  'leader-counts-dataless': plant('R5', 'the leader counts STOPDATA without the data'),
  dataless: plant('R5', 'both'),
  'dataless-lock-replaces': plant('R5', 'a prepared certificate without data replaces a lock'),
  'stopdata-quorum': plant('R6', 'SYNC from n - f - 1 STOPDATA'),
  'unproven-believed': plant('R6', 'a statement counts without its proof'),
  'unproven-passed-over': plant('R6', 'a statement without its proof is passed over, and the SYNC stays valid'),
  'tie-last-wins': plant('R6', 'of two statements of one regency the last wins, proven or not'),
  'sync-ignores-locks': plant('R7', 'SYNC binds nothing'),
  'lowest-regency': plant('R7', 'the lock of the lowest regency wins'),
  'run-from-lowest-base': plant('R7', 'the run of locks is counted from the lowest base'),
  'outcome-behind-gap': plant('R7', 'locks behind a gap bind too'),
  'votes-without-sync': plant('N2a', 'a restarted replica votes without SYNC'),

  // views
  'clamp-ignored': plant('V1', 'votes of the old view go beyond its last height'),
  'view-on-speculation': plant('V1, V2', 'a view starts on what is accepted, not final'),

  // lost disks
  'return-below-g': plant('T2', 'votes in a regency below G', { scope: LOST.scope, from: ['lost', 40] }),
  'g-installed-only': plant('T2', 'G counts what others installed, not what they asked for', {
    scope: LOST.scope,
    from: ['lost', 40],
  }),
  'wish-unsynced': plant('T2, table', 'STOP leaves before it is synced', { scope: LOST.scope, from: ['lost', 40] }),
  'g-of-old-life': plant('T2', 'a replica that lost its disk does not name G + 1', {
    from: ['lost2', 104],
    only: 'agreement',
  }),
  'one-answer': plant('T2', 'H and G come from one other replica', LOST),
  'return-at-h': plant('T2', 'votes again above H', LOST),
  'return-at-h-w': plant('T2', 'votes again above H + W', {
    scope: { lost: 1, change: 0, w: 2, heights: 10, regencies: 3 },
  }),
  'silence-end-sticks': plant('T2', 'the silence ended stays ended when its certificate is lost', {
    from: ['same1', 50],
  }),
  'silent-stopdata': plant('T2', 'a silent replica sends STOPDATA above G', LOST),
  'stopdata-up-to-g': plant('T2', 'STOPDATA for a regency up to G', LOST),
  'asks-genesis-view': plant('T2', 'H and G are not asked again in a new view', { from: ['lostview', 60] }),
  'certificate-of-another-view': plant('T2', 'a certificate of another view ends the silence', {
    from: ['lostview2', 60],
  }),
} as const satisfies Readonly<Record<string, Plant>>

export type PlantName = keyof typeof PLANTS
export const PLANT_NAMES = Object.keys(PLANTS) as PlantName[]
