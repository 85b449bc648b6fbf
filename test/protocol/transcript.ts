import { makeValue } from '../../src/codec/block.js'
import type { Effect } from '../../src/consensus/index.js'
import { chooseForRegency } from '../../src/consensus/regency-choice.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type { Digest, Message, PreparedCertificate, ReplicaId, StopData, Sync, Value } from '../../src/types/index.js'
import type { Cluster } from '../consensus/cluster.js'

const NULL_DIGEST = makeValue(nobleSuite.sha256, 0, []).digest

interface Line {
  readonly atMs: number
  readonly who: ReplicaId[]
  readonly text: string
}

/**
 * Tells what replicas send and do in words. What several do in one moment is one line; what is said again only because nothing
 * was heard is left out, so the transcript is of what is new.
 */
export class Transcript {
  readonly #cluster: Cluster
  readonly #startMs: number
  readonly #names = new Map<Digest, string>()
  readonly #values = new Map<Digest, string>()
  readonly #said = new Set<string>()
  #lines: Line[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#startMs = cluster.nowMs
  }

  name(batch: Digest, name: string): void {
    this.#names.set(batch, name)
  }

  value({ digest, batches }: Value): string {
    const text = batches.length === 0 ? 'null' : `{${batches.map((batch) => this.#names.get(batch) ?? '?').join(' ')}}`
    this.#values.set(digest, text)
    return text
  }

  sent(from: ReplicaId, to: 'view' | readonly ReplicaId[], message: Message, author = from): void {
    const whom = to === 'view' ? 'all' : to.join(' ')
    const whose = author === from ? '' : `${author}'s `
    this.#add(from, `→ ${whom}: ${whose}${this.#message(message)}`, `${from}>${whom}`)
  }

  lost(from: ReplicaId, to: ReplicaId, message: Message): void {
    this.#add(from, `⇥ ${to}: lost ${this.#message(message)}`, `${from}!${to}`)
  }

  effect(id: ReplicaId, effect: Effect): void {
    const text = this.#effect(effect)
    if (text !== undefined) this.#add(id, text, effect.kind === 'fetch' ? `${id}` : undefined)
  }

  /** What was written since the last time. */
  take(): readonly string[] {
    const lines = this.#lines.map(({ atMs, who, text }) => {
      const ids = [...who].sort((a, b) => a - b).join(' ')
      return `${String(atMs).padStart(6)} ms  ${ids.padEnd(7)} ${text}`
    })
    this.#lines = []
    return lines
  }

  /** @param unless a line of this name and text is written once */
  #add(who: ReplicaId, text: string, unless: string | undefined): void {
    if (unless !== undefined) {
      const key = `${unless} ${text}`
      if (this.#said.has(key)) return
      this.#said.add(key)
    }
    const atMs = this.#cluster.nowMs - this.#startMs
    const same = this.#lines.find((line) => line.atMs === atMs && line.text === text)
    if (same === undefined) this.#lines.push({ atMs, who: [who], text })
    else if (!same.who.includes(who)) same.who.push(who)
  }

  #effect(effect: Effect): string | undefined {
    switch (effect.kind) {
      case 'deliver':
        return `executes block ${effect.cid}: ${this.value(effect.value)}`
      case 'finalized':
        return `has block ${effect.certificate.cid} final`
      case 'regency-installed':
        return `installs regency ${effect.regency}, led by ${effect.leader}`
      case 'misbehaviour':
        return `shows up replica ${effect.evidence.replica}: ${effect.evidence.reason}`
      case 'fetch':
        return `pulls ${this.#pulled(effect.what)} from ${effect.from.join(' ')}`
      default:
        return undefined
    }
  }

  #pulled({ batches, values, blocks }: Extract<Effect, { kind: 'fetch' }>['what']): string {
    const parts: string[] = []
    if (batches.length > 0) parts.push(`batches ${batches.map((batch) => this.#names.get(batch) ?? '?').join(' ')}`)
    if (values.length > 0) parts.push(`values ${values.map((value) => this.#valueNamed(value)).join(' ')}`)
    if (blocks !== undefined) parts.push(`blocks ${blocks.from} to ${blocks.to}`)
    return parts.join(', ')
  }

  #message(message: Message): string {
    switch (message.kind) {
      case 'propose':
        return `PROPOSE ${this.value(message.value)} for cid ${message.cid} in regency ${message.regency}`
      case 'write':
      case 'accept':
        return `${message.kind.toUpperCase()} ${this.#valueNamed(message.digest)} for cid ${message.cid} in regency ${message.regency}`
      case 'persist':
        return `PERSIST block ${message.cid}`
      case 'stop':
        return `STOP, regency ${message.regency} is wanted${this.#pending(message.pending)}`
      case 'stop-data':
        return `STOPDATA for regency ${message.regency}: ${this.#stopData(message)}`
      case 'sync':
        return `SYNC of regency ${message.regency}, ${this.#sync(message)}`
    }
  }

  #pending(pending: readonly Digest[]): string {
    return pending.length === 0 ? '' : `; pending: ${pending.map((batch) => this.#names.get(batch) ?? '?').join(' ')}`
  }

  #stopData({ finalized, prepared }: StopData): string {
    const locks = prepared.map((lock: PreparedCertificate) => {
      return `cid ${lock.cid} prepared ${this.#valueNamed(lock.digest)} in ${lock.regency}`
    })
    return [`final ${finalized}`, ...locks].join(', ')
  }

  #sync({ stopData }: Sync): string {
    const { base, bindings } = chooseForRegency(
      stopData.map(({ message }) => message),
      0,
    )
    const bound = [...bindings].map(([cid, digest]) => {
      return `cid ${cid} is ${digest === null ? 'null' : this.#valueNamed(digest)}`
    })
    return `from ${stopData.map(({ sender }) => sender).join(' ')}: ${[`above ${base}`, ...bound].join(', ')}`
  }

  #valueNamed(digest: Digest): string {
    return digest === NULL_DIGEST ? 'null' : (this.#values.get(digest) ?? '?')
  }
}
