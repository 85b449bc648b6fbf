import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { fromHex, toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'

/** The two secrets of a replica: what it signs votes with, and what its peers know it by on the network. */
export interface ReplicaKeys {
  /** Ed25519 seed, 32 bytes. */
  readonly consensusSeed: Uint8Array
  /** Ed25519 seed of the libp2p key, 32 bytes. */
  readonly transportSeed: Uint8Array
}

const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const check = Compile(
  Type.Object(
    { format: Type.Literal('etalon-keys-1'), consensusSeed: Hex32, transportSeed: Hex32 },
    { additionalProperties: false },
  ),
)

export function generateReplicaKeys(): ReplicaKeys {
  return { consensusSeed: randomBytes(32), transportSeed: randomBytes(32) }
}

/** Writes a key file that only its owner may read. */
export function writeReplicaKeys(path: string, keys: ReplicaKeys): void {
  const document = {
    format: 'etalon-keys-1',
    consensusSeed: toHex(keys.consensusSeed),
    transportSeed: toHex(keys.transportSeed),
  }
  writeSecretFile(path, document)
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
    consensusSeed: fromHex(document.consensusSeed, 32) as Uint8Array,
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
