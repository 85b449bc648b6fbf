import { EtalonError } from '../base/errors.js'

const REMEDY =
  'Run `etalon ledger verify` to see the extent of the damage. Restore from peers: stop the node, remove the data ' +
  'folder of this replica (keep its keys) and start it again, so that it fetches the state. Suspect the disk.'

/** Damage to stored data, found before it was used. */
export function corrupt(what: string, cause?: unknown): EtalonError {
  return new EtalonError(
    'ledger/corrupt',
    `The ledger is damaged: ${what}`,
    REMEDY,
    cause === undefined ? {} : { cause },
  )
}
