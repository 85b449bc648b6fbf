import { toHex, utf8 } from '../base/bytes.js'
import { nativeSuite } from '../crypto/native.js'
import type { TrafficClass } from '../ports.js'
import { perClass } from './limits.js'

/** Raised when frames or their framing change in a way that older replicas cannot read. */
const PROTOCOL_VERSION = 1

/** Characters of the network's hash in a protocol id: enough that networks do not meet by accident. */
const NETWORK_PREFIX_LENGTH = 16

/** The libp2p protocol of each class of traffic, and of the question for a sign of life. */
export type ProtocolIds = Readonly<Record<TrafficClass | 'ping', string>>

/**
 * Protocol ids `/etalon/<version>/<network>/<what>`. The network stands in it as a prefix of its
 * id's hash, so that ids of any form work and similar ones differ; a replica of another network cannot open a stream.
 */
export function protocolIds(networkId: string): ProtocolIds {
  const network = toHex(nativeSuite.sha256(utf8(networkId))).slice(0, NETWORK_PREFIX_LENGTH)
  const prefix = `/etalon/${PROTOCOL_VERSION}/${network}`
  return { ...perClass((traffic) => `${prefix}/${traffic}`), ping: `${prefix}/ping` }
}
