import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** An open file of the write-ahead log. Every promise rejects when the disk fails. */
export interface LogFile {
  /** Writes all the bytes at a position. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Cuts the file to a length. */
  truncate(length: number): Promise<void>
  /** On disk when settled: the content, and the length. */
  datasync(): Promise<void>
  close(): Promise<void>
}

/** The part of a file system that the write-ahead log needs; a simulator has one whose disk fails. */
export interface LogFileSystem {
  /** Whole content, `undefined` when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Opens a file that exists. */
  open(path: string): Promise<LogFile>
  /** Opens an empty file, in the place of any other; makes its folder where needed. */
  create(path: string): Promise<LogFile>
  rename(from: string, to: string): Promise<void>
  /** The entry of a file in its folder is on disk when settled. */
  syncFolderOf(path: string): Promise<void>
}

async function openFile(path: string, flags: 'r+' | 'w'): Promise<LogFile> {
  const handle = await open(path, flags)
  return {
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
    },
    truncate: (length) => handle.truncate(length),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  }
}

export const nodeLogFileSystem: LogFileSystem = {
  async read(path) {
    try {
      return await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  open: (path) => openFile(path, 'r+'),
  async create(path) {
    await mkdir(dirname(path), { recursive: true })
    return openFile(path, 'w')
  },
  rename,
  async syncFolderOf(path) {
    const folder = await open(dirname(path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}
