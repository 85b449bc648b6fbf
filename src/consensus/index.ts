export { type VoteVerifier, verifyCertificate } from './certificates.js'
export * from './interface.js'
export { leaderOf, type Quorum, quorumOf } from './quorum.js'
export { type CoreStatus, ReplicaCore } from './replica-core.js'
