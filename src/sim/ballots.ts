import type { Accept, Digest, Height, ReplicaId } from '../types/index.js'

/** Heights that are remembered below the newest one: several windows. */
const HEIGHTS_MAX = 256

/**
 * A certificate exists as soon as a quorum has said equal ACCEPTs, whether or not anybody puts them together: from then on no other block may ever be
 * final at that height, though all who know of it should lose power.
 */
export class Ballots {
  readonly #voters = new Map<string, { readonly height: Height; readonly replicas: Set<ReplicaId> }>()
  #newest: Height = 0

  /**
   * Takes an ACCEPT whose signature is good.
   * @returns the header that is decided with it
   */
  note(sender: ReplicaId, view: number, { cid, regency, digest, header }: Accept, votes: number): Digest | undefined {
    const place = `${view} ${cid}@${regency} ${digest} ${header}`
    const known = this.#voters.get(place) ?? { height: cid, replicas: new Set() }
    if (known.replicas.has(sender)) return undefined
    this.#voters.set(place, known)
    known.replicas.add(sender)
    this.#forget(cid)
    return known.replicas.size === votes ? header : undefined
  }

  #forget(cid: Height): void {
    if (cid <= this.#newest) return
    this.#newest = cid
    // An adversary can name any height, so what is far above goes too.
    if (this.#voters.size < 4 * HEIGHTS_MAX) return
    for (const [place, { height }] of this.#voters) {
      if (height < cid - HEIGHTS_MAX) this.#voters.delete(place)
    }
  }
}
