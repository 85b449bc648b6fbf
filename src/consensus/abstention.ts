import type { Effect, Input } from './interface.js'
import { type CoreState, type Instance, persist } from './state.js'

/**
 * A replica whose disk is lost or old does not know what its key has voted for. It keeps silent, STOPDATA included, until no
 * earlier vote can matter any more (consensus.md, Recovery; docs/adr/0006).
 *
 * A correct replica votes up to 2W above its finalized height F, and a quorum executed F; of any quorum that reports, one
 * correct replica did, and is itself at most 2W behind with finalizing. So no earlier vote lies above the highest report + 4W. A
 * block above was decided by votes that were all cast later, so not in a regency that a quorum had given up before: in its
 * regency and above no earlier STOPDATA of this replica can be held against it.
 */
export function onReport(state: CoreState, input: Extract<Input, { kind: 'report' }>, out: Effect[]): void {
  const { abstention, options, quorum } = state
  const { from, certificate } = input
  if (abstention === undefined || abstention.until !== undefined) return
  if (from === options.self || !state.members.has(from)) return
  abstention.reports.set(from, Math.max(abstention.reports.get(from) ?? 0, certificate.cid))
  if (abstention.reports.size < quorum.votes) return
  abstention.until = Math.max(...abstention.reports.values()) + 4 * options.window
  out.push({ kind: 'abstaining', until: abstention.until })
}

/** Called for every block that becomes final here: above the bound, this replica votes again, in that block's regency or above. */
export function endAbstention(state: CoreState, instance: Instance, out: Effect[]): void {
  const { abstention } = state
  const regency = instance.decision?.regency ?? instance.installedIn
  if (abstention?.until === undefined || instance.cid <= abstention.until || regency === undefined) return
  state.abstention = undefined
  persist(out, { kind: 'abstain', over: true })
  out.push({ kind: 'abstaining', until: undefined })
  state.stopSent = Math.max(state.stopSent, regency)
  persist(out, { kind: 'stop', regency: state.stopSent })
  if (state.stopSent > state.regency) {
    state.phase = 'stopping'
    state.phaseSinceMs = state.nowMs
  }
}
