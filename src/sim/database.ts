import type { Random } from '../base/random.js'
import type { Database } from '../ledger/index.js'
import type { SimDisk } from './disk.js'
import type { SimProcess } from './process.js'

type Rows = ReadonlyMap<string, Buffer | undefined>

interface Range {
  readonly gte?: Buffer
  readonly gt?: Buffer
  readonly lt?: Buffer
  readonly lte?: Buffer
  readonly reverse?: boolean
  readonly limit?: number
  readonly snapshot?: Snapshot
}

/** Rows as they were, for those that changed since. */
interface Snapshot {
  readonly before: Map<string, Buffer | undefined>
  close(): Promise<void>
}

const nameOf = (key: Buffer): string => key.toString('latin1')
const keyOf = (name: string): Buffer => Buffer.from(name, 'latin1')

/** A write since the oldest one that a loss of power could take, with what stood there before. */
interface Written {
  readonly rows: Rows
  readonly before: Rows
  /** Number of the log file that it went to. */
  readonly file: number
  durable: boolean
}

/** What a database held once. */
export type DatabaseCopy = ReadonlyMap<string, Buffer>

/** Share of writes with which the log file is full and the next one begins; with real sizes it takes thousands. */
const FULL_CHANCE = 0.1
/** Share of writes after which the table of the full file is on disk. */
const TABLE_CHANCE = 0.2
/** Share of losses of power in which a damaged piece in the middle of a log file is skipped, so that what follows it stays. */
const SKIP_CHANCE = 0.3

/**
 * The database of one replica's ledger, which outlives its processes. It keeps LevelDB's promises and no more: a batch is whole or absent, and
 * one written with `sync` is there after a loss of power. Of the others any may be lost, **older ones than a synced one too**: LevelDB syncs its
 * current log file only, and the one before is closed without a sync (google/leveldb#193).
 */
export class SimDatabase {
  readonly #disk: SimDisk
  readonly #random: Random
  #rows = new Map<string, Buffer>()
  readonly #snapshots = new Set<Snapshot>()
  /** Oldest first; the first of them is not durable. */
  #written: Written[] = []
  #file = 0
  /** A synced write that is under way. */
  #underWay: Rows | undefined

  constructor(disk: SimDisk, random: Random) {
    this.#disk = disk
    this.#random = random
  }

  get size(): number {
    return this.#rows.size
  }

