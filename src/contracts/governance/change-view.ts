import { LIMITS } from '../../types/index.js'
import type { Change, ReplicaRecord, ViewRecord } from './records.js'

/** Applies changes to the replicas of a view, or says why that gives no view. Pure. */
export function changedReplicas(
  replicas: readonly ReplicaRecord[],
  changes: readonly Change[],
): { readonly replicas: readonly ReplicaRecord[] } | { readonly problem: string } {
  let result = [...replicas]
  for (const change of changes) {
    const at = 'replica' in change && change.kind !== 'add' ? result.findIndex(({ id }) => id === change.replica) : 0
    if (at < 0) return { problem: `replica ${'replica' in change ? change.replica : ''} is not in the view` }
    switch (change.kind) {
      case 'add':
        result.push(change.replica)
        break
      case 'remove':
        result = result.filter((_, i) => i !== at)
        break
      case 'rotate':
        result = result.map((replica, i) => (i === at ? { ...replica, consensusKey: change.consensusKey } : replica))
        break
    }
  }
  const problem = viewProblem(result)
  return problem === undefined ? { replicas: result } : { problem }
}

/** What is wrong with the replicas of a view, for people. */
export function viewProblem(replicas: readonly ReplicaRecord[]): string | undefined {
  if (replicas.length === 0) return 'a view has at least one replica'
  if (replicas.length > LIMITS.replicasMax) return `a view has at most ${LIMITS.replicasMax} replicas`
  for (const field of ['organization', 'consensusKey', 'peerId'] as const) {
    const values = new Set(replicas.map((replica) => replica[field]))
    if (values.size < replicas.length) return `two replicas of one ${NAMES[field]}`
  }
  return undefined
}

const NAMES = { organization: 'organization', consensusKey: 'consensus key', peerId: 'peer id' } as const

/** Replicas with the keys that they announced for the next view. */
export function withNextKeys(
  replicas: readonly ReplicaRecord[],
  nextKey: (replica: number) => string | undefined,
): readonly ReplicaRecord[] {
  return replicas.map((replica) => ({ ...replica, consensusKey: nextKey(replica.id) ?? replica.consensusKey }))
}

/** A view that takes over at `from`: in the place of one that was to begin there too, else after the newest. */
export function nextView(newest: ViewRecord, from: number, replicas: readonly ReplicaRecord[]): ViewRecord {
  return { id: newest.from === from ? newest.id : newest.id + 1, from, replicas }
}
