/**
 * A 64-bit hash of a state that is the same for all states that are alike but for names: of the two values of a
 * height, and of correct replicas that lead no regency within the bounds. Messages are sets, so their order is left out.
 */
import { at, type Core, isCorrect, leaderOf, type Model, replicasOf, type State, slot } from './state.js'

/** One renaming: which heights exchange their values, and the new name of each replica. */
export interface Renaming {
  /** Two bits set for each height whose values are exchanged. */
  readonly pairs: number
  readonly names: readonly number[]
}

export function renamingsOf(c: Model): Renaming[] {
  const orders = nameOrders(c)
  const found: Renaming[] = []
  // value 2 at one height changes the view, so values have names there
  const swaps = c.change === 0 ? 1 << c.heights : 1
  for (let heights = 0; heights < swaps; heights++) {
    let pairs = 0
    for (let k = 1; k <= c.heights; k++) if ((heights >> (k - 1)) & 1) pairs |= 3 << (2 * (k - 1))
    for (const names of orders) found.push({ pairs, names })
  }
  return found
}

function nameOrders(c: Model): number[][] {
  const same = [0, 1, 2, 3, 4].slice(0, replicasOf(c))
  if (c.change !== 0) return [same]
  const leaders = Array.from({ length: c.regencies }, (_, i) => leaderOf(c, 0, i + 1))
  const free = same.filter((x) => isCorrect(c, x) && !leaders.includes(x))
  const [a, b] = free
  if (free.length !== 2 || a === undefined || b === undefined) return [same]
  return [same, same.map((x) => (x === a ? b : x === b ? a : x))]
}

/** Exchanges the two bits of the pairs: value 1 and 2, in chains, choices and masks alike. */
const swapped = (packed: number, pairs: number): number =>
  (packed & ~pairs) | ((packed & pairs & 0x55555) << 1) | (((packed & pairs) >> 1) & 0x55555)

const mixA = (h: number, x: number): number => {
  const z = Math.imul(h ^ x, 0x85ebca6b)
  return Math.imul(z ^ (z >>> 13), 0xc2b2ae35) ^ (z >>> 16)
}
const mixB = (h: number, x: number): number => {
  const z = Math.imul((h + x) | 0, 0x9e3779b1)
  return Math.imul(z ^ (z >>> 15), 0x27d4eb2f) ^ (z >>> 14)
}

let a = 0
let b = 0
const put = (x: number): void => {
  a = mixA(a, x)
  b = mixB(b, x)
}

function putCore(core: Core, c: Model, pairs: number): void {
  put(core.view | (core.regency << 1) | (core.final << 5) | (core.exec << 9) | (core.tip << 13) | (core.rows << 17))
  put(swapped(core.chain, pairs))
  put(core.proof | (core.barHeight << 6) | (core.silentTo << 12) | (core.g << 18))
  put(swapped(core.wrote, pairs))
  put(swapped(core.proposed, pairs))
  put(swapped(core.values, pairs))
  put((core.sync & ~0xfffff) | swapped(core.sync & 0xfffff, pairs))
  put(
    (core.hasSync ? 1 : 0) |
      (core.sentSync ? 2 : 0) |
      (core.barred ? 4 : 0) |
      (core.mark ? 8 : 0) |
      (core.halted ? 16 : 0),
  )
  if (!c.freeStops) put(core.wish)
  if (c.eager) put((core.staged << 20) | swapped(core.stagedChain, pairs))
  for (let k = 1; k < c.rows; k++) {
    const lock = at(core.locks, k)
    const accepted = at(core.accepted, k)
    put((pairs >> (2 * (k - 1))) & 1 ? (lock & ~3) | swapped(lock & 3, 3) : lock)
    put(accepted === 0 ? 0 : swapped(accepted - 1, pairs) + 1)
  }
}

function renameMask(mask: number, names: readonly number[]): number {
  let renamed = 0
  for (let x = 0; x < names.length; x++) if ((mask >> x) & 1) renamed |= 1 << at(names, x)
  return renamed
}

/** Adds the hash of one member of a set; addition does not know an order. */
function addUp(sums: [number, number], ...parts: number[]): void {
  a = 17
  b = 31
  for (const part of parts) put(part)
  sums[0] = (sums[0] + a) | 0
  sums[1] = (sums[1] + b) | 0
}

const outcomeUnder = (packed: number, pairs: number): number => (packed & ~0xfffff) | swapped(packed & 0xfffff, pairs)

function putMessages(s: State, c: Model, { pairs, names }: Renaming): void {
  const sums: [number, number] = [0, 0]
  const [keepA, keepB] = [a, b]
  for (let i = 0; i < s.accepts.length; i++) {
    addUp(sums, 1, outcomeUnder(at(s.accepts, i), pairs), renameMask(at(s.acceptedBy, i), names))
  }
  for (const cert of s.certificates) addUp(sums, 2, outcomeUnder(cert, pairs))
  for (const sync of s.syncs) addUp(sums, 3, Math.floor(sync / 2 ** 28), outcomeUnder(sync % 2 ** 28, pairs))
  for (const sd of s.stopData) {
    let locks = 0
    for (let k = 1; k < c.rows; k++) {
      const lock = at(sd.locks, k)
      locks = Math.imul(locks, 67) + ((pairs >> (2 * (k - 1))) & 1 ? (lock & ~3) | swapped(lock & 3, 3) : lock)
    }
    addUp(
      sums,
      4,
      sd.view | (sd.regency << 1) | (at(names, sd.from) << 5) | (sd.base << 8),
      swapped(sd.chain, pairs),
      locks,
    )
  }
  a = keepA
  b = keepB
  put(sums[0])
  put(sums[1])
}

function hashUnder(s: State, c: Model, renaming: Renaming): void {
  const { pairs, names } = renaming
  a = 1
  b = 2
  for (let x = 0; x < names.length; x++) {
    // names is its own inverse
    const replica = s.replicas[at(names, x)]
    if (replica === undefined || !isCorrect(c, at(names, x))) continue
    putCore(replica.memory, c, pairs)
    putCore(replica.disk, c, pairs)
  }
  for (let view = 0; view < (c.change === 0 ? 1 : 2); view++) {
    for (let k = 1; k < c.rows; k++) {
      const swap = ((pairs >> (2 * (k - 1))) & 1) === 1
      for (let r = 1; r < c.columns; r++) {
        const masks = at(s.writes, slot(c, view, k, r))
        const [one, two] = [renameMask(masks & 31, names), renameMask(masks >> 5, names)]
        put(swap ? two | (one << 5) : one | (two << 5))
        const proposals = at(s.proposals, slot(c, view, k, r))
        put(swap ? swapped(proposals, 3) : proposals)
      }
    }
    if (!c.freeStops) for (let r = 1; r < c.columns; r++) put(renameMask(at(s.stops, view * c.columns + r), names))
  }
  putMessages(s, c, renaming)
  put(s.lostDisks | (s.crashes << 4))
}

/** Writes the hash into `out`: the least over all renamings. */
export function canonicalHash(s: State, c: Model, renamings: readonly Renaming[], out: Int32Array): void {
  for (let i = 0; i < renamings.length; i++) {
    hashUnder(s, c, renamings[i] as Renaming)
    const [first, second] = out as unknown as [number, number]
    if (i === 0 || a < first || (a === first && b < second)) {
      out[0] = a
      out[1] = b
    }
  }
}
