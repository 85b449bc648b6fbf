import { assert } from '../base/assert.js'
import { EtalonError } from '../base/errors.js'
import { EMPTY_HASH } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Logger, StateChange } from '../ports.js'
import type { Digest, Height, SealedHeader } from '../types/index.js'
import { BlockStore, missing, putRow, type Tip } from './block-store.js'
import { checkBlock } from './check-block.js'
import { isCertificateOf } from './check-run.js'
import { corrupt } from './corrupt.js'
import { installSnapshot, interruptedInstallation } from './install-snapshot.js'
import { metaKey, treeKey } from './keyspaces.js'
import { LevelLedger, putState } from './ledger.js'
import { readRow } from './rows.js'
import { StateTree } from './state-tree.js'
import { type Database, type LedgerLocation, type Storage, SYNCED, storageOf } from './storage.js'

/** 3: one certificate for a block, of ACCEPTs. Up to 2 there were two, and not every written block was final. */
export const LEDGER_FORMAT = 3

/** Blocks that are checked whenever a ledger is opened. */
export const TAIL_BLOCKS = 32

export interface LedgerGenesis {
  /** The header at height 0; its state root is that of `changes` (`stateRootOf`). */
  readonly sealed: SealedHeader
  readonly changes: readonly StateChange[]
}

export type LedgerOptions = LedgerLocation & {
  /** Hash of the genesis document. */
  readonly networkId: Digest
  readonly genesis: LedgerGenesis
  readonly suite: Pick<CryptoSuite, 'sha256'>
  readonly logger?: Logger
  /** Bound of the pages of the state tree in memory, in bytes; 32 MiB when absent. */
  readonly treeCacheBytesMax?: number
  /** `false` gives up durability, for measurements only: a crash of the machine may lose blocks. */
  readonly sync?: boolean
}

/**
 * Opens a ledger, or creates it with its genesis, and checks its newest blocks.
 * @throws EtalonError `ledger/locked`, `ledger/unavailable`, `ledger/format`, `ledger/other-network`,
 *   `ledger/other-genesis`, `ledger/corrupt`
 */
export async function openLedger(options: LedgerOptions): Promise<LevelLedger> {
  const storage = storageOf(options)
  const database = await storage.open()
  try {
    return await openIn(database, storage, options)
  } catch (error) {
    await database.close()
    throw error
  }
}

async function openIn(database: Database, storage: Storage, options: LedgerOptions): Promise<LevelLedger> {
  const { networkId, genesis, suite, logger, treeCacheBytesMax } = options
  const { sha256 } = suite
  const format = readFormat(database)
  const created = await storage.created()
  if (format === undefined) {
    if (created) throw corrupt('its folder holds the ledger of a network, but LevelDB finds no data in it.')
    await createGenesis(database, options)
  } else if (format.networkId !== networkId) {
    throw new EtalonError(
      'ledger/other-network',
      `The data folder belongs to network ${format.networkId}, this node to ${networkId}.`,
      'Name the data folder of this network, or an empty one, or use the genesis file of the other network.',
    )
  }
  if (!created) await storage.markCreated(networkId)

  const interrupted = interruptedInstallation(database, sha256)
  if (interrupted !== undefined) {
    logger?.warn({ height: interrupted.manifest.sealed.header.height }, 'finishing the installation of a snapshot')
    await installSnapshot(database, sha256, interrupted)
  }
  const blocks = new BlockStore(database, sha256)
  const first = blocks.header(0)
  if (first === undefined) throw missing('header', 0)
  if (first.hash !== genesis.sealed.hash) {
    throw new EtalonError(
      'ledger/other-genesis',
      `Block 0 of the ledger has hash ${first.hash}, this node makes ${genesis.sealed.hash} of the genesis.`,
      'Run the version of etalon that the network was started with.',
    )
  }
  const oldest = blocks.oldest()
  const tip = checkTail(blocks, sha256, await storedTip(blocks), oldest.block)
  await checkCertified(blocks, tip)
  checkStateRoot(database, sha256, tip)
  const { height } = tip.header
  logger?.info({ height, hash: tip.hash }, format ? 'ledger opened' : 'ledger created')
  const cache = treeCacheBytesMax === undefined ? {} : { treeCacheBytesMax }
  const sync = options.sync ?? true
  return new LevelLedger({ tip, oldest, sync, ...cache }, { database, sha256 })
}

