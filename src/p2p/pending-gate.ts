import type { TransportCounters } from './counters.js'
import type { TransportLimits } from './limits.js'

const RATE_WINDOW_MS = 1_000

/** A socket that has not yet proved a key. */
export interface PendingSocket {
  /** Its remote address without the port. */
  readonly host: string
  abort(error: Error): void
}

/**
 * Bounds the sockets that have not yet proved a key, so that idle or flooding ones cannot lock peers out.
 *
 * When there are too many the *oldest* is cut: an honest handshake takes some round trips and is among the newest,
 * while a socket that only holds its place grows old. Hosts that are addresses of peers have places of their own and
 * no limit of rate, so strangers compete among themselves only. (libp2p's own limits refuse the newest instead, and its
 * list of allowed hosts cannot change while it runs.)
 */
export class PendingGate {
  readonly #limits: TransportLimits
  readonly #counters: TransportCounters
  readonly #nowMs: () => number
  #peerHosts: ReadonlySet<string> = new Set()
  /** In order of arrival. */
  readonly #pending = new Set<PendingSocket>()
  #windowStartMs = Number.NEGATIVE_INFINITY
  #windowTotal = 0
  readonly #windowByHost = new Map<string, number>()

  /** @param nowMs a clock that only goes forward */
  constructor(limits: TransportLimits, counters: TransportCounters, nowMs: () => number) {
    this.#limits = limits
    this.#counters = counters
    this.#nowMs = nowMs
  }

  setPeerHosts(hosts: ReadonlySet<string>): void {
    this.#peerHosts = hosts
  }

  /** Whether the handshake may begin; an older socket may be cut for it. */
  admit(socket: PendingSocket): boolean {
    const known = this.#peerHosts.has(socket.host)
    if (!known && this.#exceedsRate(socket.host)) {
      this.#counters.add('refused.socketRate')
      return false
    }
    const rivals = [...this.#pending].filter(({ host }) => (known ? host === socket.host : !this.#peerHosts.has(host)))
    const [oldest] = rivals
    const max = known ? this.#limits.pendingPerPeerHostMax : this.#limits.pendingStrangersMax
    if (oldest !== undefined && rivals.length >= max) {
      this.#counters.add('refused.pendingSocket')
      this.#pending.delete(oldest)
      oldest.abort(new Error('cut to make room for a newer socket'))
    }
    this.#pending.add(socket)
    return true
  }

  /** The socket proved a key, whether or not it was admitted then. */
  settled(socket: PendingSocket): void {
    this.#pending.delete(socket)
  }

  /** The socket closed; counted when it had proved nothing. */
  closed(socket: PendingSocket): void {
    if (this.#pending.delete(socket)) this.#counters.add('refused.handshake')
  }

  #exceedsRate(host: string): boolean {
    const nowMs = this.#nowMs()
    if (nowMs - this.#windowStartMs >= RATE_WINDOW_MS) {
      this.#windowStartMs = nowMs
      this.#windowTotal = 0
      this.#windowByHost.clear()
    }
    const ofHost = this.#windowByHost.get(host) ?? 0
    if (this.#windowTotal >= this.#limits.strangersPerSecondMax) return true
    if (ofHost >= this.#limits.strangerHostPerSecondMax) return true
    this.#windowTotal += 1
    this.#windowByHost.set(host, ofHost + 1)
    return false
  }
}
