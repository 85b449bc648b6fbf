import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { EtalonError } from '../base/errors.js'
import { parseGenesis } from '../codec/genesis.js'
import type { Genesis } from '../types/index.js'

/**
 * Reads a file that the command line names.
 * @throws EtalonError `cli/unreadable`
 */
export function readTextFile(path: string): string {
  return readBinaryFile(path).toString('utf8')
}

/** As above, the bytes as they are. */
export function readBinaryFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : `${code}`
    throw new EtalonError('cli/unreadable', `cannot read ${path}: ${why}`, 'check the path and the permissions', {
      cause: error,
    })
  }
}

/** @throws EtalonError `cli/unreadable`, `genesis/invalid` */
export function readGenesisFile(path: string): Genesis {
  return parseGenesis(readTextFile(path))
}

/** Writes a new file, never over an existing one. @throws EtalonError `cli/exists` */
export function writeNewFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path)
    throw error
  }
}

/** Refuses before anything is made, so that a command does all or nothing. @throws EtalonError `cli/exists` */
export function refuseExisting(...paths: readonly (string | undefined)[]): void {
  const path = paths.find((candidate) => candidate !== undefined && existsSync(candidate))
  if (path !== undefined) throw exists(path)
}

function exists(path: string): EtalonError {
  return new EtalonError('cli/exists', `${path} exists`, 'name another file; existing ones are never overwritten')
}
