import { toHex } from '../base/bytes.js'
import type { Sha256 } from '../codec/statements.js'
import type { ConsensusId, Digest, Regency, Signed, StopData, Sync, ViewId, Vote } from '../types/index.js'
import type { Problem } from './checkers.js'
import type { Address } from './network.js'

/** Instances remembered of one replica: several windows. */
const INSTANCES_MAX = 256

/** What one replica has said in one view. */
interface Said {
  readonly view: ViewId
  /** Digest of each vote and proposal, by kind, instance and regency, and of each SYNC by regency. */
  readonly votes: Map<string, Digest>
  /** Regency of the newest ACCEPT for an instance. */
  readonly accepted: Map<ConsensusId, Regency>
  /** Regencies of the newest STOP and of the newest STOPDATA: those below are given up. */
  stopped: Regency
  left: Regency
}

/**
 * The promises on which agreement rests, held against every message that a correct replica lets out, whether or not harm comes of it:
 * it votes once for each (kind, cid, regency), proposes once for each (cid, regency), chooses one SYNC a regency, votes never in a regency below one
 * that it asked for by STOP or whose leader has its STOPDATA, and its STOPDATA names every lock that its ACCEPTs speak of (Cachin, "Yet Another
 * Visit to Paxos", 2011; Sousa and Bessani, EDCC 2012). Who lost its
 * votes is held to them all the same, for it must speak only where none of them matters; but not to a STOP, of which nothing came where
 * a block was decided below (docs/adr/0006).
 */
export class Promises {
  readonly #sha256: Sha256
  readonly #said = new Map<Address, Said>()

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  check(from: Address, { view, message }: Signed): Problem {
    const said = this.#of(from, view)
    switch (message.kind) {
      case 'write':
      case 'accept':
        return voteProblem(said, message)
      case 'propose':
        return onceProblem(said, `propose ${message.cid}@${message.regency}`, message.value.digest)
      case 'sync':
        return onceProblem(said, `sync ${message.regency}`, this.#digestOf(message))
      case 'stop':
        said.stopped = Math.max(said.stopped, message.regency)
        return undefined
      case 'stop-data':
        return stopDataProblem(said, message)
      default:
        return undefined
    }
  }

  /** The machine has lost its votes. */
  forgive(from: Address): void {
    const said = this.#said.get(from)
    if (said !== undefined) said.stopped = 0
  }

  #digestOf({ stopData }: Sync): Digest {
    return stopData.map(({ bytes }) => toHex(this.#sha256(bytes))).join(' ')
  }

  #of(from: Address, view: ViewId): Said {
    const known = this.#said.get(from)
    if (known !== undefined && known.view >= view) return known
    const said = { view, votes: new Map(), accepted: new Map(), stopped: 0, left: 0 }
    this.#said.set(from, said)
    return said
  }
}

/** Nothing is voted for, or proposed, in another view than the one that orders it. @param orders the view of a height, as the replica knows it */
export function viewProblem({ view, message }: Signed, orders: (cid: ConsensusId) => ViewId): Problem {
  const { kind } = message
  if (kind !== 'write' && kind !== 'accept' && kind !== 'propose') return undefined
  const right = orders(message.cid)
  return right === view ? undefined : `${kind} ${message.cid} in view ${view}, where view ${right} orders it`
}

/** One word for one place. */
function onceProblem({ votes }: Said, place: string, digest: Digest): Problem {
  const before = votes.get(place)
  if (before !== undefined && before !== digest) return `${place}: ${digest} after ${before}`
  remember(votes, place, digest)
  return undefined
}

function voteProblem(said: Said, { kind, cid, regency, digest }: Vote): Problem {
  const place = `${kind} ${cid}@${regency}`
  // Said again.
  if (said.votes.get(place) === digest) return undefined
  const problem = onceProblem(said, place, digest)
  if (problem !== undefined) return problem
  const least = Math.max(said.stopped, said.left)
  if (regency < least) return `${place} after it gave up all below regency ${least}`
  if (kind === 'accept') remember(said.accepted, cid, Math.max(regency, said.accepted.get(cid) ?? 0))
  return undefined
}

function stopDataProblem(said: Said, { regency, finalized, prepared }: StopData): Problem {
  said.left = Math.max(said.left, regency)
  for (const [cid, accepted] of said.accepted) {
    if (cid <= finalized || accepted >= regency) continue
    const lock = prepared.find((certificate) => certificate.cid === cid)
    if (lock === undefined || lock.regency < accepted) {
      return `STOPDATA of regency ${regency} without the lock of ${cid}@${accepted}`
    }
  }
  return undefined
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= 2 * INSTANCES_MAX) return
  for (const oldest of [...map.keys()].slice(0, INSTANCES_MAX)) map.delete(oldest)
}
