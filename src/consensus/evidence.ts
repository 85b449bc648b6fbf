import type { Message, Regency, ReplicaId, Signed } from '../types/index.js'
import type { Effect, Input } from './interface.js'
import { type CoreState, leader } from './state.js'

/** Whether no correct replica says both (rule R10): a STOPDATA or a PROPOSE that is sent again is no contradiction. */
export function contradicts(a: Message, b: Message): boolean {
  if (a.kind === 'write' && b.kind === 'write') return samePlace(a, b) && a.digest !== b.digest
  if (a.kind === 'accept' && b.kind === 'accept') {
    return samePlace(a, b) && (a.digest !== b.digest || a.header !== b.header)
  }
  if (a.kind === 'propose' && b.kind === 'propose') return samePlace(a, b) && a.value.digest !== b.value.digest
  return false
}

const samePlace = (
  a: { readonly cid: number; readonly regency: Regency },
  b: { readonly cid: number; readonly regency: Regency },
): boolean => a.cid === b.cid && a.regency === b.regency

/** Two messages of one replica contradict each other: everybody is told, and a leader in force is replaced. */
export function accuse(
  state: CoreState,
  replica: ReplicaId,
  regency: Regency,
  [first, second]: readonly [Uint8Array, Uint8Array],
  out: Effect[],
): void {
  out.push({ kind: 'misbehaviour', evidence: { replica, reason: 'equivocation', messages: [first, second] } })
  if (replica !== leader(state) || regency !== state.regency || state.leaderAtFault === 'evidence') return
  state.leaderAtFault = 'evidence'
  out.push({ kind: 'send-evidence', first, second })
}

/** What another replica saw. It is acted on for the regency in force only. */
export function onEvidence(
  state: CoreState,
  { first, second }: Extract<Input, { kind: 'evidence' }>,
  out: Effect[],
): void {
  const isOfOne = first.sender === second.sender && first.view === state.options.view.id && second.view === first.view
  if (!isOfOne || !contradicts(first.message, second.message)) return
  if (first.message.regency !== state.regency || first.sender !== leader(state)) return
  accuse(state, first.sender, state.regency, [first.bytes, second.bytes], out)
}

/** Evidence about a vote that conflicts with an earlier one. */
export function accuseVoter(state: CoreState, earlier: Signed, later: Signed, out: Effect[]): void {
  accuse(state, later.sender, later.message.regency, [earlier.bytes, later.bytes], out)
}
