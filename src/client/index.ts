export { EtalonError } from '../base/errors.js'
export { parseGenesis } from '../codec/genesis.js'
export { formatProvenReceipt, type ProvenReceipt } from '../codec/proven-receipt.js'
export {
  type BatchStatement,
  batchStatement,
  leafStatement,
  possessionStatement,
  recordStatement,
  rotationStatement,
  timedRecordStatement,
} from '../formats/record-statements.js'
export { Channel, type Submitted, type WebSocketLike } from './channel.js'
export { type ClientOptions, EtalonClient, type ReadOptions, type VerifiedReceipt } from './client.js'
export {
  commitArguments,
  commitReading,
  declarationStatement,
  type FuelReading,
  measuredVolume,
  type RefuelOpening,
  revealArguments,
  type TankLevels,
} from './fuel.js'
export { type ClientSigner, ed25519Signer, type MemberKey, p256Signer, readMemberKey } from './keys.js'
export { LightClient } from './light-client.js'
export {
  batchOf,
  type Entitlement,
  entitlementOf,
  instrumentStateKey,
  isInBatch,
  type RecordBatch,
} from './pki.js'
export type { QuorumState } from './quorum-read.js'
export type { VerifiedState } from './state-answer.js'
export { type ProvenState, readStateFile, type StateFile } from './state-file.js'
export { type Call, type EncodedTransaction, encodeCall, type Identity } from './transaction.js'
export type { MethodArgs, MethodResult, QueryArgs, QueryResult } from './typed.js'
