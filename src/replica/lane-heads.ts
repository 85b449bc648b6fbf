import { fromUtf8, utf8 } from '../base/bytes.js'
import { NO_PLACE } from '../consensus/index.js'
import type { StateChange, StateReader } from '../ports.js'
import type { HeldLane, LanePlace, ReplicaId, View } from '../types/index.js'

/**
 * Lane heads in the state (rule L1): the place of the batch of a lane that was taken last. They stand beside the contracts' keys, under a
 * name that no contract may have.
 */
export const LANES = 'lanes'

const keyOf = (lane: ReplicaId): string => `${LANES}/${lane}`

export function readHead(state: StateReader, lane: ReplicaId): LanePlace {
  const text = fromUtf8(state.get(keyOf(lane)) ?? new Uint8Array())
  return text === undefined || text === '' ? NO_PLACE : (JSON.parse(text) as LanePlace)
}

export const headChange = ({ lane, incarnation, number }: HeldLane): StateChange => ({
  key: keyOf(lane),
  value: utf8(`{"incarnation":${incarnation},"number":${number}}`),
})

export const readHeads = (state: StateReader, { replicas }: View): readonly HeldLane[] =>
  replicas.map(({ id }) => ({ lane: id, ...readHead(state, id) }))
