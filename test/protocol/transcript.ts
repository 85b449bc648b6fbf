import type { Effect } from '../../src/consensus/index.js'
import { chooseForRegency } from '../../src/consensus/regency-choice.js'
import type { Digest, Message, ReplicaId, Signed, Stop, StopData, Sync, Value } from '../../src/types/index.js'
import type { Cluster } from '../consensus/cluster.js'

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
    const text = batches.length === 0 ? 'empty' : `{${batches.map((batch) => this.#names.get(batch) ?? '?').join(' ')}}`
    this.#values.set(digest, text)
    return text
  }

  sent(from: ReplicaId, to: 'view' | readonly ReplicaId[], message: Message, author = from): void {
    const receivers = whom(to)
    const whose = author === from ? '' : `${author}'s `
    if (message.kind === 'stop' && message.regency === 0) this.#forgetStops(from)
    this.#add(from, `→ ${receivers}: ${whose}${this.#message(message)}`, `${from}>${receivers}`)
  }

  /** A wish that was taken back may come again, and is news then. */
  #forgetStops(from: ReplicaId): void {
    for (const key of this.#said) if (key.startsWith(`${from}>`) && key.includes(': STOP')) this.#said.delete(key)
  }

  lost(from: ReplicaId, to: ReplicaId, message: Message): void {
    this.#add(from, `⇥ ${to}: lost ${this.#message(message)}`, `${from}!${to}`)
  }

  effect(id: ReplicaId, effect: Effect): void {
    const text = this.#effect(effect)
    if (text !== undefined) this.#add(id, text, effect.kind === 'final' ? undefined : `${id}`)
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
      case 'execute':
        return `executes block ${effect.cid}: ${this.value(effect.value)}`
      case 'final':
        return `has block ${effect.certificate.cid} final`
      case 'regency-installed':
        return `installs regency ${effect.regency}, led by ${effect.leader}`
      case 'misbehaviour':
        return `shows up replica ${effect.evidence.replica}: ${effect.evidence.reason}`
      case 'send-evidence':
        return '→ all: the evidence'
      case 'send-certificate':
        return `→ ${whom(effect.to)}: the certificate of ${effect.certificate.kind === 'write' ? 'cid' : 'block'} ${effect.certificate.cid}`
      case 'send-installation':
        return `→ ${whom(effect.to)}: the STOPs of ${ids(effect.stops)}`
      case 'send-batch':
        return `→ ${whom(effect.to)}: batch ${this.#names.get(effect.digest) ?? '?'}`
      case 'silence':
        return effect.silent === undefined ? 'votes again' : `may not vote: ${effect.silent}${until(effect.until)}`
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
      case 'stop':
        return stop(message)
      case 'stop-data':
        return `STOPDATA for regency ${message.regency}: ${this.#stopData(message)}`
      case 'sync':
        return `SYNC of regency ${message.regency}, ${this.#sync(message)}`
    }
  }

  #stopData({ base, locks }: StopData): string {
    const locked = locks.map(({ cid, digest, regency }) => {
      return `cid ${cid} locked on ${this.#valueNamed(digest)} in ${regency}`
    })
    return [`final ${base.height}`, ...locked].join(', ')
  }

  #sync({ stopData, proofs }: Sync): string {
    const messages = stopData.map(({ message }) => message)
    const choice = chooseForRegency(messages, proofs, 1)
    if (typeof choice === 'string') return `void: ${choice}`
    const bound = [...choice.bindings].map(([cid, digest]) => `cid ${cid} is ${this.#valueNamed(digest)}`)
    return `from ${stopData.map(({ sender }) => sender).join(' ')}: ${[`above ${choice.base}`, ...bound].join(', ')}`
  }

  #valueNamed(digest: Digest): string {
    return this.#values.get(digest) ?? '?'
  }
}

const whom = (to: 'view' | readonly ReplicaId[]): string => (to === 'view' ? 'all' : to.join(' '))

const ids = (messages: readonly Signed[]): string =>
  messages
    .map(({ sender }) => sender)
    .sort((a, b) => a - b)
    .join(' ')

const until = (height: number | undefined): string =>
  height === undefined || height === 0 ? '' : `, until block ${height} is final`

function stop({ regency, reason }: Stop): string {
  if (regency === 0) return 'STOP, taken back'
  return `STOP, regency ${regency} is wanted${reason === 'wish' ? '' : ` (${reason})`}`
}