/** The `format` row. @throws EtalonError `ledger/format` when this version does not know the format */
export function readFormat(database: Database): { readonly networkId: Digest } | undefined {
  const row = readRow(database, metaKey('format'))
  if (row === undefined) return undefined
  const version = row.length < 4 ? undefined : row.readUInt32BE(0)
  if (version !== LEDGER_FORMAT || row.length !== 36) {
    throw new EtalonError(
      'ledger/format',
      `The ledger has format ${version}; this version of etalon reads format ${LEDGER_FORMAT}.`,
      version !== undefined && version < LEDGER_FORMAT
        ? 'Start with an empty data folder and catch up from peers. An older format is not converted.'
        : 'Run the version of etalon that wrote the data folder, or start with an empty one and catch up from peers.',
    )
  }
  return { networkId: row.toString('hex', 4) }
}

async function createGenesis(database: Database, { genesis, networkId, suite }: LedgerOptions): Promise<void> {
  const { sealed, changes } = genesis
  const staged = new StateTree({ sha256: suite.sha256, root: EMPTY_HASH, load: () => undefined }).stage(changes)
  assert(sealed.header.height === 0, 'the genesis header has height 0')
  assert(sealed.header.stateRoot === staged.root, 'the genesis header has the state root of its changes')
  const batch = database.batch()
  putRow(batch, metaKey('format'), formatRow(networkId))
  const blocks = new BlockStore(database, suite.sha256)
  blocks.putHeader(batch, sealed)
  blocks.putTip(batch, sealed)
  putState(batch, staged)
  await batch.write(SYNCED)
}

function formatRow(networkId: Digest): Buffer {
  const row = Buffer.alloc(36)
  row.writeUInt32BE(LEDGER_FORMAT, 0)
  row.write(networkId, 4, 'hex')
  return row
}

async function storedTip(blocks: BlockStore): Promise<Tip> {
  const tip = blocks.tip()
  if (tip === undefined) throw corrupt('the meta row "tip" is missing.')
  // LevelDB may show an older version of a damaged row
  const last = await blocks.lastHeight('header')
  if (last !== tip.height) throw corrupt(`the newest header is at height ${last}, the tip at ${tip.height}.`)
  return tip
}

function checkTail(blocks: BlockStore, sha256: CryptoSuite['sha256'], tip: Tip, oldest: Height): SealedHeader {
  let sealed: SealedHeader | undefined
  const lowest = oldest > 1 ? oldest : 0
  for (let height = Math.max(lowest, tip.height - TAIL_BLOCKS + 1); height <= tip.height; height++) {
    const check = checkBlock(blocks, sha256, height, sealed?.hash)
    const [problem] = check.problems
    if (problem !== undefined) throw corrupt(`at height ${height}: ${problem.code}, ${problem.detail}.`)
    sealed = check.sealed
  }
  if (sealed === undefined) throw missing('header', tip.height)
  if (sealed.hash !== tip.hash) throw corrupt(`the header at height ${tip.height} is not the tip ${tip.hash}.`)
  return sealed
}

/** Only final blocks are written, up to one with a certificate of its own. */
async function checkCertified(blocks: BlockStore, tip: SealedHeader): Promise<void> {
  const { height } = tip.header
  const newest = await blocks.lastHeight('certificate')
  if (newest !== undefined && newest > height) {
    throw corrupt(`height ${newest} has a certificate, but the newest block is at height ${height}.`)
  }
  if (height === 0) return
  const certificate = blocks.certificate(height)
  if (certificate === undefined) throw missing('certificate', height)
  if (!isCertificateOf(certificate, tip)) throw corrupt(`the certificate at height ${height} is for another header.`)
}

/** Reading a page compares its hash with the one that it must have; the tree starts at the tip's state root. */
function checkStateRoot(database: Database, sha256: CryptoSuite['sha256'], tip: SealedHeader): void {
  const root = Buffer.from(tip.header.stateRoot, 'hex')
  new StateTree({ sha256, root, load: (path) => readRow(database, treeKey(path)) }).path(EMPTY_HASH)
}
