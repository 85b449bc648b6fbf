import type { Random } from '../base/random.js'
import type { LogFile, LogFileSystem } from '../ledger/index.js'
import type { SimProcess } from './process.js'

/** What a machine's disk does, for the log and the ledger alike. Faults change it. */
export interface DiskHealth {
  /** A sync takes so long, ms, and up to `jitterMs` longer. */
  syncMs: number
  jitterMs: number
  /** Every write fails. */
  failing: boolean
}

export const GOOD_DISK: DiskHealth = { syncMs: 1, jitterMs: 1, failing: false }

/**
 * Where a write of the log stands: its new file was made, written, synced, moved to its place, and is there for good. A `datasync` alone is
 * that of a file in its place.
 */
export type DiskStep = 'created' | 'written' | 'new-synced' | 'renamed' | 'replaced' | 'datasync'

/** The ending of a file that is written beside its place. */
const NEW_FILE = '.new'

/** A disk reaches its platters in pieces of this, bytes: a write can be torn between any two. */
const SECTOR_BYTES = 512

/** A write that no sync has covered yet, with what stood there before. */
interface Unsynced {
  readonly at: number
  readonly bytes: Uint8Array
  readonly before: Uint8Array
  readonly lengthBefore: number
}

/** A file: what its readers see, and which part of that a loss of power may take. */
class Inode {
  #content = Buffer.alloc(4_096)
  #length = 0
  #unsynced: Unsynced[] = []

  get bytes(): Buffer {
    return this.#content.subarray(0, this.#length)
  }

  write(bytes: Uint8Array, at: number): void {
    const before = new Uint8Array(this.bytes.subarray(at, at + bytes.length))
    this.#unsynced.push({ at, bytes: new Uint8Array(bytes), before, lengthBefore: this.#length })
    this.#put(bytes, at)
  }

  truncate(length: number): void {
    const before = new Uint8Array(this.bytes.subarray(length))
    this.#unsynced.push({ at: length, bytes: new Uint8Array(), before, lengthBefore: this.#length })
    this.#length = length
  }

  sync(): void {
    this.#unsynced = []
  }

  /** The same content in another file, all of it on disk. */
  copy(): Inode {
    const copy = new Inode()
    copy.#put(this.bytes, 0)
    return copy
  }

