import { toHex } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import {
  type Disclosure,
  discloseFields,
  generateRecipientKey,
  LightClient,
  type OpenedDocument,
  openEnvelope,
  type Recipient,
  sealDocument,
  verifyDisclosure,
} from '../../client/index.js'
import { type DocumentRecord, privacyKeys, type RecipientRecord } from '../../contracts/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { readSecretFile, writeSecretFile } from '../../node/keystore.js'
import { readArguments } from '../arguments.js'
import { readTextFile, refuseExisting, writeNewFile } from '../files.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say, usage } from '../output.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { columns } from '../table.js'

const FORMAT = 'etalon-recipient-1'

interface SecretOption {
  readonly secret: string
}

export async function recipient(options: SubmitOptions & SecretOption): Promise<number> {
  refuseExisting(options.secret)
  const { secretKey, publicKey } = generateRecipientKey()
  writeSecretFile(options.secret, { format: FORMAT, secretKey, publicKey })
  say(`secret key in ${options.secret}; who has it reads what is sealed to this member`)
  return await submitCall('privacy', 'registerRecipient', { publicKey }, options)
}

function readSecret(path: string): string {
  const { format, secretKey } = (readSecretFile(path) ?? {}) as Readonly<Record<string, unknown>>
  if (format === FORMAT && typeof secretKey === 'string') return secretKey
  throw new EtalonError(
    'keys/invalid',
    `${path} is not the key of a recipient`,
    'make one with `etalon privacy recipient`',
  )
}

interface SealOptions extends SubmitOptions {
  readonly envelope: string
  readonly to?: readonly string[]
  readonly onLedger?: boolean
}

export async function seal(document: string, fieldsText: string, options: SealOptions): Promise<number> {
  refuseExisting(options.envelope, options.out)
  const fields = Object.entries(readArguments(fieldsText)).map(([name, value]) => {
    if (typeof value === 'string') return { name, value }
    throw usage(`the field ${name} is not a text`, 'give an object whose values are all texts')
  })
  if (fields.length === 0) throw usage('there are no fields', 'give an object such as {"error":"0.05"}')
  const { client } = readerOf(options)
  const recipients: Recipient[] = []
  for (const name of options.to ?? []) {
    const [organization = '', member = ''] = name.split('/')
    const { value } = await client.state(privacyKeys.recipient(organization, member))
    if (value === undefined) {
      throw new EtalonError(
        'confidential/unknown-recipient',
        `${name} has registered no key`,
        'have it run `etalon privacy recipient`',
      )
    }
    recipients.push(value as RecipientRecord)
  }
  const place = { networkId: toHex(client.light.networkId), document }
  const { envelope, commitment, ciphertext } = sealDocument(place, fields, recipients)
  // before the ledger knows of it: a commitment without its envelope could not be opened by anyone
  writeNewFile(options.envelope, envelope)
  say(`envelope written to ${options.envelope}; give it to the recipients`)
  const args = { ...commitment, ...(options.onLedger === true ? { ciphertext } : {}) }
  return await submitCall('privacy', 'publish', args, options)
}

function openFile(path: string, networkId: Uint8Array, secret: string): OpenedDocument {
  return openEnvelope(toHex(networkId), readTextFile(path), readSecret(secret))
}

export async function unseal(
  envelope: string,
  options: NetworkOptions & SecretOption & { readonly json?: boolean },
): Promise<number> {
  const { client } = readerOf(options)
  const { document, root, ciphertextHash, fields } = openFile(envelope, client.light.networkId, options.secret)
  const record = (await client.state(privacyKeys.document(document))).value as DocumentRecord | undefined
  const published = record !== undefined && record.root === root && record.ciphertextHash === ciphertextHash
  const shown = fields.map(({ name, value }) => ({ name, value }))
  printResult(
    options.json,
    { document, published, fields: shown },
    columns(shown.map(({ name, value }) => [name, value])),
  )
  say(
    published
      ? `as ${record.organization}/${record.member} published it`
      : 'this is NOT what is on the ledger under this name',
  )
  return published ? EXIT.ok : EXIT.failed
}

export function disclose(
  envelope: string,
  options: NetworkOptions &
    SecretOption & { readonly out: string; readonly field?: readonly string[]; readonly json?: boolean },
): number {
  refuseExisting(options.out)
  const { networkId } = new LightClient(genesisOf(options), nativeSuite)
  const opened = openFile(envelope, networkId, options.secret)
  const names = options.field ?? []
  const unknown = names.find((name) => opened.fields.every((field) => field.name !== name))
  if (names.length === 0 || unknown !== undefined) {
    throw usage(
      unknown === undefined ? 'no field is named' : `there is no field ${unknown}`,
      `give --field; there are ${opened.fields.map(({ name }) => name).join(', ')}`,
    )
  }
  writeNewFile(options.out, `${JSON.stringify(discloseFields(opened, names), undefined, 2)}\n`)
  printResult(options.json, { file: options.out, fields: names }, `${names.join(', ')} disclosed in ${options.out}`)
  return EXIT.ok
}

export async function verify(file: string, options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const disclosure = readDisclosure(file)
  const { client } = readerOf(options)
  const { value, height } = await client.state(privacyKeys.document(disclosure.document))
  const record = value as DocumentRecord | undefined
  if (record === undefined || !verifyDisclosure(record, disclosure)) {
    const message = `these are not fields of ${disclosure.document} as it was published`
    throw new EtalonError('confidential/not-proven', message, 'do not rely on them')
  }
  const fields = disclosure.fields.map(({ name, value: text }) => ({ name, value: text }))
  const { organization, member, document } = record
  printResult(
    options.json,
    { document, organization, member, fields, height },
    columns(fields.map(({ name, value: text }) => [name, text])),
  )
  say(`fields of ${document}, published by ${organization}/${member}, proven`)
  return EXIT.ok
}

function readDisclosure(file: string): Disclosure {
  const remedy = 'name a file of `etalon privacy disclose`'
  try {
    const disclosure = JSON.parse(readTextFile(file)) as Disclosure
    const { format, document, fields } = disclosure
    const whole = fields.every((field) => {
      const texts = [field.name, field.value, field.salt].every((it) => typeof it === 'string')
      return texts && typeof field.index === 'number' && field.path.every((it) => typeof it === 'string')
    })
    if (format === 'etalon-disclosure-1' && typeof document === 'string' && whole) return disclosure
  } catch (error) {
    if (error instanceof EtalonError) throw error
  }
  throw new EtalonError('confidential/not-a-disclosure', `${file} is not a disclosure`, remedy)
}
