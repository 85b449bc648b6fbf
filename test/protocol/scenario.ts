import { makeValue } from '../../src/codec/block.js'
import type { Effect } from '../../src/consensus/index.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type { Digest, Message, ReplicaId, Value } from '../../src/types/index.js'
import { Cluster, signedBy } from '../consensus/cluster.js'
import { Transcript } from './transcript.js'

/** How long every message is on its way, ms; the same for all, so that a transcript reads in rounds. */
const DELAY_MS = 5
/** How long a sync takes. */
const SYNC_MS = 1

/** Messages that a link loses; what is absent stands for any. */
interface Loss {
  readonly kind?: string
  readonly from?: readonly ReplicaId[]
  readonly to?: readonly ReplicaId[]
  readonly regency?: number
  readonly cid?: number
}

/** Carries out the commands of a scenario (test/scenarios/README.md) and writes down what happens. */
export class Scenario {
  readonly #cluster: Cluster
  readonly #transcript: Transcript
  readonly #batches = new Map<string, Digest>()
  #losses: Loss[] = []
  #cut = new Set<ReplicaId>()

  constructor(replicas = 4) {
    this.#cluster = new Cluster(replicas, 1)
    const cluster = this.#cluster
    cluster.delayMs = () => DELAY_MS
    cluster.syncMs = () => SYNC_MS
    cluster.ledgerMs = () => SYNC_MS
    this.#transcript = new Transcript(cluster)
    cluster.passes = (from, to, message) => this.#passes(from, to, message)
    cluster.watchLost = (from, to, message) => {
      if (message !== undefined && !this.#cut.has(from) && !this.#cut.has(to)) this.#transcript.lost(from, to, message)
    }
    cluster.watch = (id, effect) => this.#watch(id, effect)
  }

  /** Carries out one command and returns what happened meanwhile, in lines. */
  run(command: string): readonly string[] {
    const [verb, ...words] = command.split(' ')
    const handler = this.#commands[verb ?? '']
    if (handler === undefined) throw new Error(`unknown command: ${command}`)
    const answer = handler(words)
    return [...this.#transcript.take(), ...answer]
  }

  readonly #commands: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
    submit: ([name = '', , at]) => this.#submit(name, number(at)),
    run: (words) => this.#run(words),
    crash: ([id]) => silently(() => this.#cluster.crash(number(id))),
    resign: ([id]) => silently(() => this.#cluster.resign(number(id))),
    stop: ([id]) => silently(() => this.#cluster.stop(number(id))),
    'lose-disk': ([id]) => silently(() => this.#cluster.loseDisk(number(id))),
    restart: ([id]) => silently(() => this.#cluster.restart(number(id))),
    cut: (ids) =>
      silently(() => {
        this.#cut = new Set([...this.#cut, ...ids.map(number)])
      }),
    lose: (words) => silently(() => this.#losses.push(lossOf(words))),
    heal: () => silently(() => this.#heal()),
    propose: (words) => this.#propose(words),
    status: () => this.#status(),
    chains: () => this.#chains(),
  }

  #submit(name: string, lane: ReplicaId): readonly string[] {
    const digest = this.#cluster.submit(lane)
    this.#batches.set(name, digest)
    this.#transcript.name(digest, name)
    return []
  }

  /** `run 100 ms`, or `run until final a b on 0 2 3`, or `run until executed 2 on 1`. */
  #run(words: readonly string[]): readonly string[] {
    if (words[0] !== 'until') {
      this.#cluster.run(number(words[0]))
      return []
    }
    const on = words.indexOf('on')
    const ids = on < 0 ? this.#cluster.nodes.map((_, id) => id) : words.slice(on + 1).map(number)
    const wanted = words.slice(2, on < 0 ? undefined : on)
    const done = this.#cluster.run(60_000, () => ids.every((id) => this.#reached(id, words[1], wanted)))
    return done ? [] : ['never']
  }

  #reached(id: ReplicaId, what: string | undefined, wanted: readonly string[]): boolean {
    const status = this.#cluster.node(id).core.status()
    if (what === 'final') return wanted.every((name) => this.#cluster.isFinal(id, this.#digest(name)))
    if (what === 'executed') return status.executed >= number(wanted[0])
    if (what === 'finalized') return status.finalized >= number(wanted[0])
    if (what === 'phase') return status.phase === wanted[0]
    throw new Error(`nothing can be awaited as ${what}`)
  }

  #heal(): void {
    this.#cut = new Set()
    this.#losses = []
  }

  /** `propose as 1 to 0 2 cid 1 regency 1 a b`: a leader that is played by the scenario proposes batches. */
  #propose(words: readonly string[]): readonly string[] {
    const at = (word: string): number => words.indexOf(word)
    const sender = number(words[at('as') + 1])
    const to = words.slice(at('to') + 1, at('cid')).map(number)
    const cid = number(words[at('cid') + 1])
    const regency = number(words[at('regency') + 1])
    const batches = words.slice(at('regency') + 2).map((name) => this.#digest(name))
    const value: Value = makeValue(nobleSuite.sha256, this.#cluster.nowMs, batches)
    const message: Message = { kind: 'propose', cid, regency, value }
    this.#transcript.sent(sender, to, message)
    for (const id of to) this.#cluster.send(sender, id, signedBy(sender, message))
    return []
  }

  #digest(name: string): Digest {
    const digest = this.#batches.get(name)
    if (digest === undefined) throw new Error(`no batch ${name}`)
    return digest
  }

  #status(): readonly string[] {
    return this.#cluster.nodes.map((node, id) => {
      if (!node.up) return `${id}: down`
      const { regency, phase, silent, executed, finalized, pendingBatches } = node.core.status()
      const how = silent === undefined ? phase : `${phase}, ${silent}`
      return `${id}: regency ${regency}, ${how}; executed ${executed}, final ${finalized}, pending ${pendingBatches}`
    })
  }

  #chains(): readonly string[] {
    this.#cluster.checkAgreement()
    return this.#cluster.nodes.map((_, id) => {
      const blocks = this.#cluster.chain(id).map(({ value }) => this.#transcript.value(value))
      return `${id}: ${blocks.join(' ')}`.trim()
    })
  }

  #passes(from: ReplicaId, to: ReplicaId, message: Message | undefined): boolean {
    if (this.#cut.has(from) || this.#cut.has(to)) return false
    return !this.#losses.some(
      ({ kind, from: senders, to: receivers, regency, cid }) =>
        (kind === undefined || kind === (message?.kind ?? 'batch')) &&
        (senders === undefined || senders.includes(from)) &&
        (receivers === undefined || receivers.includes(to)) &&
        (regency === undefined || message?.regency === regency) &&
        (cid === undefined || (message !== undefined && 'cid' in message && message.cid === cid)),
    )
  }

  #watch(id: ReplicaId, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#transcript.sent(id, effect.to, effect.message)
        return
      case 'relay':
        this.#transcript.sent(id, effect.to, effect.message.message, effect.message.sender)
        return
      default:
        this.#transcript.effect(id, effect)
    }
  }
}

function number(word: string | undefined): number {
  const n = Number(word)
  if (word === undefined || !Number.isSafeInteger(n)) throw new Error(`a number, not ${word}`)
  return n
}

function silently(run: () => unknown): readonly string[] {
  run()
  return []
}

/** `lose write from 0 to 2 3 regency 1 cid 2`, or `lose all from 0`. */
function lossOf([kind, ...rest]: readonly string[]): Loss {
  const lists = new Map<string, ReplicaId[]>()
  let list: ReplicaId[] | undefined
  for (const word of rest) {
    if (['from', 'to', 'regency', 'cid'].includes(word)) {
      list = []
      lists.set(word, list)
    } else if (list === undefined) throw new Error(`lose what ${word}?`)
    else list.push(number(word))
  }
  const [from, to, regency, cid] = [
    lists.get('from'),
    lists.get('to'),
    lists.get('regency')?.[0],
    lists.get('cid')?.[0],
  ]
  return {
    ...(kind === undefined || kind === 'all' ? {} : { kind }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(regency === undefined ? {} : { regency }),
    ...(cid === undefined ? {} : { cid }),
  }
}
