import { EtalonError } from '../base/errors.js'
import { decodeReceipt } from '../codec/block.js'
import type { Height } from '../types/index.js'
import type { BlockStore, Oldest } from './block-store.js'
import { heightKey, transactionKey } from './keyspaces.js'
import { type Database, SYNCED } from './storage.js'

/** What goes when a block is pruned. Its header and its certificate stay, for light clients and the links. */
const PRUNED_SPACES = ['body', 'receipts'] as const

/**
 * Removes the bodies of heights below a bound in one write, which also moves the mark of the oldest block: there is never a
 * height that is neither whole nor named as pruned.
 */
export async function pruneBlocks(
  database: Database,
  blocks: BlockStore,
  oldest: Oldest,
  below: Height,
): Promise<void> {
  const batch = database.batch()
  for (let height = oldest.block; height < below; height++) {
    for (const id of indexedAt(blocks, height)) batch.del(transactionKey(id))
    for (const space of PRUNED_SPACES) batch.del(heightKey(space, height))
  }
  blocks.putOldest(batch, { ...oldest, block: below })
  await batch.write(SYNCED)
}

/** Transactions whose index points at a height. Of a damaged row nothing is known: its index rows stay behind, unused. */
function indexedAt(blocks: BlockStore, height: Height): readonly string[] {
  try {
    const ids = (blocks.receipts(height) ?? []).map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
    return ids.filter((id) => blocks.location(id)?.height === height)
  } catch (error) {
    if (error instanceof EtalonError) return []
    throw error
  }
}
