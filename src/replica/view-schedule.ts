import { fromHex, fromUtf8, toHex } from '../base/bytes.js'
import { viewHash } from '../codec/block.js'
import { genesisView } from '../codec/genesis.js'
import type { Sha256 } from '../codec/statements.js'
import { type CandidatesRecord, governanceKeys, scheduledView, type ViewRecord } from '../contracts/index.js'
import type { StateChange, StateReader } from '../ports.js'
import type {
  Digest,
  FinalityCertificate,
  Genesis,
  Height,
  ReplicaId,
  ReplicaInfo,
  View,
  ViewId,
  ViewLink,
} from '../types/index.js'

/** A view as a replica works with it. */
export interface ViewInForce {
  readonly view: View
  /** First height that it orders. */
  readonly from: Height
  /** As the header of the height below names it. */
  readonly hash: Digest
  readonly members: ReadonlyMap<ReplicaId, Member>
}

export interface Member {
  readonly info: ReplicaInfo
  /** 32 bytes. */
  readonly consensusKey: Uint8Array
}

/**
 * Which view orders which height, as far as the final blocks tell. A change in block h takes effect at h + W + 1, so when h is final
 * the views of all heights up to h + W + 1 are known.
 */
export class ViewSchedule {
  readonly #sha256: Sha256
  /** Ascending by id and by first height. */
  #views: ViewInForce[]
  #candidates: readonly ReplicaInfo[] = []
  #current: ViewInForce

  constructor(sha256: Sha256, genesis: Genesis) {
    this.#sha256 = sha256
    this.#current = this.#inForce(genesisView(genesis), 1)
    this.#views = [this.#current]
  }

  /** The view that this replica works in. */
  get current(): ViewInForce {
    return this.#current
  }

  /** Reads the views from the state and works in the one that orders `height`. */
  load(state: StateReader, height: Height): void {
    const views: ViewInForce[] = []
    for (;;) {
      const record = readRecord<ViewRecord>(state.get(governanceKeys.view(views.length)))
      if (record === undefined) break
      const { view, from } = scheduledView(record)
      views.push(this.#inForce(view, from))
    }
    if (views.length > 0) this.#views = views
    this.#candidates = candidatesOf(state.get(governanceKeys.candidates))
    this.#current = this.at(height)
  }

  /** Takes note of what a final block changed. True when the views or the candidates are others now. */
  note(changes: readonly StateChange[]): boolean {
    let noted = false
    for (const { key, value } of changes) {
      if (key === governanceKeys.candidates) {
        this.#candidates = candidatesOf(value)
        noted = true
      } else if (key.startsWith(governanceKeys.views)) {
        const record = readRecord<ViewRecord>(value)
        if (record === undefined) continue
        this.put(record)
        noted = true
      }
    }
    return noted
  }

  /** Last height of the current view, if these changes set it. They count once their block is final (rule V2). */
  endSetBy(changes: readonly StateChange[]): Height | undefined {
    const key = governanceKeys.view(this.#current.view.id + 1)
    const change = changes.find((other) => other.key === key)
    const record = readRecord<ViewRecord>(change?.value)
    return record && scheduledView(record).from - 1
  }

  /** Takes a view in; one that was to begin at the same height is replaced. */
  put(record: ViewRecord): void {
    const { view, from } = scheduledView(record)
    this.#views = [...this.#views.filter((other) => other.view.id !== view.id), this.#inForce(view, from)]
  }

  /**
   * Takes views in by their links, as far as each is proven by the one before it.
   * @param isFinal checks a finality certificate under the view that orders its height
   * @returns false at the first link that does not hold
   */
  follow(links: readonly ViewLink[], isFinal: (certificate: FinalityCertificate) => boolean): boolean {
    for (const { view, sealed, certificate } of links) {
      const { height } = sealed.header
      if (this.byId(view.id) !== undefined) continue
      if (certificate.view !== view.id - 1 || certificate.cid !== height || certificate.header !== sealed.hash)
        return false
      if (sealed.header.view !== toHex(viewHash(this.#sha256, view)) || !isFinal(certificate)) return false
      this.put({ id: view.id, from: height + 1, replicas: view.replicas })
    }
    return true
  }

  /** The view that orders a height. */
  at(height: Height): ViewInForce {
    for (let i = this.#views.length - 1; i > 0; i--) {
      const view = this.#views[i]
      if (view !== undefined && view.from <= height) return view
    }
    return this.#views[0] as ViewInForce
  }

  /** Hash of the view that orders a height above the written ones, by a state that may hold changes of blocks that are not final. */
  hashAt(height: Height, state: StateReader): Digest {
    let { hash, view } = this.#current
    for (;;) {
      const record = readRecord<ViewRecord>(state.get(governanceKeys.view(view.id + 1)))
      const next = record && scheduledView(record)
      if (next === undefined || next.from > height) return hash
      ;({ hash, view } = this.#inForce(next.view, next.from))
    }
  }

  byId(id: ViewId): ViewInForce | undefined {
    return this.#views.find(({ view }) => view.id === id)
  }

  /** Last height of the current view, once a block has set it. */
  lastHeight(): Height | undefined {
    const next = this.byId(this.#current.view.id + 1)
    return next && next.from - 1
  }

  /** Works in the view of this height from now on. */
  enter(height: Height): void {
    this.#current = this.at(height)
  }

  /**
   * Everyone to be connected with: members of the current view and of the one before, so that who left can serve and who
   * lags can catch up; of the views to come; and candidates, who get ready.
   */
  peers(): readonly ReplicaInfo[] {
    const oldest = this.#current.view.id - 1
    const replicas = this.#views.filter(({ view }) => view.id >= oldest).flatMap(({ view }) => view.replicas)
    return [...new Map([...this.#candidates, ...replicas].map((info) => [info.id, info])).values()]
  }

  /** Consensus keys of a replica that count now or will. */
  keysOf(replica: ReplicaId): readonly string[] {
    return this.#views
      .filter(({ view }) => view.id >= this.#current.view.id)
      .flatMap(({ members }) => members.get(replica)?.info.consensusKey ?? [])
  }

  #inForce(view: View, from: Height): ViewInForce {
    const hash = toHex(viewHash(this.#sha256, view))
    return { view, from, hash, members: membersOf(view) }
  }
}

function membersOf(view: View): ReadonlyMap<ReplicaId, Member> {
  return new Map(
    view.replicas.map((info) => [
      info.id,
      { info, consensusKey: fromHex(info.consensusKey, 32) ?? new Uint8Array(32) },
    ]),
  )
}

function readRecord<T>(value: Uint8Array | undefined): T | undefined {
  const text = value && fromUtf8(value)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

const candidatesOf = (value: Uint8Array | undefined): readonly ReplicaInfo[] =>
  (readRecord<CandidatesRecord>(value) ?? []).map(({ replica }) => replica)
