import { Type } from 'typebox'
import { LIMITS, ROLES, type Role } from '../../types/index.js'
import { Hash, HeightArgument, Name, PublicKey } from '../limits.js'

/** Characters of the parameters of a contract in a proposal. */
export const PARAMETERS_LENGTH_MAX = 16_384
const ADDRESSES_MAX = 2
const ADDRESS_LENGTH_MAX = 128
const ORGANIZATION_NAME_LENGTH_MAX = 200

const Closed = { additionalProperties: false } as const
export const ProposalId = Type.Integer({ minimum: 0, maximum: 99_999_999 })
export const ReplicaId = Type.Integer({ minimum: 0, maximum: 99_999_999 })
const PeerId = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9]+$' })
const Addresses = Type.Array(Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH_MAX, pattern: '^/[!-~]+$' }), {
  maxItems: ADDRESSES_MAX,
})
const Contract = Type.String({ minLength: 1, maxLength: 32, pattern: '^[a-z][a-z0-9-]*$' })
const Roles = Type.Array(Type.Unsafe<Role>(Type.Union(ROLES.map((role) => Type.Literal(role)))), {
  maxItems: ROLES.length,
})

/** What organizations may decide. */
export const ChangeArgument = Type.Union([
  Type.Object(
    { kind: Type.Literal('add'), organization: Name, consensusKey: Hash, peerId: PeerId, addresses: Addresses },
    Closed,
  ),
  Type.Object({ kind: Type.Literal('remove'), replica: ReplicaId }, Closed),
  Type.Object({ kind: Type.Literal('rotate'), replica: ReplicaId, consensusKey: Hash }, Closed),
  Type.Object(
    {
      kind: Type.Literal('admit'),
      organization: Name,
      name: Type.String({ minLength: 1, maxLength: ORGANIZATION_NAME_LENGTH_MAX }),
      roles: Roles,
      admin: Type.Object({ name: Name, ...PublicKey }, Closed),
    },
    Closed,
  ),
  Type.Object({ kind: Type.Literal('expel'), organization: Name }, Closed),
  Type.Object({ kind: Type.Literal('roles'), organization: Name, roles: Roles }, Closed),
  Type.Object(
    {
      kind: Type.Literal('parameters'),
      contract: Contract,
      values: Type.String({ minLength: 2, maxLength: PARAMETERS_LENGTH_MAX }),
    },
    Closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('contract'),
      contract: Contract,
      version: Type.String({ minLength: 5, maxLength: LIMITS.nameLengthMax, pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' }),
      code: Hash,
      from: HeightArgument,
    },
    Closed,
  ),
])
