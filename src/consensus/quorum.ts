import type { Regency, ReplicaId, ReplicaInfo, View } from '../types/index.js'

export { type Quorum, quorumOf } from '../types/quorum.js'

/** The replica that proposes in a regency: round robin over the view. */
export function leaderOf(view: View, regency: Regency): ReplicaId {
  return (view.replicas[regency % view.replicas.length] as ReplicaInfo).id
}
