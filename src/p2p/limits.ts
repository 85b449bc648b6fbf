import type { TrafficClass } from '../ports.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Every class, the most urgent first. */
export const TRAFFIC_CLASSES = ['consensus', 'batch', 'transfer'] as const satisfies readonly TrafficClass[]

export type PerClass<T> = Readonly<Record<TrafficClass, T>>

export function perClass<T>(make: (traffic: TrafficClass) => T): PerClass<T> {
  return { consensus: make('consensus'), batch: make('batch'), transfer: make('transfer') }
}

/** Every bound of a transport, with its unit last. */
export interface TransportLimits {
  /** Longest frame. A longer one is refused on the way out, and costs the sender its connection on the way in. */
  readonly frameBytesMax: PerClass<number>
  /** Most that waits for one peer in one class, counted with OUTBOX_FRAME_OVERHEAD_BYTES for each frame. */
  readonly outboxBytesMax: PerClass<number>
  /** Most that a peer may have under way on one stream before we have read it; at least INITIAL_WINDOW_BYTES. */
  readonly streamWindowBytesMax: number
  /** From an accepted socket to an authenticated connection, and for the negotiation of a stream. */
  readonly handshakeMsMax: number
  /** For one address of a peer: connecting and the handshake together. */
  readonly dialMsMax: number
  /** Addresses of one peer that are tried; more are ignored. */
  readonly dialAddressesMax: number
  /** First wait before dialling again; it doubles with every failure. */
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** A silent peer is asked for a sign of life this often. */
  readonly pingIntervalMs: number
  /** A connection whose peer gives no sign of life for so long is cut, so that it can be made anew. */
  readonly pingMsMax: number
  /** A peer that broke the framing is not let in again for so long. */
  readonly barMs: number
  /** Sockets in handshake from hosts that are no peer's address, all together. The oldest makes room for the next. */
  readonly pendingStrangersMax: number
  /** Sockets in handshake from one host that is a peer's address. The oldest makes room for the next. */
  readonly pendingPerPeerHostMax: number
  /** New sockets in one second from hosts that are no peer's address, all together; more are refused. */
  readonly strangersPerSecondMax: number
  /** New sockets in one second from one such host; more are refused. */
  readonly strangerHostPerSecondMax: number
}

export const DEFAULT_LIMITS: TransportLimits = {
  frameBytesMax: { consensus: 1 * MIB, batch: 8 * MIB, transfer: 16 * MIB },
  outboxBytesMax: { consensus: 4 * MIB, batch: 16 * MIB, transfer: 20 * MIB },
  streamWindowBytesMax: 1 * MIB,
  handshakeMsMax: 5_000,
  dialMsMax: 5_000,
  dialAddressesMax: 8,
  backoffMsMin: 100,
  backoffMsMax: 3_000,
  pingIntervalMs: 5_000,
  pingMsMax: 10_000,
  barMs: 5_000,
  pendingStrangersMax: 64,
  pendingPerPeerHostMax: 128,
  strangersPerSecondMax: 128,
  strangerHostPerSecondMax: 32,
}

/** What a queued frame costs besides its bytes, so that many empty frames are bounded too. */
export const OUTBOX_FRAME_OVERHEAD_BYTES = 64

/**
 * Small frames are packed into writes of at most this; long ones are cut into them. Larger writes cost less per byte (with
 * 240 KiB the receiver spent a third less CPU than with 64 KiB); this still fits a new stream's window.
 */
export const WRITE_BYTES_MAX = 240 * KIB

/** What one class may write in a turn before the others get theirs. */
export const TURN_BYTES_MAX = 2 * WRITE_BYTES_MAX

/** Frames of one stream that are handled before other streams get their turn. */
export const TURN_FRAMES_MAX = 1024

/** A stream's window starts at this (fixed by yamux); also the window of the memory network. */
export const INITIAL_WINDOW_BYTES = 256 * KIB

/** Streams a peer may have open on a connection: three classes, pings, and room for ones about to close. */
export const INBOUND_STREAMS_MAX = 16
