import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { toHex, utf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { type BlockHeader, type Digest, type Genesis, LIMITS, ROLES, type Role, type View } from '../types/index.js'
import { viewHash } from './block.js'
import { type Sha256, taggedHash } from './statements.js'

const Name = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]*$', maxLength: LIMITS.nameLengthMax })
const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Closed = { additionalProperties: false } as const

const MemberSchema = Type.Object(
  {
    name: Name,
    keyType: Type.Union([Type.Literal('ed25519'), Type.Literal('p256')]),
    publicKey: Type.String({ pattern: '^([0-9a-f]{64}|[0-9a-f]{66})$' }),
    kind: Type.Union([Type.Literal('admin'), Type.Literal('operator'), Type.Literal('client')]),
  },
  Closed,
)

const GenesisSchema = Type.Object(
  {
    format: Type.Literal('etalon-genesis-1'),
    network: Name,
    createdMs: Type.Integer({ minimum: 0 }),
    organizations: Type.Array(
      Type.Object(
        {
          id: Name,
          name: Type.String({ minLength: 1, maxLength: 200 }),
          roles: Type.Array(Type.Unsafe<Role>(Type.Enum([...ROLES]))),
          members: Type.Array(MemberSchema, { maxItems: 10_000 }),
        },
        Closed,
      ),
      { minItems: 1, maxItems: 1_000 },
    ),
    replicas: Type.Array(
      Type.Object(
        {
          id: Type.Integer({ minimum: 0 }),
          organization: Name,
          consensusKey: Hex32,
          peerId: Type.String({ minLength: 1, maxLength: 128 }),
          addresses: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 8 }),
        },
        Closed,
      ),
      { minItems: 1, maxItems: LIMITS.replicasMax },
    ),
    parameters: Type.Object(
      {
        window: Type.Integer({ minimum: 1, maximum: LIMITS.windowMax }),
        dedupWindowMs: Type.Integer({ minimum: 1_000, maximum: 3_600_000 }),
        clockDriftMsMax: Type.Integer({ minimum: 1_000, maximum: 60_000 }),
        endorsements: Type.Integer({ minimum: 0, maximum: 100 }),
        proposalTransactionsMax: Type.Integer({ minimum: LIMITS.batchTransactionsMax, maximum: 32_768 }),
        // A block and what belongs to it must fit a frame of a transfer, 16 MiB.
        proposalBytesMax: Type.Integer({ minimum: LIMITS.batchBytesMax, maximum: 8 * 1024 * 1024 }),
        proposalCostMax: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
      },
      Closed,
    ),
  },
  Closed,
)

const check = Compile(GenesisSchema)

/** What a network starts with unless its founders say otherwise. */
export const DEFAULT_PARAMETERS: Genesis['parameters'] = {
  window: 8,
  dedupWindowMs: 60_000,
  clockDriftMsMax: 5_000,
  endorsements: 1,
  proposalTransactionsMax: 2_048,
  proposalBytesMax: 2 * 1024 * 1024,
  proposalCostMax: 4_096,
}

/** Of the dedup window: what is signed now meets a block time that may be behind or ahead. */
const VALIDITY_PART = 0.75

/** How long a transaction is made valid, ms: as long as wished, or as a network with a short `dedupWindowMs` takes it. */
export function validityMs({ dedupWindowMs }: Genesis['parameters'], wishedMs: number): number {
  return Math.floor(Math.min(wishedMs, VALIDITY_PART * dedupWindowMs))
}

const fail = (detail: string): EtalonError =>
  new EtalonError(
    'genesis/invalid',
    detail,
    'take the genesis file that the founders of the network gave out, unchanged',
  )

/**
 * Reads a genesis document.
 * @throws EtalonError `genesis/invalid`
 */
export function parseGenesis(text: string): Genesis {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw fail('the genesis file is not JSON')
  }
  if (!check.Check(document)) {
    const first = check.Errors(document)[0]
    throw fail(`the genesis file is wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'unknown'}`)
  }
  const genesis: Static<typeof GenesisSchema> = document
  const problem = inconsistency(genesis)
  if (problem !== undefined) throw fail(problem)
  return genesis
}

function inconsistency(genesis: Genesis): string | undefined {
  const organizations = new Set(genesis.organizations.map(({ id }) => id))
  if (organizations.size !== genesis.organizations.length) return 'an organization stands twice'
  const keys = genesis.organizations.flatMap(({ members }) => members.map(({ publicKey }) => publicKey))
  if (new Set(keys).size !== keys.length) return 'a member key stands twice'
  let previous = -1
  for (const replica of genesis.replicas) {
    if (!organizations.has(replica.organization))
      return `replica ${replica.id} is of the unknown ${replica.organization}`
    if (replica.id <= previous) return 'replicas must ascend by id'
    previous = replica.id
  }
  for (const field of ['organization', 'consensusKey', 'peerId'] as const) {
    const values = genesis.replicas.map((replica) => replica[field])
    if (new Set(values).size !== values.length) return `two replicas share their ${field}`
  }
  return undefined
}

/** JSON with sorted keys and no white space: one text for one document. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalText(field)}`).join(',')}}`
}

/** The network id: SHA-256 over the genesis document, whatever its white space and order of keys. */
export function networkIdOf(sha256: Sha256, genesis: Genesis): Uint8Array {
  return taggedHash(sha256, 'etalon/genesis/1', utf8(canonicalText(genesis)))
}

export const genesisView = (genesis: Genesis): View => ({ id: 0, replicas: genesis.replicas })

/** The header of height 0. Its `previous` is the network id. */
export function genesisHeader(sha256: Sha256, genesis: Genesis, stateRoot: Digest, contracts: Digest): BlockHeader {
  const nothing = toHex(sha256(new Uint8Array()))
  return {
    height: 0,
    previous: toHex(networkIdOf(sha256, genesis)),
    value: '00'.repeat(32),
    transactionRoot: nothing,
    receiptRoot: nothing,
    stateRoot,
    timeMs: genesis.createdMs,
    view: toHex(viewHash(sha256, genesisView(genesis))),
    contracts,
    transactions: 0,
  }
}
