import type { TrafficClass } from '../ports.js'
import { TRAFFIC_CLASSES } from './limits.js'

/** Counters kept for each class of traffic, as `<name>.<class>`. Bytes are those of frames without their length. */
const CLASS_COUNTERS = [
  'framesIn', // given to the handler
  'bytesIn',
  'framesOut', // handed to the stream whole
  'bytesOut',
  'framesDiscarded', // accepted by send, then lost with the connection
  'pausesIn', // the handler asked for a pause
  'sendRefused.full', // send gave false: the outbox is full
  'sendRefused.disconnected', // send gave false: the peer is not connected, or not a peer
  'sendRefused.oversize', // send gave false: the frame is longer than its class allows
] as const

const PLAIN_COUNTERS = [
  'connectionsOpened',
  'connectionsClosed',
  'connectionsSuperseded', // a peer connected again, and its older connection was cut
  'dials',
  'dialFailures',
  'refused.unknownPeer', // proved a key that is not in the view
  'refused.barred', // a peer came back too soon after it broke the framing
  'refused.otherNetwork', // a peer does not speak this network's protocol
  'refused.handshake', // a socket closed, timed out or sent garbage before it proved a key
  'refused.pendingSocket', // a socket in handshake was cut to make room for a newer one
  'refused.socketRate', // a socket was refused: too many in one second
  'violations.oversize', // a peer announced a frame longer than its class allows
  'violations.unexpectedData', // a peer sent data on a stream of ours that only we write
] as const

export type CounterName = `${(typeof CLASS_COUNTERS)[number]}.${TrafficClass}` | (typeof PLAIN_COUNTERS)[number]

/** Every name that `counters()` of a transport gives, from the start and in this order. */
export const TRANSPORT_COUNTERS: readonly CounterName[] = [
  ...CLASS_COUNTERS.flatMap((name) => TRAFFIC_CLASSES.map((traffic) => `${name}.${traffic}` as const)),
  ...PLAIN_COUNTERS,
]

/** Counts of one transport since it was made. */
export class TransportCounters {
  readonly #values = Object.fromEntries(TRANSPORT_COUNTERS.map((name) => [name, 0])) as Record<CounterName, number>

  add(name: CounterName, amount = 1): void {
    this.#values[name] += amount
  }

  snapshot(): Readonly<Record<CounterName, number>> {
    return { ...this.#values }
  }
}
