import { makeValue } from '../../codec/block.js'
import { decodeEnvelope, encodeEnvelope, encodeMessageBody } from '../../codec/consensus.js'
import type { Frame } from '../../codec/frame.js'
import {
  type Certificate,
  LIMITS,
  type Message,
  type PreparedCertificate,
  type Regency,
  type Signed,
  type StopData,
  type Sync,
  type TimeMs,
  type Value,
} from '../../types/index.js'
import type { MakeActor, Tools } from './actor.js'
import { randomDigest } from './mutate.js'

/** Instances for which a forged SYNC comes with another value. */
const FORGED_INSTANCES = 3
/** Old frames that are remembered, and the share of frames that one of them goes with. */
const REMEMBERED_MAX = 200
const STALE_CHANCE = 0.3

interface Lie {
  readonly message: StopData
  readonly proofs: readonly Certificate[]
}

/** Forgets locks, and claims what it cannot prove, in one way or another. */
export const lieInStopData: MakeActor = (tools) => ({
  own: ({ message, view, proofs = [] }, _, bytes) => {
    if (message.kind !== 'stop-data') return [bytes]
    tools.acted()
    const lie = tools.random.pick(LIES)({ message, proofs }, tools)
    return [tools.sign(lie.message, view, lie.proofs)]
  },
})

const LIES: readonly ((truth: Lie, tools: Tools) => Lie)[] = [
  ({ message, proofs }) => ({ message: { ...message, locks: [] }, proofs }),
  ({ message }) => ({ message, proofs: [] }),
  ({ message, proofs }) => ({
    message: { ...message, base: { ...message.base, height: message.base.height + 5 }, locks: [] },
    proofs,
  }),
  ({ message, proofs }, { random }) => ({
    message: { ...message, base: { ...message.base, header: randomDigest(random) } },
    proofs,
  }),
  (truth, tools) => withLock(truth, tools, false),
  (truth, tools) => withLock(truth, tools, true),
]

/** A lock that nobody has, of the highest regency there can be; perhaps with a certificate that is right but for its signatures. */
function withLock({ message, proofs }: Lie, { random, members }: Tools, proven: boolean): Lie {
  const cid = message.base.height + 1
  const lock = { cid, regency: Math.max(1, message.regency - 1), digest: randomDigest(random) }
  const signatures = members.map((replica) => ({ replica, signature: new Uint8Array(64) }))
  const forged: PreparedCertificate = { kind: 'write', view: 0, ...lock, signatures }
  const locks = [lock, ...message.locks.filter((other) => other.cid !== cid)]
  return {
    message: { ...message, locks },
    proofs: proven ? [forged, ...proofs].slice(0, LIMITS.windowMax + 1) : proofs,
  }
}

/**
 * Decisions hang on the others, so that few see them, until a regency of its own can decide otherwise: its SYNC has no locks in it, or lacks their proofs, and
 * it comes with another value for the instances that this sets free.
 */
class Usurper {
  readonly #tools: Tools
  readonly #values = new Map<Regency, Value>()

  constructor(tools: Tools) {
    this.#tools = tools
  }

  own({ message, view }: Signed, bytes: Uint8Array, nowMs: TimeMs): readonly Uint8Array[] {
    switch (message.kind) {
      case 'sync':
        return this.#sync(message, view, nowMs, bytes)
      case 'accept':
        this.#tools.acted()
        return []
      case 'propose':
      case 'write':
        return this.#values.has(message.regency) ? [] : [bytes]
      default:
        return [bytes]
    }
  }

  #sync(message: Sync, view: number, nowMs: TimeMs, bytes: Uint8Array): readonly Uint8Array[] {
    const { codec, random, acted, sign } = this.#tools
    if (message.stopData.every(({ message: { locks } }) => locks.length === 0)) return [bytes]
    acted()
    const proofs = message.proofs.filter(({ kind }) => kind !== 'write')
    const stopData = random.chance(0.5) ? message.stopData : message.stopData.map(withoutLocks)
    const { regency } = message
    const value = this.#values.get(regency) ?? makeValue(codec.sha256, nowMs, [])
    this.#values.set(regency, value)
    const base = Math.max(...stopData.map(({ message: { base } }) => base.height))
    const said = Array.from({ length: FORGED_INSTANCES }, (_, i): readonly Message[] => {
      const cid = base + 1 + i
      return [
        { kind: 'propose', cid, regency, value },
        { kind: 'write', cid, regency, digest: value.digest },
      ]
    })
    return [{ ...message, stopData, proofs }, ...said.flat()].map((instead) => sign(instead, view))
  }

  /** ACCEPTs its own value as soon as another does, and so tells its header. */
  heard(frame: Frame): readonly Uint8Array[] {
    if (this.#values.size === 0 || frame.kind !== 'envelope') return []
    const signed = decodeEnvelope(this.#tools.codec, frame.bytes)?.signed
    if (signed?.message.kind !== 'accept') return []
    const { regency, digest } = signed.message
    return this.#values.get(regency)?.digest === digest ? [this.#tools.sign(signed.message, signed.view)] : []
  }
}

function withoutLocks({ message, sender, view, signature }: Signed<StopData>): Signed<StopData> {
  const changed = { ...message, locks: [] }
  const bytes = encodeEnvelope('stop-data', sender, view, encodeMessageBody(changed), signature)
  return { message: changed, sender, view, signature, bytes }
}

export const forgeSync: MakeActor = (tools) => {
  const usurper = new Usurper(tools)
  return {
    own: (signed, _, bytes, nowMs) => usurper.own(signed, bytes, nowMs),
    heard: (frame) => usurper.heard(frame),
  }
}

/** What was once true comes again, and every certificate is shown. */
export const staleCertificates: MakeActor = (tools) => {
  const { codec, random, acted, sign } = tools
  const certificates = new Map<string, Certificate>()
  const frames: Uint8Array[] = []
  const keep = (bytes: Uint8Array): void => {
    frames.push(bytes)
    if (frames.length > REMEMBERED_MAX) frames.splice(random.below(REMEMBERED_MAX), 1)
  }
  const note = (proofs: readonly Certificate[]): void => {
    for (const proof of proofs) certificates.set(`${proof.kind} ${proof.cid}@${proof.regency}`, proof)
  }
  const learn = (signed: Signed, bytes: Uint8Array): void => {
    const { message, proofs = [] } = signed
    if (message.kind === 'sync') note(message.proofs)
    if (message.kind === 'stop-data') note(proofs)
    if (message.kind === 'sync' || message.kind === 'stop-data' || message.kind === 'stop') keep(bytes)
  }
  return {
    own: (signed, _, bytes) => {
      learn(signed, bytes)
      const { message, view } = signed
      if (message.kind === 'stop-data') {
        acted()
        return [sign(message, view, [...certificates.values()].slice(-LIMITS.windowMax - 1))]
      }
      if (frames.length === 0 || !random.chance(STALE_CHANCE)) return [bytes]
      acted()
      return [bytes, random.pick(frames)]
    },
    heard: (frame, bytes) => {
      const signed = frame.kind === 'envelope' ? decodeEnvelope(codec, frame.bytes)?.signed : undefined
      if (signed !== undefined) learn(signed, bytes)
      if (frame.kind === 'certificate') note([frame.certificate])
      if (frame.kind === 'certificate' || frame.kind === 'installation') keep(bytes)
      return []
    },
  }
}
