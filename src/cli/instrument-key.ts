import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { toBase64 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { isProblem } from '../formats/problem.js'
import { type KeyCurve, type PublicKey, parsePublicKey } from '../formats/public-key.js'
import { ownScheme } from '../formats/signed-record.js'
import { readSecretText } from '../node/keystore.js'
import { readTextFile } from './files.js'

/** The private key of an instrument, from a PEM file of OpenSSL. For tests and pilots: in the field it does not leave the instrument. */
export interface InstrumentSigner {
  readonly publicKey: PublicKey
  /** Base64; of ECDSA in DER, with the hash that etalon's own formats have for the curve. */
  signText(text: string): string
}

/** @throws EtalonError `keys/unreadable`, `keys/too-open`, `keys/invalid` */
export function readInstrumentSigner(path: string): InstrumentSigner {
  const key = privateKeyOf(path, readSecretText(path))
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const publicKey = parsePublicKey(spki.toString('hex'))
  if (isProblem(publicKey)) throw invalid(path, publicKey.problem)
  const hash = ownScheme(publicKey.curve)?.hash ?? null
  return { publicKey, signText: (text) => toBase64(new Uint8Array(sign(hash, Buffer.from(text, 'utf8'), key))) }
}

function privateKeyOf(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw invalid(path, `it holds no private key in PEM (${(error as Error).message})`)
  }
}

/** A public key in any form, from a file. @throws EtalonError `cli/unreadable`, `keys/invalid` */
export function readInstrumentPublicKey(path: string, curve: KeyCurve | undefined): PublicKey {
  const key = parsePublicKey(readTextFile(path), curve)
  if (isProblem(key)) throw invalid(path, key.problem)
  return key
}

function invalid(path: string, problem: string): EtalonError {
  const remedy = 'give a PEM file as OpenSSL writes it, on one of the curves that docs/contracts/pki.md lists'
  return new EtalonError('keys/invalid', `${path}: ${problem}`, remedy)
}
