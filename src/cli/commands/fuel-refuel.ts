import { createPrivateKey, sign } from 'node:crypto'
import { utf8 } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import {
  commitArguments,
  commitReading,
  declarationStatement,
  measuredVolume,
  type RefuelOpening,
  revealArguments,
  type TankLevels,
} from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { readSecretFile, readSecretText, writeSecretFile } from '../../node/keystore.js'
import { readArguments } from '../arguments.js'
import { refuseExisting } from '../files.js'
import { readInteger, say, usage } from '../output.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { submitterOf } from '../submitter.js'

const OPENING_FORMAT = 'etalon-fuel-opening-1'

export interface CommitOptions extends SubmitOptions {
  readonly levels: string
  readonly vehicleKey: string
  readonly opening: string
  readonly moving?: boolean
}

/** Measures, commits, and keeps what opens the commitment in a file that is written before anything is sent. */
export async function commit(vehicle: string, dispenser: string, options: CommitOptions): Promise<number> {
  refuseExisting(options.opening)
  const { identity } = submitterOf({ key: options.vehicleKey })
  if (!('signer' in identity)) throw usage('no key of the vehicle', 'give --vehicle-key FILE')
  const levels = readLevels(options.levels)
  const known = await readerOf(options).client.query('fuel', 'vehicle', { vehicle })
  const measured = measuredVolume(levels, known.tankMicrolitre)
  if (measured === undefined) throw badLevels(options.levels, 'the level did not rise')
  const opening = commitReading(nativeSuite, {
    vehicle,
    dispenser,
    sequence: known.sequence + 1,
    ...measured,
    stationary: options.moving !== true,
  })
  writeSecretFile(options.opening, { format: OPENING_FORMAT, ...opening })
  say(`what opens the commitment is in ${options.opening}; keep it secret until the dispenser has declared`)
  const args = await commitArguments(opening, identity.signer)
  return await submitCall('fuel', 'commit', args, options, () => {
    const { volumeMicrolitre, samples } = opening.reading
    return `${volumeMicrolitre} uL by medians of ${samples} samples, commitment ${opening.commitment}`
  })
}

function readLevels(path: string): TankLevels {
  const { before, after } = readArguments(`@${path}`)
  if (isList(before) && isList(after)) return { before, after }
  throw badLevels(path, 'lists of numbers are expected in before and after')
}

const isList = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((level) => Number.isInteger(level))

function badLevels(path: string, why: string): EtalonError {
  const remedy = 'give {"before": […], "after": […]}, each many levels in ppm of the tank'
  return new EtalonError('cli/bad-arguments', `${path}: ${why}`, remedy)
}

export interface DeclareOptions extends SubmitOptions {
  readonly pulserKey?: string
}

export async function declare(
  dispenser: string,
  commitment: string,
  volume: string,
  options: DeclareOptions,
): Promise<number> {
  const volumeMicrolitre = readInteger('<microlitres>', volume, 0, Number.MAX_SAFE_INTEGER)
  const args = { dispenser, commitment, volumeMicrolitre }
  if (options.pulserKey === undefined) return await submitCall('fuel', 'declare', args, options)
  const text = declarationStatement(dispenser, commitment, volumeMicrolitre)
  const signature = signDer(options.pulserKey, text)
  return await submitCall('fuel', 'declare', { ...args, signature }, options)
}

function signDer(path: string, text: string): string {
  const pem = readSecretText(path)
  try {
    return sign('sha256', utf8(text), createPrivateKey(pem)).toString('base64')
  } catch (error) {
    throw new EtalonError('keys/invalid', `${path} is no private key in PEM`, 'name the key of the pulser', {
      cause: error,
    })
  }
}

export async function reveal(path: string, options: SubmitOptions): Promise<number> {
  const opening = readSecretFile(path) as Partial<RefuelOpening> & { readonly format?: unknown }
  if (opening.format !== OPENING_FORMAT || opening.reading === undefined) {
    throw new EtalonError('cli/bad-arguments', `${path} opens no commitment`, 'name a file of `etalon fuel commit`')
  }
  return await submitCall('fuel', 'reveal', revealArguments(opening as RefuelOpening), options, ({ result }) => {
    const { logRatioPpm, counting } = result as { readonly logRatioPpm: number; readonly counting: string }
    return `ln(vehicle / declared) = ${logRatioPpm} ppm; ${counting}`
  })
}