  #put(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length
    if (end > this.#content.length) {
      const grown = Buffer.alloc(Math.max(end, this.#content.length * 2))
      this.bytes.copy(grown)
      this.#content = grown
    }
    if (at > this.#length) this.#content.fill(0, this.#length, at)
    this.#content.set(bytes, at)
    this.#length = Math.max(this.#length, end)
  }

  /** Of what was not synced, some sectors are on disk and others not, in any order; some hold rubbish. */
  losePower(random: Random): void {
    const lost = this.#unsynced
    this.#unsynced = []
    for (const { at, before, lengthBefore } of [...lost].reverse()) {
      this.#length = lengthBefore
      this.#content.set(before, at)
    }
    for (const write of lost) {
      if (random.chance(0.4)) continue
      if (write.bytes.length === 0) this.#length = Math.min(this.#length, write.at)
      else this.#tear(write, random)
    }
  }

  #tear({ at, bytes }: Unsynced, random: Random): void {
    const whole = random.chance(0.3)
    const end = whole ? bytes.length : random.below(bytes.length + 1)
    const holes = !whole && random.chance(0.3)
    const kept = new Uint8Array(bytes.subarray(0, end))
    for (let sector = at - (at % SECTOR_BYTES); holes && sector < at + end; sector += SECTOR_BYTES) {
      if (random.chance(0.5)) kept.fill(0, Math.max(0, sector - at), Math.min(end, sector - at + SECTOR_BYTES))
    }
    if (end > 0 && random.chance(0.1)) {
      const flipped = random.below(end)
      kept[flipped] = (kept[flipped] as number) ^ (1 << random.below(8))
    }
    this.#put(kept, at)
  }

  /** Rot: one bit of what is on disk turns over. */
  flipBit(random: Random, at = random.below(this.#length)): void {
    if (at >= this.#length) return
    this.#content[at] = (this.#content[at] as number) ^ (1 << random.below(8))
  }
}

/** What a disk held once. */
export type DiskCopy = ReadonlyMap<string, Inode>

/** The folder of one replica's write-ahead log, which outlives its processes. */
export class SimDisk {
  readonly health: DiskHealth = { ...GOOD_DISK }
  /** A write failed since the last start of a process. */
  failed = false
  /** Told of every step of a process that writes here; a fault may end the process within it. */
  onStep: (step: DiskStep) => void = () => undefined
  readonly #random: Random
  #entries = new Map<string, Inode>()
  #durableEntries = new Map<string, Inode>()

  constructor(random: Random) {
    this.#random = random
  }

  /** The disk as one process sees it. */
  mount(process: SimProcess): LogFileSystem {
    return {
      read: async (path) => {
        const inode = this.#entries.get(path)
        return inode === undefined ? undefined : new Uint8Array(inode.bytes)
      },
      open: async (path) => {
        const inode = this.#entries.get(path)
        if (inode === undefined) throw new Error(`ENOENT: ${path}`)
        return this.#file(inode, process, false)
      },
      create: async (path) => {
        this.begin()
        const inode = new Inode()
        if (!process.dead) this.#entries.set(path, inode)
        this.onStep('created')
        return this.#file(inode, process, path.endsWith(NEW_FILE))
      },
      rename: async (from, to) => {
        this.begin()
        if (process.dead) return
        const inode = this.#entries.get(from)
        if (inode === undefined) throw new Error(`ENOENT: ${from}`)
        this.#entries.delete(from)
        this.#entries.set(to, inode)
        this.onStep('renamed')
      },
      syncFolderOf: async () => {
        await this.sync(process)
        if (process.dead) return
        this.#durableEntries = new Map(this.#entries)
        this.onStep('replaced')
      },
    }
  }

  #file(inode: Inode, process: SimProcess, isNew: boolean): LogFile {
    const alive = (action: () => void, step?: DiskStep): void => {
      if (process.dead) return
      action()
      if (step !== undefined) this.onStep(step)
    }
    return {
      write: async (bytes, position) => {
        this.begin()
        alive(() => inode.write(bytes, position), isNew ? 'written' : undefined)
      },
      truncate: async (length) => {
        this.begin()
        alive(() => inode.truncate(length))
      },
      datasync: async () => {
        await this.sync(process)
        alive(() => inode.sync(), isNew ? 'new-synced' : 'datasync')
      },
      close: async () => undefined,
    }
  }

  /** Settles when the disk has synced; never, when the process dies before. */
  async sync(process: SimProcess): Promise<void> {
    this.begin()
    const { syncMs, jitterMs } = this.health
    await process.delay(syncMs + (jitterMs > 0 ? this.#random.below(jitterMs + 1) : 0))
    this.begin()
  }

  /** Every write begins here. */
  begin(): void {
    if (!this.health.failing) return
    this.failed = true
    throw Object.assign(new Error('EIO: the disk failed'), { code: 'EIO' })
  }

  losePower(): void {
    this.#entries = new Map(this.#durableEntries)
    for (const inode of this.#entries.values()) inode.losePower(this.#random)
  }

  /** Rot in one file, anywhere unless a place is given. */
  flipBit(path: string, at?: number): void {
    this.#entries.get(path)?.flipBit(this.#random, at)
  }

  /** What a reader finds now. */
  copy(): DiskCopy {
    return new Map([...this.#entries].map(([path, inode]) => [path, inode.copy()]))
  }

  /** Puts a copy in the place of all that is here. */
  restore(copy: DiskCopy): void {
    this.#entries = new Map([...copy].map(([path, inode]) => [path, inode.copy()]))
    this.#durableEntries = new Map(this.#entries)
  }

  /** Everything is gone. */
  clear(): void {
    this.#entries.clear()
    this.#durableEntries.clear()
  }
}
