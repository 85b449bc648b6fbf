import { EtalonError } from '../base/errors.js'
import { type Identity, readMemberKey } from '../client/index.js'
import { readSecretFile, readSecretText } from '../node/keystore.js'
import { usage } from './output.js'

export interface SubmitterOptions {
  readonly key?: string
  readonly organization?: string
  readonly client?: string
  readonly tokenFile?: string
}

/** Who submits: a member with a key, or a client with the bearer token of its organization's replica. */
export interface Submitter {
  readonly identity: Identity
  readonly token?: string
}

const CHOICE = 'give --key FILE, or --organization ORG --client NAME --token-file FILE'

/** @throws EtalonError `cli/usage`, `keys/unreadable`, `keys/too-open`, `keys/invalid` */
export function submitterOf(options: SubmitterOptions): Submitter {
  const { key, organization, client, tokenFile } = options
  if (key !== undefined) {
    if ([organization, client, tokenFile].some((option) => option !== undefined)) {
      throw usage('--key already says who submits', CHOICE)
    }
    return { identity: memberIdentity(key) }
  }
  if (organization === undefined || client === undefined || tokenFile === undefined) {
    throw usage('it is not said who submits', CHOICE)
  }
  return { identity: { organization, client }, token: readToken(tokenFile) }
}

function memberIdentity(path: string): Identity {
  const document = readSecretFile(path)
  const member = readMemberKey(JSON.stringify(document))
  if (member !== undefined) return member
  const { format } = (document ?? {}) as { readonly format?: unknown }
  const what = format === 'etalon-keys-1' ? "is a replica's key file, not a member's" : 'is not a key file of a member'
  throw new EtalonError(
    'keys/invalid',
    `${path} ${what}`,
    'make one with `etalon keys member` and have an admin enrol it',
  )
}

function readToken(path: string): string {
  const token = readSecretText(path).trim()
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token
  throw new EtalonError('keys/invalid', `${path} holds no bearer token`, 'make one with `etalon keys token`')
}
