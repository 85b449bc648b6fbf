/**
 * Bounds of the protocol, the same for every replica: what lies outside is refused. Units stand last in a name.
 * docs/limits.md explains each; a test holds the page and this table together.
 */
export const LIMITS = {
  /** Replicas in a view. */
  replicasMax: 100,
  /** W: open instances. */
  windowMax: 64,
  /** An encoded transaction. */
  transactionBytesMax: 64 * 1024,
  /** Arguments of a transaction, UTF-8 JSON. */
  argsBytesMax: 48 * 1024,
  nonceBytesMin: 8,
  nonceBytesMax: 32,
  /** Organization, client, contract and method names. */
  nameLengthMax: 64,
  /** Transactions of a batch. */
  batchTransactionsMax: 512,
  /** An encoded batch; one that holds a single large transaction still fits. */
  batchBytesMax: 512 * 1024,
  /** Batches that one value names. */
  valueBatchesMax: 64,
  /** An encoded consensus message. */
  envelopeBytesMax: 512 * 1024,
  /** Batches or values of one pull. */
  fetchItemsMax: 64,
  /** Blocks of one pull. */
  fetchBlocksMax: 64,
  /** Bytes after which an answer to a pull is cut; the rest is asked for again. */
  fetchReplyBytesMax: 4 * 1024 * 1024,
  /** Chunks of one snapshot. */
  snapshotChunksMax: 65_536,
  /** Bytes of state rows after which a subtree is split into several chunks; one row may be larger. */
  snapshotChunkBytesMax: 1024 * 1024,
} as const
