import { decodeEnvelope, encodeEnvelope, encodeMessageBody } from '../../codec/consensus.js'
import { encodeFrame } from '../../codec/frame.js'
import type { MessageKind, Signed } from '../../types/index.js'
import type { MakeActor, Tools } from './actor.js'
import { BODY_FIELDS, ENVELOPE_FIELDS, type EnvelopeField, Mutator } from './mutate.js'

const MUTATE_CHANCE = 0.3
/** Of the messages of a regency change, which are few. */
const MUTATE_RARE_CHANCE = 0.8
const GARBAGE_CHANCE = 0.03
const GARBAGE_BYTES_MAX = 300

/** Kinds of message, to say one under the name of another. */
const KINDS = Object.keys(BODY_FIELDS) as MessageKind[]

/** Changes what it sends in ways that have no plan. */
export const mutate: MakeActor = (tools) => {
  const { random, acted, count } = tools
  const mutator = new Mutator(random, tools.codec.sha256)
  return {
    own: (signed, _, bytes) => mutated(signed, bytes, mutator, tools),
    other: (frame, _, bytes) => {
      if (!random.chance(GARBAGE_CHANCE)) return [bytes]
      count(`mutated.frame.${frame?.kind ?? 'unknown'}`)
      acted()
      const changed = new Uint8Array(bytes)
      const at = random.below(changed.length)
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
      return [changed]
    },
  }
}

function mutated(signed: Signed, bytes: Uint8Array, mutator: Mutator, tools: Tools): readonly Uint8Array[] {
  const { random, acted, count, sign } = tools
  if (random.chance(GARBAGE_CHANCE)) {
    count('mutated.garbage')
    acted()
    return [bytes, garbage(tools)]
  }
  const { kind } = signed.message
  const rare = kind === 'stop-data' || kind === 'sync'
  if (!random.chance(rare ? MUTATE_RARE_CHANCE : MUTATE_CHANCE)) return [bytes]
  acted()
  const field = mutator.nextField(kind)
  count(`mutated.${kind}.${field}`)
  const around = ENVELOPE_FIELDS.find((name) => name === field)
  if (around !== undefined) return [otherEnvelope(signed, around, tools)]
  const { message, proofs } = mutator.mutate(signed, field)
  return [sign(message, signed.view, proofs)]
}

const garbage = ({ random }: Tools): Uint8Array =>
  Uint8Array.from({ length: 1 + random.below(GARBAGE_BYTES_MAX) }, () => random.below(256))

/** Another kind, view, sender or signature around the same body. */
function otherEnvelope(signed: Signed, field: EnvelopeField, { codec, random, sign, signWith, victim }: Tools) {
  const { message, view, sender, signature } = signed
  if (field === 'view') return sign(message, view + 1)
  const body = encodeMessageBody(message)
  const kind = field === 'kind' ? random.pick(KINDS.filter((other) => other !== message.kind)) : message.kind
  const by = field === 'sender' ? victim : sender
  const wrong = field === 'signature' ? signature.map((byte) => byte ^ 1) : signature
  // Under another kind the same body says something else, so it is signed as that.
  const read = decodeEnvelope(codec, encodeEnvelope(kind, by, view, body, wrong))
  const again = field === 'kind' && read !== undefined ? signWith(read.statement) : wrong
  return encodeFrame({ kind: 'envelope', bytes: encodeEnvelope(kind, by, view, body, again) })
}
