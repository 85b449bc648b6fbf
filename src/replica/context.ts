import { networkIdOf } from '../codec/genesis.js'
import type { CodecContext } from '../codec/transaction.js'
import type { Runtime } from '../contracts/index.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { Clock, Counters, KeyRing, Ledger, Logger, SignatureVerifier, Transport, WriteAheadLog } from '../ports.js'
import type { Genesis, ReplicaId, ReplicaInfo } from '../types/index.js'
import { ViewSchedule } from './view-schedule.js'

/** What a replica is made of; the composition root gives it. */
export interface ReplicaModules {
  readonly clock: Clock
  readonly keys: KeyRing
  readonly verifier: SignatureVerifier
  readonly transport: Transport
  readonly wal: WriteAheadLog
  readonly ledger: Ledger
  readonly runtime: Runtime
  readonly suite: CryptoSuite
  readonly logger: Logger
  readonly counters: Counters
}

/** What all parts of a replica share: who it is, and in which network. */
export interface ReplicaContext extends CodecContext {
  readonly genesis: Genesis
  readonly self: ReplicaId
  readonly organization: string
  readonly suite: CryptoSuite
  /** Which view orders which height; moves on with the blocks. */
  readonly views: ViewSchedule
}

/** What identifies the network and this replica in it. */
export function contextOf(
  genesis: Genesis,
  { id, organization }: Pick<ReplicaInfo, 'id' | 'organization'>,
  suite: CryptoSuite,
): ReplicaContext {
  return {
    genesis,
    networkId: networkIdOf(suite.sha256, genesis),
    sha256: suite.sha256,
    suite,
    self: id,
    organization,
    views: new ViewSchedule(suite.sha256, genesis),
  }
}
