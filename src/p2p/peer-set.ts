import type { ReplicaId, ReplicaInfo } from '../types/index.js'

/** The admitted peers: those of the current view except oneself. */
export class PeerSet {
  readonly #self: ReplicaId
  readonly #selfPeerId: string
  #byId: ReadonlyMap<ReplicaId, ReplicaInfo> = new Map()
  #byPeerId: ReadonlyMap<string, ReplicaInfo> = new Map()

  constructor(self: ReplicaId, selfPeerId: string, peers: readonly ReplicaInfo[]) {
    this.#self = self
    this.#selfPeerId = selfPeerId
    this.replace(peers)
  }

  /** Entries for oneself are left out, so that a whole view may be passed. */
  replace(peers: readonly ReplicaInfo[]): void {
    const others = peers.filter(({ id, peerId }) => id !== this.#self && peerId !== this.#selfPeerId)
    this.#byId = new Map(others.map((peer) => [peer.id, peer]))
    this.#byPeerId = new Map(others.map((peer) => [peer.peerId, peer]))
  }

  get(id: ReplicaId): ReplicaInfo | undefined {
    return this.#byId.get(id)
  }

  /** The peer that a proven transport key belongs to. */
  admitted(peerId: string): ReplicaInfo | undefined {
    return this.#byPeerId.get(peerId)
  }

  [Symbol.iterator](): Iterator<ReplicaInfo> {
    return this.#byId.values()
  }
}
