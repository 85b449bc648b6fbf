import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { fromHex, toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'

/** The secrets of a replica: what it signs votes with, and what its peers know it by on the network. */
export interface ReplicaKeys {
  /** Ed25519 seeds, 32 bytes each, oldest first: of the view in force, of views to come, and the next one to announce. */
  readonly consensusSeeds: readonly Uint8Array[]
  /** How many were erased because their views had ended. */
  readonly erased: number
  /** Ed25519 seed of the libp2p key, 32 bytes. */
  readonly transportSeed: Uint8Array
}

/** Consensus keys that a key file holds besides the oldest one. */
const CONSENSUS_KEYS_MAX = 64

const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const check = Compile(
  Type.Object(
    {
      format: Type.Literal('etalon-keys-1'),
      consensusSeed: Hex32,
      laterConsensusSeeds: Type.Optional(Type.Array(Hex32, { maxItems: CONSENSUS_KEYS_MAX })),
      transportSeed: Hex32,
      erased: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    { additionalProperties: false },
  ),
)

export function generateReplicaKeys(): ReplicaKeys {
  return { consensusSeeds: [randomBytes(32)], erased: 0, transportSeed: randomBytes(32) }
}

/** Writes a key file that only its owner may read. */
export function writeReplicaKeys(path: string, keys: ReplicaKeys): void {
  writeSecretFile(path, keyDocument(keys))
}

/** Puts a key file in the place of the old one, durably: what the old one held besides is gone. */
export function replaceReplicaKeys(path: string, keys: ReplicaKeys): void {
  replaceFile(path, `${JSON.stringify(keyDocument(keys), undefined, 2)}\n`)
}

function keyDocument({ consensusSeeds, transportSeed, erased }: ReplicaKeys) {
  const [first, ...later] = consensusSeeds.map(toHex)
  return {
    format: 'etalon-keys-1',
    consensusSeed: first,
    ...(later.length === 0 ? {} : { laterConsensusSeeds: later }),
    transportSeed: toHex(transportSeed),
    ...(erased === 0 ? {} : { erased }),
  }
}

/** Writes a file of mode 0600 in the place of another one, atomically and synced. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text, { mode: 0o600, flush: true })
  renameSync(temporary, path)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** Writes JSON with mode 0600; never over an existing file. @throws EtalonError `keys/exists` */
export function writeSecretFile(path: string, document: unknown): void {
  writeSecretText(path, `${JSON.stringify(document, undefined, 2)}\n`)
}

/** Writes a text with mode 0600; never over an existing file. @throws EtalonError `keys/exists` */
export function writeSecretText(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const remedy = 'name another file; a secret is never overwritten, since nothing brings it back'
    throw new EtalonError('keys/exists', `${path} exists`, remedy, { cause: error })
  }
  chmodSync(path, 0o600)
}

/**
 * Reads a key file.
 * @throws EtalonError `keys/unreadable`, `keys/invalid`, `keys/too-open` (others on this machine may read it)
 */
export function readReplicaKeys(path: string): ReplicaKeys {
  const document = readSecretFile(path)
  if (!check.Check(document)) {
    throw new EtalonError('keys/invalid', `${path} is not a replica's key file`, 'make one with `etalon keys replica`')
  }
  return {
    consensusSeeds: [document.consensusSeed, ...(document.laterConsensusSeeds ?? [])].map(
      (seed) => fromHex(seed, 32) as Uint8Array,
    ),
    erased: document.erased ?? 0,
    transportSeed: fromHex(document.transportSeed, 32) as Uint8Array,
  }
}

/** Reads JSON of a file that only its owner may read. @throws EtalonError as `readReplicaKeys` */
export function readSecretFile(path: string): unknown {
  const text = readSecretText(path)
  try {
    return JSON.parse(text)
  } catch {
    throw new EtalonError('keys/invalid', `${path} is not JSON`, 'restore the key file from its backup')
  }
}

/** Reads a text that only its owner may read. @throws EtalonError `keys/unreadable`, `keys/too-open` */
export function readSecretText(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new EtalonError('keys/too-open', `${path} can be read by others`, `chmod 600 ${path}`)
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof EtalonError) throw error
    throw new EtalonError('keys/unreadable', `cannot read ${path}`, 'check the path and the permissions', {
      cause: error,
    })
  }
}
