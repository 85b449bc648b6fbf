/**
 * etalon as a library: run a replica inside another program, or talk to a network. `etalon/client` has the client alone (browsers
 * too), `etalon/contracts` the author's interface.
 */
import './base/polyfill.js'

export { EtalonError } from './base/errors.js'
export * from './client/index.js'
export { type NodeConfig, readConfig } from './node/config.js'
export { createNode, genesisHashOf, type Node, type NodeOptions } from './node/create-node.js'
export { type ClusterOptions, type ClusterReplica, LocalCluster } from './node/local-cluster.js'
export { createLogger } from './node/logger.js'
export type { Logger } from './ports.js'
export type { FinalBlock, Outcome, ReplicaStatus, Submitter } from './replica/index.js'
export type * from './types/index.js'
