import { DEFAULT_TIMINGS } from '../../consensus/index.js'
import type { MakeActor } from './actor.js'
import { randomDigest } from './mutate.js'

/** Just under the time after which peers give a leader up, ms. */
const SLOW_MS = 0.9 * DEFAULT_TIMINGS.turnMs
/** Just under the time after which peers ask another for a chunk, ms. */
const DRIP_MS = 4_700
const REPLAY_CHANCE = 0.2
/** Envelopes that a replaying adversary remembers. */
const REMEMBERED_MAX = 200

export const silent: MakeActor = ({ acted }) => ({
  own: () => {
    acted()
    return []
  },
})

export const slow: MakeActor = ({ acted }) => ({
  delayMs: () => {
    acted()
    return SLOW_MS
  },
})

export const slowLeader: MakeActor = ({ acted }) => ({
  delayMs: (_, own) => {
    if (own?.message.kind !== 'propose') return 0
    acted()
    return SLOW_MS
  },
})

export const dripSnapshot: MakeActor = ({ acted }) => ({
  delayMs: (frame) => {
    if (frame?.kind !== 'snapshot-reply' || frame.reply.chunks.length === 0) return 0
    acted()
    return DRIP_MS
  },
})

export const withhold: MakeActor = ({ acted, victim }) => ({
  other: (frame, to, bytes) => {
    const isMeant = frame?.kind === 'reply' || (frame?.kind === 'batch' && to !== victim)
    if (!isMeant) return [bytes]
    acted()
    return []
  },
})

export const replay: MakeActor = ({ acted, random }) => {
  const remembered: Uint8Array[] = []
  return {
    own: (_, __, bytes) => {
      remembered.push(bytes)
      if (remembered.length > REMEMBERED_MAX) remembered.shift()
      if (!random.chance(REPLAY_CHANCE)) return [bytes]
      acted()
      return [bytes, random.pick(remembered)]
    },
  }
}

export const voteTwice: MakeActor = ({ acted, random, sign }) => ({
  own: ({ message, view }, _, bytes) => {
    if (message.kind !== 'write' && message.kind !== 'accept') return [bytes]
    acted()
    return [bytes, sign({ ...message, digest: randomDigest(random) }, view)]
  },
})
