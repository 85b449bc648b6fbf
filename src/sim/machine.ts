import type { Random } from '../base/random.js'
import type { Ledger } from '../ports.js'
import type { Replica, ReplicaContext } from '../replica/index.js'
import type { ReplicaId } from '../types/index.js'
import type { Adversary } from './adversary/adversary.js'
import { type DatabaseCopy, SimDatabase } from './database.js'
import { type DiskCopy, SimDisk } from './disk.js'
import type { SimKeyRing } from './key-ring.js'
import type { Address } from './network.js'
import type { SimProcess } from './process.js'

/** A replica that runs. */
export interface Running {
  readonly process: SimProcess
  readonly replica: Replica
  readonly ledger: Ledger
  readonly context: ReplicaContext
}

/** A computer with its disk, and the replica that it is for. It outlives the processes that run on it. */
export interface Machine {
  readonly address: Address
  readonly id: ReplicaId
  /** Index of the organization that it runs for. */
  readonly organization: number
  readonly disk: SimDisk
  readonly database: SimDatabase
  readonly keys: SimKeyRing
  /** Start counter of its key. It lies beside the key, so a lost disk leaves it. */
  starts: number
  /** The same as the disk tells it. Where it is behind, the disk is lost or old, and with it the votes. */
  startsOnDisk: number
  /** How wrong its wall clock is, ms. */
  clockErrorMs: number
  process: SimProcess | undefined
  running: Running | undefined
  /** Its disk lost what it had promised to keep: it counts as one of the f that may fail. */
  faulty: boolean
  /** A second machine has its key, or its disk is old and does not tell so: nothing that it holds or says counts. */
  byzantine: boolean
  /** It may contradict what it said earlier. */
  forgetful: boolean
  /** It is Byzantine: it says what this makes of what its replica would say. */
  adversary: Adversary | undefined
  /** Its disk was emptied or is old; it counts as faulty until it is level again. */
  recovering: boolean
  /** It stays down for good. */
  gone: boolean
  /** Why it went down by itself, since its last start. */
  halt: string | undefined
}

/** What a machine's disk held at some instant. */
export interface Backup {
  readonly disk: DiskCopy
  readonly database: DatabaseCopy
  readonly starts: number
}

/** A machine that is down, with an empty disk. */
export function newMachine(
  random: Random,
  { address, id, organization, keys }: Pick<Machine, 'address' | 'id' | 'organization' | 'keys'>,
): Machine {
  const disk = new SimDisk(random)
  return {
    address,
    id,
    organization,
    disk,
    database: new SimDatabase(disk, random),
    keys,
    starts: 0,
    startsOnDisk: 0,
    clockErrorMs: 0,
    process: undefined,
    running: undefined,
    faulty: false,
    byzantine: false,
    forgetful: false,
    adversary: undefined,
    recovering: false,
    gone: false,
    halt: undefined,
  }
}

/** Whether what it says and holds counts for nothing. */
export const isByzantine = ({ byzantine, adversary }: Machine): boolean => byzantine || adversary !== undefined

export const backupOf = ({ disk, database, startsOnDisk }: Machine): Backup => ({
  disk: disk.copy(),
  database: database.copy(),
  starts: startsOnDisk,
})

/** Codes with which a replica may stop on its own: when its disk failed, and when the disk lost what it had promised to keep. */
const HALTS_OF_FAILING_DISK = ['wal/broken', 'ledger/write-failed', 'EIO']
const HALTS_OF_DAMAGED_DISK = ['wal/corrupt', 'ledger/corrupt', 'ledger/state-damaged']

/** Whether a replica may stop by itself with this code. Only damage to its disk, or being no honest one, is a reason. */
export function mayHalt(machine: Machine, code: string): boolean {
  if (machine.byzantine || machine.forgetful) return true
  if (HALTS_OF_DAMAGED_DISK.includes(code)) return machine.faulty
  return HALTS_OF_FAILING_DISK.includes(code) && machine.disk.failed
}
