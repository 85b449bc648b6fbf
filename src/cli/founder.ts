import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { EtalonError } from '../base/errors.js'
import { keyProblem } from '../contracts/identity/keys.js'
import { isTransportPeerId } from '../p2p/keys.js'
import { ROLES, type Role } from '../types/index.js'
import { readTextFile } from './files.js'

const Closed = { additionalProperties: false } as const

/** What an organization gives to the other founders: nothing in it is secret. */
const FounderSchema = Type.Object(
  {
    format: Type.Literal('etalon-founder-1'),
    organization: Type.Object(
      {
        id: Type.String(),
        name: Type.String(),
        roles: Type.Array(Type.Unsafe<Role>(Type.Union(ROLES.map((role) => Type.Literal(role))))),
        members: Type.Array(
          Type.Object(
            {
              name: Type.String(),
              keyType: Type.Union([Type.Literal('ed25519'), Type.Literal('p256')]),
              publicKey: Type.String(),
              kind: Type.Union([Type.Literal('admin'), Type.Literal('operator'), Type.Literal('client')]),
            },
            Closed,
          ),
          { minItems: 1 },
        ),
      },
      Closed,
    ),
    /** Absent for an organization that runs no replica. */
    replica: Type.Optional(
      Type.Object(
        {
          id: Type.Integer({ minimum: 0 }),
          consensusKey: Type.String(),
          peerId: Type.String(),
          addresses: Type.Array(Type.String(), { minItems: 1 }),
        },
        Closed,
      ),
    ),
  },
  Closed,
)

export type Founder = Static<typeof FounderSchema>

const check = Compile(FounderSchema)

/** Reads a founder's public file. @throws EtalonError `cli/unreadable`, `init/bad-founder` */
export function readFounder(path: string): Founder {
  const fail = (detail: string) =>
    new EtalonError('init/bad-founder', `${path}: ${detail}`, 'take public.json as the organization gave it out')
  const text = readTextFile(path)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw fail('not JSON')
  }
  if (!check.Check(document)) {
    const first = check.Errors(document)[0]
    throw fail(`wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'unknown'}`)
  }
  const problem = founderProblem(document)
  if (problem !== undefined) throw fail(problem)
  return document
}

function founderProblem({ organization, replica }: Founder): string | undefined {
  for (const { name, keyType, publicKey } of organization.members) {
    const problem = keyProblem(keyType, publicKey)
    if (problem !== undefined) return `the key of member ${name}: ${problem}`
  }
  if (replica === undefined) return undefined
  const problem = keyProblem('ed25519', replica.consensusKey)
  if (problem !== undefined) return `the consensus key: ${problem}`
  if (!isTransportPeerId(replica.peerId)) return `${replica.peerId} is not the peer id of an Ed25519 key`
  const wrong = replica.addresses.find((address) => portOfAddress(address) === undefined)
  return wrong === undefined ? undefined : `${wrong} is not an address like ${ADDRESS_EXAMPLE}`
}

export const ADDRESS_EXAMPLE = '/dns4/replica.example.org/tcp/4001'

/** The TCP port of a multiaddr at which a peer can be dialled; `undefined` when it is not one. */
export function portOfAddress(address: string): number | undefined {
  const port = Number(/^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/\s]+\/tcp\/([0-9]{1,5})$/.exec(address)?.[1])
  return port >= 1 && port <= 65_535 ? port : undefined
}
