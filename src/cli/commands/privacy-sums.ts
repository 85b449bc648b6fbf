import { createPrivateKey, generatePrimeSync, type KeyObject, sign } from 'node:crypto'
import { EtalonError } from '../../base/errors.js'
import { contributionStatement, encryptReading, openProduct, paillierPublicPart } from '../../client/index.js'
import { type CohortRecord, type PaillierKeyRecord, privacyKeys } from '../../contracts/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { fromDigits, modulusProblem, PAILLIER_BITS, type PaillierSecret, verifyOpening } from '../../crypto/paillier.js'
import { readSecretFile, readSecretText, writeSecretFile } from '../../node/keystore.js'
import type { NetworkOptions } from '../network.js'
import { EXIT, printResult, readInteger, say } from '../output.js'
import { quantityText } from '../quantity-text.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'

const FORMAT = 'etalon-paillier-1'

export function keygen(options: { readonly out: string; readonly json?: boolean }): number {
  const secret = makeSecret()
  writeSecretFile(options.out, { format: FORMAT, p: secret.p.toString(16), q: secret.q.toString(16) })
  const { n } = paillierPublicPart(nativeSuite.sha256, secret)
  printResult(options.json, { file: options.out, n }, `secret key in ${options.out}\nN ${n}`)
  say('keep the file secret: who has it can decrypt every single reading that is encrypted to the key')
  return EXIT.ok
}

/** Two primes whose product has its full length. */
function makeSecret(): PaillierSecret {
  const prime = (): bigint => generatePrimeSync(PAILLIER_BITS / 2, { bigint: true })
  for (;;) {
    const secret = { p: prime(), q: prime() }
    if (secret.p !== secret.q && modulusProblem(secret.p * secret.q) === undefined) return secret
  }
}

function readSecret(path: string): PaillierSecret {
  const { format, p, q } = (readSecretFile(path) ?? {}) as Readonly<Record<string, unknown>>
  const isNumber = (it: unknown): it is string => typeof it === 'string' && /^[0-9a-f]{1,512}$/.test(it)
  if (format === FORMAT && isNumber(p) && isNumber(q)) return { p: fromDigits(p), q: fromDigits(q) }
  throw new EtalonError(
    'keys/invalid',
    `${path} is not a secret key of Paillier`,
    'make one with `etalon privacy keygen`',
  )
}

export async function registerKey(key: string, options: SubmitOptions & { readonly secret: string }): Promise<number> {
  const part = paillierPublicPart(nativeSuite.sha256, readSecret(options.secret))
  return await submitCall('privacy', 'registerKey', { key, ...part }, options)
}

async function readCohort(
  options: NetworkOptions,
  name: string,
): Promise<{ readonly cohort: CohortRecord; readonly key: PaillierKeyRecord; readonly height: number }> {
  const { client } = readerOf(options)
  const { value, height } = await client.state(privacyKeys.cohort(name))
  const cohort = value as CohortRecord | undefined
  if (cohort === undefined) {
    throw new EtalonError(
      'sums/unknown-cohort',
      `there is no cohort ${name}`,
      'check the name: `etalon query privacy cohorts`',
    )
  }
  const key = (await client.state(privacyKeys.key(cohort.key))).value as PaillierKeyRecord
  return { cohort, key, height }
}

export async function contribute(
  name: string,
  meter: string,
  valueText: string,
  options: SubmitOptions & { readonly meterKey: string },
): Promise<number> {
  const { cohort, key } = await readCohort(options, name)
  const value = readInteger('the reading', valueText, 0, cohort.valueMax)
  const privateKey = readMeterKey(options.meterKey)
  const ciphertext = encryptReading(key.n, value)
  const text = contributionStatement(name, meter, ciphertext)
  const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64')
  return await submitCall('privacy', 'contribute', { cohort: name, meter, ciphertext, signature }, options)
}

function readMeterKey(path: string): KeyObject {
  try {
    return createPrivateKey(readSecretText(path))
  } catch (cause) {
    if (cause instanceof EtalonError) throw cause
    throw new EtalonError('keys/invalid', `${path} is not a private key in PEM`, 'name the key of the meter', { cause })
  }
}

export async function open(name: string, options: SubmitOptions & { readonly secret: string }): Promise<number> {
  const { cohort } = await readCohort(options, name)
  const opening = openProduct(readSecret(options.secret), cohort.product)
  return await submitCall('privacy', 'openCohort', { cohort: name, ...opening }, options)
}

export async function verifySum(name: string, options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const { cohort, key, height } = await readCohort(options, name)
  const { opened, contributions, unit, product } = cohort
  const holds =
    opened !== null &&
    verifyOpening(fromDigits(key.n), fromDigits(product), BigInt(opened.sum), fromDigits(opened.randomness))
  const sum = opened?.sum ?? null
  const text =
    sum === null ? 'no sum is published' : `${quantityText({ value: sum, unit })}, of ${contributions} meters`
  printResult(options.json, { cohort: name, holds, sum, unit, contributions, height }, text)
  if (sum !== null)
    say(`as of height ${height}; ${holds ? 'it is what the ciphertexts hold' : 'the ciphertexts do NOT hold it'}`)
  return holds ? EXIT.ok : EXIT.failed
}