  /** The database as one process sees it: the part of abstract-level that the ledger uses. */
  mount(process: SimProcess): Database {
    const database = {
      open: async () => undefined,
      close: async () => undefined,
      getSync: (key: Buffer, options?: { readonly snapshot?: Snapshot }) => this.#get(key, options?.snapshot),
      getMany: async (keys: readonly Buffer[], options?: { readonly snapshot?: Snapshot }) =>
        keys.map((key) => this.#get(key, options?.snapshot)),
      put: (key: Buffer, value: Buffer) => this.#write(process, new Map([[nameOf(key), value]]), false),
      batch: () => this.#batch(process),
      snapshot: () => this.#snapshot(),
      iterator: (range: Range = {}) =>
        cursor(this.#select(range).map((name) => [keyOf(name), this.#at(name, range.snapshot) as Buffer])),
      clear: (range: Range = {}) => {
        const rows = this.#select(range).map((name) => [name, undefined] as const)
        return this.#write(process, new Map(rows), false)
      },
      keys: (range: Range = {}) => cursor(this.#select(range).map(keyOf)),
    }
    return database as unknown as Database
  }

  #get(key: Buffer, snapshot?: Snapshot): Buffer | undefined {
    return this.#at(nameOf(key), snapshot)
  }

  #at(name: string, snapshot?: Snapshot): Buffer | undefined {
    return snapshot?.before.has(name) ? snapshot.before.get(name) : this.#rows.get(name)
  }

  #select({ gte, gt, lt, lte, reverse = false, limit = Number.POSITIVE_INFINITY, snapshot }: Range): readonly string[] {
    const [from, above, below, upTo] = [gte, gt, lt, lte].map((key) => key && nameOf(key))
    const names: string[] = []
    const gone = [...(snapshot?.before.keys() ?? [])].filter((name) => !this.#rows.has(name))
    for (const name of [...this.#rows.keys(), ...gone]) {
      if (snapshot !== undefined && this.#at(name, snapshot) === undefined) continue
      const low = (from === undefined || name >= from) && (above === undefined || name > above)
      const high = (below === undefined || name < below) && (upTo === undefined || name <= upTo)
      if (low && high) names.push(name)
    }
    names.sort()
    if (reverse) names.reverse()
    return names.slice(0, limit < 0 ? undefined : limit)
  }

  #batch(process: SimProcess) {
    const rows = new Map<string, Buffer | undefined>()
    const batch = {
      getMany: async (keys: readonly Buffer[], options?: { readonly snapshot?: Snapshot }) =>
        keys.map((key) => this.#get(key, options?.snapshot)),
      put: (key: Buffer, value: Buffer) => {
        rows.set(nameOf(key), value)
        return batch
      },
      del: (key: Buffer) => {
        rows.set(nameOf(key), undefined)
        return batch
      },
      write: (options?: { readonly sync?: boolean }) => this.#write(process, rows, options?.sync === true),
    }
    return batch
  }

  #snapshot(): Snapshot {
    const snapshot: Snapshot = {
      before: new Map(),
      close: async () => {
        this.#snapshots.delete(snapshot)
      },
    }
    this.#snapshots.add(snapshot)
    return snapshot
  }

  async #write(process: SimProcess, rows: Rows, sync: boolean): Promise<void> {
    if (process.dead) return
    this.#disk.begin()
    if (!sync) {
      this.#turnOver()
      this.#written.push({ rows, before: this.#apply(rows), file: this.#file, durable: false })
      return
    }
    this.#underWay = rows
    await this.#disk.sync(process)
    if (process.dead) return
    this.#underWay = undefined
    this.#turnOver()
    const before = this.#apply(rows)
    if (this.#written.length === 0) return
    this.#written.push({ rows, before, file: this.#file, durable: true })
    for (const write of this.#written) if (write.file === this.#file) write.durable = true
    this.#forget()
  }

  /** Now and then a log file is full; some writes later its rows are in a table, and safe. */
  #turnOver(): void {
    if (this.#written.length === 0) return
    const isFull = this.#random.chance(FULL_CHANCE)
    const safeBelow = isFull || this.#random.chance(TABLE_CHANCE) ? this.#file : this.#file - 1
    for (const write of this.#written) if (write.file < safeBelow) write.durable = true
    if (isFull) this.#file += 1
    this.#forget()
  }

  /** What no loss of power can take needs no memory. */
  #forget(): void {
    const first = this.#written.findIndex(({ durable }) => !durable)
    this.#written = first < 0 ? [] : this.#written.slice(first)
  }

  /** Gives what stood there before. */
  #apply(rows: Rows): Rows {
    const before = new Map<string, Buffer | undefined>()
    for (const [name, value] of rows) {
      const old = this.#rows.get(name)
      before.set(name, old)
      for (const snapshot of this.#snapshots) if (!snapshot.before.has(name)) snapshot.before.set(name, old)
      if (value === undefined) this.#rows.delete(name)
      else this.#rows.set(name, value)
    }
    return before
  }

  /** The process ended. What it had handed over to the system stays; a write under way may have been. */
  processDied(): void {
    this.#snapshots.clear()
    if (this.#underWay !== undefined && this.#random.chance(0.5)) this.#apply(this.#underWay)
    this.#underWay = undefined
  }

  /** Of the writes without sync that a file holds the oldest are on disk, or those beside a damaged piece. */
  losePower(): void {
    const written = this.#written
    const kept = this.#survivors()
    for (const { before } of [...written].reverse()) this.#apply(before)
    for (const { rows } of kept) this.#apply(rows)
    // A write under way comes after all others of its file: it is on disk only when they are.
    if (written.some((write) => write.file === this.#file && !kept.includes(write))) this.#underWay = undefined
    this.#written = []
    this.processDied()
  }

  #survivors(): readonly Written[] {
    const kept: Written[] = []
    for (const file of new Set(this.#written.map((write) => write.file))) {
      const own = this.#written.filter((write) => write.file === file)
      const skips = this.#random.chance(SKIP_CHANCE)
      const end = this.#random.below(own.length + 1)
      kept.push(...own.filter(({ durable }, at) => durable || (skips ? this.#random.chance(0.5) : at < end)))
    }
    return kept
  }

  /** What a reader finds now. */
  copy(): DatabaseCopy {
    return new Map(this.#rows)
  }

  /** Puts a copy in the place of all that is here. */
  restore(copy: DatabaseCopy): void {
    this.clear()
    this.#rows = new Map(copy)
  }

  /** Rot: one bit of one row turns over. Gives the row's key space. */
  flipBit(): string {
    const names = [...this.#rows.keys()]
    const name = names[this.#random.below(names.length)]
    const row = name === undefined ? undefined : this.#rows.get(name)
    if (name === undefined || row === undefined || row.length === 0) return ''
    const damaged = Buffer.from(row)
    const at = this.#random.below(damaged.length)
    damaged[at] = (damaged[at] as number) ^ (1 << this.#random.below(8))
    this.#rows.set(name, damaged)
    return name.slice(0, 1)
  }

  /** An operator empties the folder. */
  clear(): void {
    this.#rows.clear()
    this.#written = []
    this.#underWay = undefined
  }
}

/** What abstract-level's iterators give, of items that are known already. */
function cursor<T>(items: readonly T[]) {
  let next = 0
  return {
    next: async (): Promise<T | undefined> => items[next++],
    nextv: async (count: number): Promise<readonly T[]> => {
      next += count
      return items.slice(next - count, next)
    },
    all: async (): Promise<readonly T[]> => items.slice(next),
    close: async (): Promise<void> => undefined,
    async *[Symbol.asyncIterator](): AsyncGenerator<T> {
      yield* items
    },
  }
}
