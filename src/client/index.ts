export { EtalonError } from '../base/errors.js'
export { parseGenesis } from '../codec/genesis.js'
export { contributionStatement } from '../codec/privacy-statements.js'
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
export { type ClientOptions, EtalonClient, type ReadOptions } from './client.js'
export {
  type Disclosure,
  discloseFields,
  type Field,
  generateRecipientKey,
  type OpenedDocument,
  openEnvelope,
  type Recipient,
  sealDocument,
  verifyDisclosure,
} from './confidential.js'
export {
  type ChainEnd,
  type ChainedEvent,
  chainedEvent,
  type EventChain,
  endOfChain,
  eventsOfChain,
} from './event-chain.js'
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
  exportLog,
  type LogChain,
  type LogExport,
  type LogFilter,
  listLog,
  logChain,
  readLogExport,
} from './logbook.js'
export { measuringLog } from './measuring.js'
export { encryptReading, openProduct, paillierPublicPart } from './paillier.js'
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
export type { VerifiedReceipt } from './verified-receipt.js'
