import Type, { type Static, type TObject } from 'typebox'
import { Value } from 'typebox/value'
import { EtalonError } from '../base/errors.js'
import { keyProblem } from '../contracts/identity/keys.js'
import { isTransportPeerId } from '../p2p/keys.js'
import { readTextFile } from './files.js'

/** Public parts of keys, as `etalon keys` writes them with `--public`. */

const Closed = { additionalProperties: false } as const

const MemberPart = Type.Object(
  {
    organization: Type.String(),
    name: Type.Optional(Type.String()),
    keyType: Type.Union([Type.Literal('ed25519'), Type.Literal('p256')]),
    publicKey: Type.String(),
  },
  Closed,
)

const ReplicaPart = Type.Object(
  { organization: Type.String(), consensusKey: Type.String(), peerId: Type.String() },
  Closed,
)

export type ReplicaPart = Static<typeof ReplicaPart>

/**
 * The key of a member.
 * @param organization of which it must be
 * @param name of the member; the file need not say it
 * @throws EtalonError `cli/unreadable`, `org/bad-public`
 */
export function readMemberPart(path: string, organization: string, name: string) {
  const part = readPart(path, MemberPart)
  if (part.organization !== organization) throw badPublic(path, `it is of ${part.organization}, not of ${organization}`)
  if (part.name !== undefined && part.name !== name)
    throw badPublic(path, `it is of the member ${part.name}, not of ${name}`)
  const { keyType, publicKey } = part
  const problem = keyProblem(keyType, publicKey)
  if (problem !== undefined) throw badPublic(path, problem)
  return { keyType, publicKey }
}

/** The keys of a replica. @throws EtalonError `cli/unreadable`, `org/bad-public` */
export function readReplicaPart(path: string): ReplicaPart {
  const part = readPart(path, ReplicaPart)
  const problem = keyProblem('ed25519', part.consensusKey)
  if (problem !== undefined) throw badPublic(path, problem)
  if (!isTransportPeerId(part.peerId)) throw badPublic(path, `${part.peerId} is not the peer id of an Ed25519 key`)
  return part
}

function readPart<T extends TObject>(path: string, schema: T): Static<T> {
  const text = readTextFile(path)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw badPublic(path, 'it is not JSON')
  }
  if (Value.Check(schema, document)) return document
  const first = Value.Errors(schema, document)[0]
  throw badPublic(path, `wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'unknown'}`)
}

export function badPublic(path: string, detail: string): EtalonError {
  const remedy = 'give a file that `etalon keys member`, `keys replica` or `keys show` wrote with --public, unchanged'
  return new EtalonError('org/bad-public', `${path}: ${detail}`, remedy)
}
