import type { LogFile, LogFileSystem } from '../../src/ledger/index.js'
import { decodeLog } from '../../src/ledger/log-format.js'

/** A file: what its readers see, and what would be there after a crash. */
interface Inode {
  content: Buffer
  durable: Buffer
}

type Operation = 'create' | 'write' | 'truncate' | 'datasync' | 'rename' | 'syncFolderOf'

/** A disk that forgets at a crash what was not synced, and fails when told to. */
export class MemoryDisk implements LogFileSystem {
  readonly operations: Operation[] = []
  #entries = new Map<string, Inode>()
  #durableEntries = new Map<string, Inode>()
  #failing: Operation | undefined
  #waiting: { readonly operation: Operation; readonly resolve: () => void }[] = []

  constructor(files: Readonly<Record<string, Uint8Array>> = {}) {
    for (const [path, bytes] of Object.entries(files)) {
      this.#entries.set(path, { content: Buffer.from(bytes), durable: Buffer.from(bytes) })
    }
    this.#durableEntries = new Map(this.#entries)
  }

  content(path: string): Buffer {
    return this.#entries.get(path)?.content ?? Buffer.alloc(0)
  }

  durableRecords(path: string): number {
    return decodeLog(path, this.#durableEntries.get(path)?.durable ?? Buffer.alloc(0)).records.length
  }

  failOn(operation: Operation | undefined): void {
    this.#failing = operation
  }

  /** Settles when the operation begins. */
  reached(operation: Operation): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ operation, resolve }))
  }

  crash(): void {
    this.#entries = new Map(this.#durableEntries)
    for (const inode of this.#entries.values()) inode.content = Buffer.from(inode.durable)
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#entries.get(path)?.content
  }

  async open(path: string): Promise<LogFile> {
    const inode = this.#entries.get(path)
    if (inode === undefined) throw new Error(`ENOENT ${path}`)
    return this.#file(inode)
  }

  async create(path: string): Promise<LogFile> {
    await this.#begin('create')
    const inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.#entries.set(path, inode)
    return this.#file(inode)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename')
    const inode = this.#entries.get(from)
    if (inode === undefined) throw new Error(`ENOENT ${from}`)
    this.#entries.delete(from)
    this.#entries.set(to, inode)
  }

  async syncFolderOf(): Promise<void> {
    await this.#begin('syncFolderOf')
    this.#durableEntries = new Map(this.#entries)
  }

  async #begin(operation: Operation): Promise<void> {
    this.operations.push(operation)
    for (const { resolve } of this.#waiting.filter((waiting) => waiting.operation === operation)) resolve()
    this.#waiting = this.#waiting.filter((waiting) => waiting.operation !== operation)
    await new Promise(setImmediate)
    if (this.#failing === operation) throw Object.assign(new Error(`EIO: ${operation}`), { code: 'EIO' })
  }

  #file(inode: Inode): LogFile {
    return {
      write: async (bytes, position) => {
        await this.#begin('write')
        const content = Buffer.alloc(Math.max(inode.content.length, position + bytes.length))
        inode.content.copy(content)
        content.set(bytes, position)
        inode.content = content
      },
      truncate: async (length) => {
        await this.#begin('truncate')
        inode.content = Buffer.from(inode.content.subarray(0, length))
      },
      datasync: async () => {
        await this.#begin('datasync')
        inode.durable = Buffer.from(inode.content)
      },
      close: async () => {},
    }
  }
}
