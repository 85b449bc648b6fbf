import type { Connection, Stream } from '@libp2p/interface'
import type { Clock, Logger } from '../ports.js'
import type { ReplicaInfo } from '../types/index.js'
import { backoffMs, Wait } from './backoff.js'
import type { TransportCounters } from './counters.js'
import { cutConnection } from './libp2p-host.js'
import { libp2pSendEnd } from './libp2p-stream-ends.js'
import { type PerClass, perClass, TRAFFIC_CLASSES, type TransportLimits } from './limits.js'
import { watchLiveness } from './liveness.js'
import { OutgoingLink } from './outgoing-link.js'
import type { ProtocolIds } from './protocol-ids.js'

export interface ConnectorModules {
  /** Opens a new connection to the peer. Rejects when none of its addresses answers, or when aborted. */
  readonly dial: (peer: ReplicaInfo, signal: AbortSignal) => Promise<Connection>
  /** An open connection that the peer made to us, if any. */
  readonly inbound: (peer: ReplicaInfo) => Connection | undefined
  readonly protocols: ProtocolIds
  readonly limits: TransportLimits
  readonly counters: TransportCounters
  readonly logger: Logger
  readonly clock: Pick<Clock, 'after' | 'soon'>
}

/** How an attempt ended: `lost` after it had been open. */
type Outcome = 'unreachable' | 'other-network' | 'refused' | 'lost'

const PROBLEMS: Readonly<Record<Exclude<Outcome, 'lost'>, string>> = {
  unreachable: 'cannot reach the peer; trying again until it answers',
  'other-network': 'the peer speaks for another network or protocol version; trying again in case it is corrected',
  refused: 'the peer closed the connection at once; it may not have us in its view yet',
}

/**
 * Keeps the way to one peer open. Each replica writes on a connection that it dialled itself, so no side has to
 * decide whose connection stays; only when the peer cannot be dialled is the connection it made to us used instead.
 */
export class PeerConnector {
  readonly link: OutgoingLink
  readonly #modules: ConnectorModules
  readonly #wait: Wait
  #peer: ReplicaInfo
  #stopped = false
  /** Cuts what is under way: the dial, or the open session. */
  #cut: AbortController | undefined
  #reachedMs = Number.NEGATIVE_INFINITY
  #reported: Outcome | undefined

  constructor(peer: ReplicaInfo, modules: ConnectorModules) {
    this.#peer = peer
    this.#modules = modules
    this.#wait = new Wait(modules.clock)
    this.link = new OutgoingLink(modules.limits, modules.counters, modules.clock.soon)
  }

  get peer(): ReplicaInfo {
    return this.#peer
  }

  start(): void {
    void this.#run()
  }

  /** Takes new addresses; they count from the next attempt on. */
  update(peer: ReplicaInfo): void {
    this.#peer = peer
  }

