import { EtalonError } from '../base/errors.js'
import { quorumOf } from '../consensus/quorum.js'
import type { ReplicaId, View } from '../types/index.js'
import type { StateAnswer, VerifiedState } from './state-answer.js'

/** The newest of a quorum's answers. */
export interface QuorumState extends VerifiedState {
  /** Who answered, ascending. */
  readonly replicas: readonly ReplicaId[]
}

/**
 * Waits for the answers of a vote quorum of distinct replicas and takes the one of greatest height.
 * @param viewNow the newest view that is known
 * @param answers one for each address that was asked
 * @throws EtalonError `client/no-quorum` when too few give one
 */
export function newestOfQuorum(viewNow: () => View, answers: readonly Promise<StateAnswer>[]): Promise<QuorumState> {
  const all = new Map<ReplicaId, StateAnswer>()
  return new Promise((resolve, reject) => {
    let open = answers.length
    const settled = (cause?: unknown) => {
      open -= 1
      // Answers may have led to a newer view, whose quorum then counts.
      const { replicas } = viewNow()
      const needed = quorumOf(replicas.length).votes
      const given = new Map([...all].filter(([id]) => replicas.some((replica) => replica.id === id)))
      if (given.size >= needed) resolve(newest([...given.values()]))
      else if (open <= 0) reject(noQuorum(given.size, needed, cause))
    }
    if (open === 0) settled()
    for (const answer of answers) {
      answer.then((state) => {
        const { replica } = state
        // Two addresses of one replica are one answer.
        if (state.height >= (all.get(replica)?.height ?? 0)) all.set(replica, state)
        settled()
      }, settled)
    }
  })
}

function newest(answers: readonly StateAnswer[]): QuorumState {
  const [{ height, value }] = [...answers].sort((a, b) => b.height - a.height) as [StateAnswer]
  return { height, value, replicas: answers.map(({ replica }) => replica).sort((a, b) => a - b) }
}

function noQuorum(given: number, needed: number, cause: unknown): EtalonError {
  return new EtalonError(
    'client/no-quorum',
    `${given} replicas answered with a proof, ${needed} are needed`,
    'name the addresses of all replicas, and see which of them do not answer',
    cause === undefined ? {} : { cause },
  )
}
