import { fromHex } from '../base/bytes.js'
import { genesisView, networkIdOf } from '../codec/genesis.js'
import type { CodecContext } from '../codec/transaction.js'
import type { Runtime } from '../contracts/index.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { Clock, Counters, Ledger, Logger, SignatureVerifier, Signer, Transport, WriteAheadLog } from '../ports.js'
import type { Genesis, ReplicaId, ReplicaInfo, View } from '../types/index.js'

/** What a replica is made of; the composition root gives it. */
export interface ReplicaModules {
  readonly clock: Clock
  readonly signer: Signer
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
  readonly view: View
  readonly suite: CryptoSuite
  readonly members: ReadonlyMap<ReplicaId, Member>
}

export interface Member {
  readonly info: ReplicaInfo
  /** 32 bytes. */
  readonly consensusKey: Uint8Array
}

export function membersOf(view: View): ReadonlyMap<ReplicaId, Member> {
  return new Map(
    view.replicas.map((info) => [
      info.id,
      { info, consensusKey: fromHex(info.consensusKey, 32) ?? new Uint8Array(32) },
    ]),
  )
}

/** What identifies the network and this replica in it. */
export function contextOf(genesis: Genesis, info: ReplicaInfo, suite: CryptoSuite): ReplicaContext {
  const view = genesisView(genesis)
  return {
    genesis,
    networkId: networkIdOf(suite.sha256, genesis),
    sha256: suite.sha256,
    suite,
    self: info.id,
    organization: info.organization,
    view,
    members: membersOf(view),
  }
}
