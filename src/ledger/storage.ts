import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbstractBatchOperation, AbstractChainedBatch, AbstractLevel } from 'abstract-level'
import { Level } from 'level'
import { EtalonError } from '../base/errors.js'
import type { Digest } from '../types/index.js'
import { corrupt } from './corrupt.js'

/** An ordered key-value database with buffers for keys and values: `level` on disk, memory-level in tests. */
export type Database = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>
export type WriteBatch = AbstractChainedBatch<Database, Buffer, Buffer>
export type DatabaseOperation = AbstractBatchOperation<Database, Buffer, Buffer>

/** Where a ledger lives: a folder on disk, or a database of the caller's making with `buffer` encodings. */
export type LedgerLocation = { readonly path: string } | { readonly database: Database }

/**
 * Option of every write. LevelDB syncs only the file that it writes to now: after a loss of power a synced write may be there without
 * an unsynced one before it.
 */
export const SYNCED = { sync: true } as const

const DELETED_AT_ONCE = 1_000

/** Removes the rows of a range. LevelDB's own `clear` does not sync. */
export async function clearSynced(
  database: Database,
  range: { readonly gte: Buffer; readonly lt: Buffer },
): Promise<void> {
  for (;;) {
    const keys = await database.keys({ ...range, limit: DELETED_AT_ONCE }).all()
    if (keys.length === 0) return
    const batch = database.batch()
    for (const key of keys) batch.del(key)
    await batch.write(SYNCED)
  }
}

/** LevelDB's default of 4 MB was measured to stall writes for up to 0.7 s. While one is written out, a second one fills. */
const WRITE_BUFFER_BYTES_MAX = 64 * 1024 * 1024
const BLOCK_CACHE_BYTES_MAX = 64 * 1024 * 1024

const DISK_OPTIONS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  writeBufferSize: WRITE_BUFFER_BYTES_MAX,
  maxFileSize: 16 * 1024 * 1024,
  cacheSize: BLOCK_CACHE_BYTES_MAX,
} as const

/** Beside LevelDB's own files, which it leaves alone. Holds the network id in hexadecimal. */
const MARKER_FILE = 'NETWORK'

export interface Storage {
  /** @throws EtalonError `ledger/locked`, `ledger/corrupt` or `ledger/unavailable` */
  open(): Promise<Database>
  /**
   * Whether a ledger was created here before. LevelDB may open a damaged folder as an empty database, which must not be
   * taken for a new one: this replica would forget what it has voted for.
   */
  created(): Promise<boolean>
  /** Called once genesis is on disk. */
  markCreated(networkId: Digest): Promise<void>
}

export function storageOf(location: LedgerLocation): Storage {
  return 'path' in location ? diskStorage(location.path) : givenStorage(location.database)
}

function givenStorage(database: Database): Storage {
  return {
    async open() {
      await database.open()
      return database
    },
    created: async () => false,
    markCreated: async () => {},
  }
}

function diskStorage(path: string): Storage {
  const marker = join(path, MARKER_FILE)
  return {
    async open() {
      const database = new Level<Buffer, Buffer>(path, DISK_OPTIONS) as unknown as Database
      try {
        await database.open()
      } catch (error) {
        throw openingError(path, error)
      }
      return database
    },
    async created() {
      return readFile(marker).then(
        () => true,
        () => false,
      )
    },
    async markCreated(networkId) {
      await writeSynced(`${marker}.new`, `${networkId}\n`)
      await rename(`${marker}.new`, marker)
      await syncFolder(path)
    },
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function openingError(path: string, error: unknown): EtalonError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = (cause as { readonly code?: unknown }).code
  if (code === 'LEVEL_LOCKED') {
    return new EtalonError(
      'ledger/locked',
      `The data folder ${path} is open in another process.`,
      'Stop the other node, or give this one a data folder of its own.',
      { cause },
    )
  }
  if (code === 'LEVEL_CORRUPTION') return corrupt(`LevelDB cannot read ${path}: ${String(cause)}.`, cause)
  return new EtalonError(
    'ledger/unavailable',
    `The data folder ${path} cannot be opened: ${String(cause)}.`,
    'Check that the disk has space left and that the folder may be read and written by this user.',
    { cause },
  )
}
