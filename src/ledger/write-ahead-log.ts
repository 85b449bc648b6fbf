import { randomBytes } from 'node:crypto'
import { assert } from '../base/assert.js'
import { EtalonError } from '../base/errors.js'
import type { Logger, WriteAheadLog } from '../ports.js'
import { type LogFile, type LogFileSystem, nodeLogFileSystem } from './log-file-system.js'
import { assertRecord, decodeLog, encodeGroup, encodeLogHeader } from './log-format.js'

export interface WriteAheadLogOptions {
  readonly path: string
  /** The disk of this machine when absent. */
  readonly fileSystem?: LogFileSystem
  readonly logger?: Logger
  /** Gives the salt of each new file, u32; random when absent. A simulator has its own. */
  readonly salt?: () => number
}

const randomSalt = (): number => randomBytes(4).readUInt32BE()

/** What goes to disk together. Open for further records until its write begins. */
interface Group {
  readonly parts: Uint8Array[]
  /** Settles when the group is on disk; absent until a sync asked for it. */
  synced: Promise<void> | undefined
}

const newGroup = (): Group => ({ parts: [], synced: undefined })

function ignore(): void {}

/**
 * Opens the log at a path, or creates an empty one. A record that the machine was writing when it stopped is cut off.
 * @throws EtalonError `wal/corrupt`, `wal/format`
 */
export async function openWriteAheadLog(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
  const { path, fileSystem = nodeLogFileSystem, logger, salt: newSalt = randomSalt } = options
  const bytes = await fileSystem.read(path)
  if (bytes === undefined) {
    const { file, salt, size } = await writeWhole(fileSystem, path, newSalt(), [])
    return new FileWriteAheadLog(path, fileSystem, newSalt, { file, salt, size, records: [] })
  }
  const { salt, records, end } = decodeLog(path, bytes)
  const file = await fileSystem.open(path)
  try {
    if (end < bytes.length) {
      logger?.warn(
        { path, bytes: bytes.length - end, records: records.length },
        'torn end of the write-ahead log cut off',
      )
      await file.truncate(end)
    }
    // also when nothing was cut: what was read may have been in the cache of a machine that did not sync it
    await file.datasync()
  } catch (error) {
    await file.close()
    throw error
  }
  return new FileWriteAheadLog(path, fileSystem, newSalt, { file, salt, size: end, records })
}

interface OpenLog {
  readonly file: LogFile
  readonly salt: number
  readonly size: number
  readonly records: readonly Uint8Array[]
}

/** Writes a log beside its place and moves it there, so that at every moment a whole one is in place. */
async function writeWhole(
  fileSystem: LogFileSystem,
  path: string,
  salt: number,
  records: readonly Uint8Array[],
): Promise<OpenLog> {
  const content = Buffer.concat([encodeLogHeader(salt), encodeGroup(salt, records)])
  const file = await fileSystem.create(`${path}.new`)
  try {
    await file.write(content, 0)
    await file.datasync()
    await fileSystem.rename(`${path}.new`, path)
    await fileSystem.syncFolderOf(path)
  } catch (error) {
    await file.close().catch(ignore)
    throw error
  }
  return { file, salt, size: content.length, records: [] }
}

class FileWriteAheadLog implements WriteAheadLog {
  readonly #path: string
  readonly #fileSystem: LogFileSystem
  readonly #newSalt: () => number
  #file: LogFile
  #salt: number
  #size: number
  /** Kept until the first record is appended. */
  #survivors: readonly Uint8Array[]
  #group = newGroup()
  /** Settles when everything asked for so far is done; once it rejects, all that follows does. */
  #last: Promise<void> = Promise.resolve()
  #state: 'open' | 'broken' | 'closed' = 'open'

  constructor(path: string, fileSystem: LogFileSystem, newSalt: () => number, { file, salt, size, records }: OpenLog) {
    this.#path = path
    this.#fileSystem = fileSystem
    this.#newSalt = newSalt
    this.#file = file
    this.#salt = salt
    this.#size = size
    this.#survivors = records
  }

  records(): Iterable<Uint8Array> {
    return this.#survivors
  }

  /** The record is not copied: it must stay as it is until a sync has settled. */
  append(record: Uint8Array): void {
    assert(this.#state !== 'closed', 'a record is appended to a closed log')
    assertRecord(record)
    this.#survivors = []
    if (this.#state === 'broken') return // the next sync says so
    this.#group.parts.push(record)
  }

  sync(): Promise<void> {
    const group = this.#group
    if (group.parts.length === 0) return this.#last
    group.synced ??= this.#enqueue(() => this.#write(group))
    return group.synced
  }

  size(): number {
    return this.#size
  }

  /** What was appended before, synced or not, is replaced: the new records must stand for it. */
  rewrite(records: readonly Uint8Array[]): Promise<void> {
    assert(this.#state !== 'closed', 'a closed log is rewritten')
    for (const record of records) assertRecord(record)
    // a sync that was promised before is kept, in the old file; records that nobody synced are replaced with the rest
    if (this.#group.synced === undefined) this.#group = newGroup()
    else this.#seal(this.#group)
    this.#survivors = []
    return this.#enqueue(async () => {
      const old = this.#file
      const { file, salt, size } = await writeWhole(this.#fileSystem, this.#path, this.#newSalt(), records)
      this.#file = file
      this.#salt = salt
      this.#size = size
      await old.close()
    })
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const synced = this.sync()
    this.#state = 'closed'
    try {
      await synced
    } finally {
      await this.#file.close()
    }
  }

  /** Records appended from now on go into another group. */
  #seal(group: Group): void {
    if (this.#group === group) this.#group = newGroup()
  }

  async #write(group: Group): Promise<void> {
    this.#seal(group)
    const content = encodeGroup(this.#salt, group.parts)
    await this.#file.write(content, this.#size)
    await this.#file.datasync()
    this.#size += content.length
  }

  /** After a failure nobody knows what is on disk, so nothing is tried again. */
  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      try {
        await task()
      } catch (cause) {
        this.#state = 'broken'
        throw new EtalonError(
          'wal/broken',
          `The write-ahead log ${this.#path} could not be written: ${String(cause)}.`,
          'Stop the node, make space or replace the disk, and start it again.',
          { cause },
        )
      }
    })
    this.#last.catch(ignore) // whoever asked is told; nobody may have asked
    return this.#last
  }
}
