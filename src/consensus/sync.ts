import type { Signed, Sync } from '../types/index.js'
import { noteRegencyEnd } from './clocks.js'
import { noteCertificate } from './finality.js'
import type { Effect } from './interface.js'
import { leaderOf } from './quorum.js'
import { enterRegency } from './regency.js'
import { chooseForRegency, type RegencyChoice, stopDataProblem } from './regency-choice.js'
import { type CoreState, openInstances } from './state.js'
import { logRegency, prepareEarly } from './write.js'

/** Computes what a SYNC binds, or says why it is void. */
export function choiceOf(state: CoreState, { regency, stopData, proofs }: Sync): RegencyChoice | string {
  const { options, quorum, members } = state
  if (stopData.length !== quorum.stopData) return `${stopData.length} STOPDATA, not ${quorum.stopData}`
  let previous = -1
  for (const { sender, view, message } of stopData) {
    if (sender <= previous || !members.has(sender)) return 'senders are not ascending members of the view'
    if (view !== options.view.id || message.regency !== regency) return 'a STOPDATA of another view or regency'
    const problem = stopDataProblem(message, options)
    if (problem !== undefined) return `STOPDATA of replica ${sender}: ${problem}`
    previous = sender
  }
  const messages = stopData.map(({ message }) => message)
  return chooseForRegency(messages, proofs, options.firstHeight)
}

/**
 * SYNC: every replica computes the outcome for itself (rule R7). It also brings in a replica that missed the STOPs: n - f STOPDATA show
 * that correct replicas installed the regency.
 * @returns whether the regency is open now
 */
export function onSync(state: CoreState, signed: Signed<Sync>, out: Effect[]): boolean {
  const { message, sender } = signed
  const { regency } = message
  if (regency < state.regency || sender !== leaderOf(state.options.view, regency)) return false
  if (regency === state.regency && state.phase === 'normal') return false
  const choice = choiceOf(state, message)
  if (typeof choice === 'string') {
    out.push({ kind: 'misbehaviour', evidence: { replica: sender, reason: 'bad-sync', messages: [signed.bytes] } })
    if (regency === state.regency) state.leaderAtFault ??= 'evidence'
    return false
  }
  if (regency > state.regency) {
    noteRegencyEnd(state)
    out.push({ kind: 'regency-installed', regency, leader: sender })
  }
  open(state, message, choice, out)
  state.signedSync = signed
  return true
}

/** Takes up normal work in the regency of a SYNC, beginning with what it binds. */
function open(state: CoreState, message: Sync, choice: RegencyChoice, out: Effect[]): void {
  enterRegency(state, message.regency, 'normal')
  logRegency(state, out)
  state.sync = message
  if (choice.certificate !== undefined) noteCertificate(state, choice.certificate)
  state.binding = { base: choice.base, top: choice.top, digests: choice.bindings }
  // After an orderly stop this leader may have proposed in this regency before.
  state.nextFree = Math.max(state.nextFree, choice.top + 1, state.final + 1)
  // Whoever chose from a base below what is certified here lacks that certificate (rule R9).
  if (choice.base < state.final && state.certificate !== undefined) {
    out.push({ kind: 'send-certificate', to: 'view', certificate: state.certificate })
  }
  markBound(state)
  for (const instance of openInstances(state)) prepareEarly(state, instance)
}

/** Batches of bound values are proposed already. */
function markBound(state: CoreState): void {
  for (const [cid, digest] of state.binding.digests) {
    for (const name of state.instances.get(cid)?.values.get(digest)?.batches ?? []) {
      const batch = state.pool.get(name)
      if (batch !== undefined) batch.proposedIn = state.regency
    }
  }
}
