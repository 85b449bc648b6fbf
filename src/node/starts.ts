import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EtalonError } from '../base/errors.js'
import type { NodeConfig } from './config.js'
import { replaceFile } from './keystore.js'

/**
 * Whether the data folder is the one that this key voted with last. Starts are counted in the data folder and beside the key
 * file: a folder that was lost, or brought back from a backup, counts fewer.
 */

/** Beside the key file, not in the data folder: it must outlive that. */
const markerOf = (config: NodeConfig): string => `${config.keys}.used`
const counterOf = (config: NodeConfig): string => join(config.data, 'starts')

/**
 * True when votes of the key may be unknown here. The replica then keeps silent until none of them can matter any more.
 * @throws EtalonError `node/votes-lost` where no others could ever tell when that is
 */
export function areVotesLost(config: NodeConfig): boolean {
  const known = existsSync(join(config.data, 'wal')) ? countIn(counterOf(config)) : 0
  if (known >= countIn(markerOf(config))) return false
  if (config.genesisDocument.replicas.length > 1) return true
  throw new EtalonError(
    'node/votes-lost',
    `the key ${config.keys} has voted before, but ${config.data} does not hold its last votes`,
    'restore the data folder as it was when the replica last ran; without it this key must not vote again',
  )
}

/**
 * Called when the data folder is open. The folder counts first: a crash in between leaves it ahead, which is harmless.
 * @returns which start of the key this is, from 1
 */
export function countStart(config: NodeConfig): number {
  const count = Math.max(countIn(counterOf(config)), countIn(markerOf(config))) + 1
  replaceFile(counterOf(config), `${count}\n`)
  replaceFile(markerOf(config), `${count}\nstarts of this key; see docs/errors.md, node/votes-lost\n`)
  return count
}

/** 0 where there is no file. A marker that cannot be read counts as one start. */
function countIn(path: string): number {
  if (!existsSync(path)) return 0
  const count = Number.parseInt(readFileSync(path, 'utf8'), 10)
  return Number.isSafeInteger(count) && count > 0 ? count : 1
}
