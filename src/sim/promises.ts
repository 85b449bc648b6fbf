import { toHex } from '../base/bytes.js'
import type { Sha256 } from '../codec/statements.js'
import type { Accept, ConsensusId, Digest, Regency, Signed, Stop, StopData, Sync, ViewId } from '../types/index.js'
import type { Problem } from './checkers.js'
import type { Address } from './network.js'

/** Instances remembered of one replica: several windows. */
const INSTANCES_MAX = 256

/** What one replica has said in one view. */
interface Said {
  readonly view: ViewId
  /** What stands in each place that takes one word only. */
  readonly words: Map<string, string>
  /** The highest instance that its ACCEPTs of a regency speak of: each says the same of every open height below. */
  readonly accepted: Map<Regency, ConsensusId>
  /** Regency of its newest STOPDATA: those below are given up. */
  left: Regency
}

/**
 * The promises on which agreement rests, held against every message that a correct replica lets out, whether or not harm comes of it (Cachin, "Yet
 * Another Visit to Paxos", 2011; Sousa and Bessani, EDCC 2012; consensus.md). It says one WRITE, one PROPOSE and one ACCEPT, header included, for each
 * (cid, regency), and one SYNC for each regency. Once it has sent STOPDATA it says nothing of a lower regency. Its STOPDATA names a lock for every height
 * above its base that its ACCEPTs speak of, of their regency or a higher one. A STOP binds nothing.
 *
 * Who lost its votes is held to them all the same, for it must speak only where none of them matters.
 */
export class Promises {
  readonly #sha256: Sha256
  readonly #window: number
  readonly #said = new Map<Address, Said>()

  constructor(sha256: Sha256, window: number) {
    this.#sha256 = sha256
    this.#window = window
  }

  check(from: Address, { view, message }: Signed): Problem {
    const said = this.#of(from, view)
    const { kind, regency } = message
    switch (message.kind) {
      case 'write':
        return wordProblem(said, `${kind} ${message.cid}@${regency}`, message.digest, regency)
      case 'accept':
        return acceptProblem(said, message)
      case 'propose':
        return wordProblem(said, `${kind} ${message.cid}@${regency}`, message.value.digest, regency)
      case 'sync':
        return wordProblem(said, `${kind} ${regency}`, this.#digestOf(message), regency)
      case 'stop':
        return stopProblem(said, message)
      case 'stop-data':
        return stopDataProblem(said, message, this.#window)
    }
  }

  #digestOf({ stopData }: Sync): Digest {
    return stopData.map(({ bytes }) => toHex(this.#sha256(bytes))).join(' ')
  }

  #of(from: Address, view: ViewId): Said {
    const known = this.#said.get(from)
    if (known !== undefined && known.view >= view) return known
    const said = { view, words: new Map(), accepted: new Map(), left: 0 }
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

/** One word for one place, and none below a regency that was promised. */
function wordProblem(said: Said, place: string, word: string, regency: Regency): Problem {
  const before = said.words.get(place)
  // Said again.
  if (before === word) return undefined
  if (before !== undefined) return `${place}: ${word} after ${before}`
  if (regency < said.left) return `${place} after its STOPDATA of regency ${said.left}`
  remember(said.words, place, word)
  return undefined
}

function acceptProblem(said: Said, { cid, regency, digest, header }: Accept): Problem {
  const problem = wordProblem(said, `accept ${cid}@${regency}`, `${digest} ${header}`, regency)
  if (problem === undefined) said.accepted.set(regency, Math.max(cid, said.accepted.get(regency) ?? 0))
  return problem
}

/** A number is given to one STOP only. */
function stopProblem(said: Said, { regency, reason, start, number }: Stop): Problem {
  return wordProblem(said, `stop ${start}.${number}`, `${regency} ${reason}`, Number.POSITIVE_INFINITY)
}

function stopDataProblem(said: Said, { regency, base, locks }: StopData, window: number): Problem {
  said.left = Math.max(said.left, regency)
  const place = `STOPDATA of regency ${regency} from ${base.height}`
  let below = base.height
  for (const { cid, regency: prepared } of locks) {
    if (cid <= below || cid > base.height + window) return `${place} names a lock of ${cid}`
    if (prepared >= regency) return `${place} names a lock of ${cid}@${prepared}`
    below = cid
  }
  for (const [accepted, highest] of said.accepted) {
    if (accepted >= regency) continue
    for (let cid = base.height + 1; cid <= highest; cid++) {
      const lock = locks.find((one) => one.cid === cid)
      if (lock === undefined || lock.regency < accepted) return `${place} lacks the lock of ${cid}@${accepted}`
      const other = lock.regency === accepted && isOther(said.words.get(`accept ${cid}@${accepted}`), lock.digest)
      if (other) return `${place} names another lock of ${cid}@${accepted}`
    }
  }
  return undefined
}

const isOther = (word: string | undefined, digest: Digest): boolean =>
  word !== undefined && !word.startsWith(`${digest} `)

function remember(words: Map<string, string>, place: string, word: string): void {
  words.set(place, word)
  if (words.size <= 4 * INSTANCES_MAX) return
  for (const oldest of [...words.keys()].slice(0, INSTANCES_MAX)) words.delete(oldest)
}
