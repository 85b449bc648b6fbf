import { randomBytes } from 'node:crypto'
import { toHex } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import { readMemberKey } from '../../client/index.js'
import { isName } from '../../codec/transaction.js'
import {
  generateReplicaKeys,
  type ReplicaKeys,
  readReplicaKeys,
  readSecretFile,
  writeReplicaKeys,
  writeSecretFile,
  writeSecretText,
} from '../../node/keystore.js'
import { generateMemberKey, tokenHash } from '../../node/network-files.js'
import { ed25519PublicKey } from '../../node/signer.js'
import { decodeTransportKey, peerIdOf } from '../../p2p/keys.js'
import { refuseExisting, writeNewFile } from '../files.js'
import { EXIT, printResult, say, usage } from '../output.js'
import { card } from '../table.js'

interface Json {
  readonly json?: boolean
}

/** What others may know of a key file. */
export type PublicPart = Readonly<Record<string, string>>

export async function replicaKey(
  options: Json & { readonly out: string; readonly organization?: string; readonly public?: string },
): Promise<number> {
  const { out, organization } = options
  if (organization !== undefined) checkName('--organization', organization)
  refuseExisting(options.public)
  const keys = generateReplicaKeys()
  writeReplicaKeys(out, keys)
  const part = { ...(organization === undefined ? {} : { organization }), ...(await publicPartOfReplica(keys)) }
  if (options.public !== undefined) writeNewFile(options.public, `${JSON.stringify(part, undefined, 2)}\n`)
  printResult(options.json, { file: out, ...part }, card(`secret keys of a replica, in ${out}`, Object.entries(part)))
  say('keep the file secret and backed up: who has it can vote as this replica')
  return EXIT.ok
}

/** Public part of a replica's keys, as it stands in the genesis; of several consensus keys the newest. */
export async function publicPartOfReplica(
  keys: ReplicaKeys,
): Promise<{ readonly consensusKey: string; readonly peerId: string }> {
  return {
    consensusKey: toHex(ed25519PublicKey(keys.consensusSeeds.at(-1) as Uint8Array)),
    peerId: peerIdOf(await decodeTransportKey(keys.transportSeed)),
  }
}

export interface MemberKeyOptions extends Json {
  readonly out: string
  readonly organization: string
  readonly name: string
  readonly public?: string
}

export function memberKey(options: MemberKeyOptions): number {
  checkName('--organization', options.organization)
  checkName('--name', options.name)
  refuseExisting(options.public)
  const key = generateMemberKey(options.organization, options.name)
  writeSecretFile(options.out, key)
  const { organization, name, keyType, publicKey } = key
  const part = { organization, name, keyType, publicKey }
  if (options.public !== undefined) writeNewFile(options.public, `${JSON.stringify(part, undefined, 2)}\n`)
  printResult(
    options.json,
    { file: options.out, ...part },
    card(`secret key of a member, in ${options.out}`, Object.entries(part)),
  )
  const file = options.public ?? 'PUBLIC-FILE'
  say(
    `an admin of ${organization} enrols it with: etalon org enroll ${name} --public ${file} --kind operator --key ADMIN-KEY`,
  )
  if (options.public === undefined) say('`--public` writes that file, and so does `etalon keys show --public`')
  return EXIT.ok
}

export async function showKey(path: string, options: Json & { readonly public?: string }): Promise<number> {
  refuseExisting(options.public)
  const part = await publicPart(path)
  const { kind: _, ...shared } = part
  if (options.public !== undefined) writeNewFile(options.public, `${JSON.stringify(shared, undefined, 2)}\n`)
  printResult(options.json, { file: path, ...part }, card(path, Object.entries(part)))
  return EXIT.ok
}

async function publicPart(path: string): Promise<PublicPart> {
  const document = (readSecretFile(path) ?? {}) as Readonly<Record<string, unknown>>
  if (document.format === 'etalon-keys-1') {
    return { kind: 'replica', ...(await publicPartOfReplica(readReplicaKeys(path))) }
  }
  const member = readMemberKey(JSON.stringify(document))
  if (member === undefined) {
    throw new EtalonError(
      'keys/invalid',
      `${path} is not a key file`,
      'name a file made by `etalon keys` or `etalon init`',
    )
  }
  const { keyType, publicKey } = member.signer
  if (document.publicKey !== undefined && document.publicKey !== publicKey) {
    const remedy = 'restore the key file from its backup'
    throw new EtalonError('keys/invalid', `${path}: the public key is not that of the seed`, remedy)
  }
  const name = typeof document.name === 'string' ? { name: document.name } : {}
  return { kind: 'member', organization: member.organization, ...name, keyType, publicKey }
}

export function token(options: Json & { readonly name: string; readonly out?: string }): number {
  checkName('--name', options.name)
  const { name, out } = options
  const secret = toHex(randomBytes(24))
  if (out !== undefined) writeSecretText(out, `${secret}\n`)
  const client = { name, tokenHash: tokenHash(secret) }
  const shown: readonly (readonly [string, string])[] = [
    out === undefined ? ['token', secret] : ['file', out],
    ['config', JSON.stringify(client)],
  ]
  const result = out === undefined ? { ...client, token: secret } : { ...client, file: out }
  printResult(options.json, result, card(`bearer token of client ${name}`, shown))
  say('put the config line under `clients` of the replica, start it anew, and give the token to the client')
  return EXIT.ok
}

export function checkName(option: string, text: string): void {
  if (isName(text)) return
  throw usage(`${option} ${text} is not a name`, 'use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or a digit')
}
