import { EtalonError } from '../base/errors.js'

const REMEDY =
  'Run `etalon ledger verify` to see the extent of the damage. Stop the node, remove the folders `ledger` and `wal` of its data ' +
  'folder (keep the keys) and start it: it catches up from its peers, and votes again once no earlier vote of its can matter. ' +
  'Suspect the disk.'

/** Damage to stored data, found before it was used. */
export function corrupt(what: string, cause?: unknown): EtalonError {
  return new EtalonError(
    'ledger/corrupt',
    `The ledger is damaged: ${what}`,
    REMEDY,
    cause === undefined ? {} : { cause },
  )
}
