import type {
  ComponentLogger,
  Connection,
  ConnectionGater,
  Libp2p,
  Logger as Libp2pLogger,
  MultiaddrConnection,
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { EtalonError } from '../base/errors.js'
import type { Logger } from '../ports.js'
import type { TransportCounters } from './counters.js'
import { withFewerWrites } from './fewer-writes.js'
import type { TransportKey } from './keys.js'
import { INBOUND_STREAMS_MAX, type TransportLimits } from './limits.js'
import type { PendingGate, PendingSocket } from './pending-gate.js'

/** Which handshakes are spoken; of `both`, TLS is preferred. */
export type Security = 'tls' | 'noise' | 'both'

export interface HostOptions {
  readonly privateKey: TransportKey
  readonly listen: readonly string[]
  readonly security: Security
  readonly limits: TransportLimits
  /** Why the owner of a transport key is not let in, if so. */
  readonly refusal: (peerId: string) => 'unknownPeer' | 'barred' | undefined
  readonly gate: PendingGate
  readonly counters: TransportCounters
  readonly logger: Logger
}

/**
 * A libp2p node, not yet started, with TCP, TLS and Noise, yamux, and nothing else: no discovery, no routing, no relay,
 * no identify, no gossip. Peers are dialled at the addresses of the view only.
 */
export function createHost(options: HostOptions): Promise<Libp2p> {
  const { limits, security } = options
  const tlsEncrypter = withFewerWrites(tls())
  const noiseEncrypter = withFewerWrites(noise())
  const encrypters = { tls: [tlsEncrypter], noise: [noiseEncrypter], both: [tlsEncrypter, noiseEncrypter] }
  return createLibp2p({
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: encrypters[security],
    streamMuxers: [
      yamux({
        maxInboundStreams: INBOUND_STREAMS_MAX,
        maxOutboundStreams: INBOUND_STREAMS_MAX,
        streamOptions: {
          maxStreamWindowSize: limits.streamWindowBytesMax,
          // a paused stream takes one full window more, which must not reset it
          maxReadBufferLength: 2 * limits.streamWindowBytesMax,
          // without a bound by default; outboxes wait for `drain`, so more than a piece in it is a bug
          maxWriteBufferLength: limits.streamWindowBytesMax,
        },
      }),
    ],
    connectionGater: createGater(options),
    connectionMonitor: { enabled: false }, // see liveness.ts
    connectionManager: {
      // every address passes libp2p's own limits: the gate bounds sockets before the handshake, and peers come after it
      allow: ['/ip4/0.0.0.0/ipcidr/0', '/ip6/::/ipcidr/0'],
      maxConnections: Number.MAX_SAFE_INTEGER,
      inboundUpgradeTimeout: limits.handshakeMsMax,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeMsMax,
      outboundStreamProtocolNegotiationTimeout: limits.handshakeMsMax,
      addressDialTimeout: limits.dialMsMax,
      dialTimeout: limits.dialMsMax * limits.dialAddressesMax,
      maxPeerAddrsToDial: limits.dialAddressesMax,
      reconnectRetries: 0,
      resolvers: {},
    },
    logger: silentExceptErrors(options.logger),
  })
}

function createGater({ refusal, gate, counters, logger }: HostOptions): ConnectionGater {
  const sockets = new WeakMap<MultiaddrConnection, PendingSocket>()
  return {
    denyDialPeer: (peerId) => refusal(peerId.toString()) === 'unknownPeer',
    denyInboundConnection(connection) {
      const socket = { host: hostOf(connection.remoteAddr), abort: (error: Error) => connection.abort(error) }
      sockets.set(connection, socket)
      connection.addEventListener('close', () => gate.closed(socket))
      return !gate.admit(socket)
    },
    denyInboundEncryptedConnection(peerId, connection) {
      const socket = sockets.get(connection)
      if (socket !== undefined) gate.settled(socket)
      const reason = refusal(peerId.toString())
      if (reason === undefined) return false
      counters.add(`refused.${reason}`)
      logger.debug({ peerId: peerId.toString(), address: String(connection.remoteAddr), reason }, 'refused a peer')
      return true
    },
    denyOutboundEncryptedConnection: (peerId) => refusal(peerId.toString()) === 'unknownPeer',
  }
}

/** The IP address or DNS name in a multiaddr. */
export function hostOf(address: Multiaddr): string {
  return address.getComponents()[0]?.value ?? ''
}

/**
 * Closes a connection at once. libp2p's `abort` throws half-way when a listener of one of its streams has closed the
 * connection meanwhile; the second call does the other half.
 */
export function cutConnection(connection: Connection, reason: string): void {
  try {
    connection.abort(new Error(reason))
  } catch {
    connection.abort(new Error(reason))
  }
}

/** Tells an operator why listening failed. */
export function listenError(cause: unknown, listen: readonly string[]): EtalonError {
  const text = String(cause)
  const addresses = listen.join(' ')
  if (text.includes('EADDRINUSE')) {
    return new EtalonError(
      'p2p/port-in-use',
      `Another process listens at one of ${addresses}.`,
      'Stop the other process (perhaps another replica of this machine), or set a free port as the p2p listen address.',
      { cause },
    )
  }
  return new EtalonError(
    'p2p/cannot-listen',
    `Cannot listen at ${addresses}: ${/E[A-Z]{4,}[^\n]*/.exec(text)?.[0] ?? text}`,
    'Set the p2p listen address to one of this machine, such as /ip4/0.0.0.0/tcp/4001, and a port that it may use.',
    { cause },
  )
}

/** libp2p logs each frame, and even unused that costs; only its errors are passed on, for debugging. */
function silentExceptErrors(logger: Logger): ComponentLogger {
  const silent = (): void => {}
  const forComponent = (component: string): Libp2pLogger =>
    Object.assign(silent.bind(undefined), {
      enabled: false,
      trace: Object.assign(silent.bind(undefined), { enabled: false }),
      error: Object.assign(
        (format: unknown, ...details: unknown[]) => {
          const error = details.findLast((detail) => detail instanceof Error)
          logger.debug({ component, error: error?.message }, `libp2p: ${String(format)}`)
        },
        { enabled: true },
      ),
      newScope: (scope: string) => forComponent(`${component}:${scope}`),
    })
  return { forComponent }
}