  /** The peer has just reached us, so it is up and has us in its view: a wait for the next attempt ends. */
  reached(): void {
    const nowMs = performance.now()
    // seldom: of two peers that both fail after connecting, each attempt would at once cause the other's next
    if (nowMs - this.#reachedMs < this.#modules.limits.backoffMsMax) return
    this.#reachedMs = nowMs
    this.#wait.end()
  }

  /** Cuts the connection; nothing is sent from now on. */
  stop(): void {
    this.#stopped = true
    this.#cut?.abort()
    this.#wait.end()
  }

  async #run(): Promise<void> {
    const { limits } = this.#modules
    let failures = 0
    while (!this.#stopped) {
      const startedMs = performance.now()
      const outcome = await this.#attempt()
      if (this.#stopped) return
      const stable = outcome === 'lost' && performance.now() - startedMs >= limits.backoffMsMax
      failures = stable ? 0 : failures + 1
      if (outcome !== 'lost') this.#report(outcome)
      const waitMs = outcome === 'other-network' ? limits.backoffMsMax : backoffMs(limits, failures - 1, Math.random())
      await this.#wait.start(waitMs)
    }
  }

  async #attempt(): Promise<Outcome> {
    const { dial, inbound, counters } = this.#modules
    const cut = new AbortController()
    this.#cut = cut
    let dialled: Connection | undefined
    counters.add('dials')
    try {
      dialled = await dial(this.#peer, cut.signal)
    } catch (error) {
      if (cut.signal.aborted) return 'lost'
      counters.add('dialFailures')
      this.#modules.logger.debug({ peer: this.#peer.id, error: String(error) }, 'dial failed')
    }
    const connection = dialled ?? inbound(this.#peer)
    if (connection === undefined) return 'unreachable'
    if (cut.signal.aborted) {
      if (dialled !== undefined) cutConnection(dialled, 'no longer wanted')
      return 'lost'
    }
    const streams = await this.#openStreams(connection, cut.signal)
    if (typeof streams !== 'object' || cut.signal.aborted) {
      if (dialled !== undefined) cutConnection(dialled, 'streams could not be opened')
      return typeof streams === 'object' ? 'lost' : streams
    }
    this.#reported = undefined
    this.#modules.logger.info(
      { peer: this.#peer.id, address: connection.remoteAddr.toString(), dialled: dialled !== undefined },
      'connected to peer',
    )
    await this.#serve(connection, streams, dialled !== undefined, cut.signal)
    if (!this.#stopped) this.#modules.logger.info({ peer: this.#peer.id }, 'lost connection to peer')
    return 'lost'
  }

  /** One stream for each class, or why there is none. */
  async #openStreams(connection: Connection, signal: AbortSignal): Promise<PerClass<Stream> | Outcome> {
    const { protocols, limits, counters, clock } = this.#modules
    const deadline = new AbortController()
    const cancelTimer = clock.after(limits.handshakeMsMax, () => deadline.abort())
    const onCut = () => deadline.abort()
    signal.addEventListener('abort', onCut)
    const opening = perClass((traffic) => connection.newStream(protocols[traffic], { signal: deadline.signal }))
    const results = await Promise.allSettled(TRAFFIC_CLASSES.map((traffic) => opening[traffic]))
    cancelTimer()
    signal.removeEventListener('abort', onCut)
    const failure = results.find((result) => result.status === 'rejected')
    if (failure === undefined) {
      const [consensus, batch, transfer] = await Promise.all([opening.consensus, opening.batch, opening.transfer])
      return { consensus, batch, transfer }
    }
    const reason = new Error('another stream could not be opened')
    for (const result of results) if (result.status === 'fulfilled') result.value.abort(reason)
    if (failure.reason instanceof Error && failure.reason.name === 'UnsupportedProtocolError') {
      counters.add('refused.otherNetwork')
      return 'other-network'
    }
    return 'refused'
  }

  /** Lets the link write until a stream is lost or this is cut. */
  #serve(connection: Connection, streams: PerClass<Stream>, dialled: boolean, cut: AbortSignal): Promise<void> {
    const { counters, protocols, clock } = this.#modules
    return new Promise((resolve) => {
      let lost = false
      const lose = (): void => {
        if (lost) return
        lost = true
        endWatch()
        cut.removeEventListener('abort', lose)
        this.link.close()
        for (const traffic of TRAFFIC_CLASSES) streams[traffic].abort(new Error('link closed'))
        // in a later turn: this may be called while libp2p itself is closing the connection
        if (dialled) clock.soon(() => cutConnection(connection, 'link closed'))
        resolve()
      }
      const endWatch = watchLiveness(connection, protocols.ping, this.#modules, lose)
      this.link.open(perClass((traffic) => libp2pSendEnd(streams[traffic])))
      cut.addEventListener('abort', lose)
      for (const traffic of TRAFFIC_CLASSES) {
        streams[traffic].addEventListener('close', lose)
        streams[traffic].addEventListener('message', () => {
          counters.add('violations.unexpectedData')
          lose()
        })
        if (streams[traffic].status !== 'open') lose()
      }
    })
  }

  #report(outcome: Exclude<Outcome, 'lost'>): void {
    if (this.#reported === outcome) return
    this.#reported = outcome
    this.#modules.logger.warn({ peer: this.#peer.id, addresses: this.#peer.addresses.join(' ') }, PROBLEMS[outcome])
  }
}
