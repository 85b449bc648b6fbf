import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { EtalonError } from '../base/errors.js'
import { parseGenesis } from '../codec/genesis.js'
import { type Genesis, REPLICA_CLIENT } from '../types/index.js'

const Closed = { additionalProperties: false } as const

const ConfigSchema = Type.Object(
  {
    format: Type.Literal('etalon-config-1'),
    /** Id of this replica, as the genesis or its proposal gave it. */
    replica: Type.Integer({ minimum: 0 }),
    /** Organization of a replica that is not in the genesis, since it joins later. */
    organization: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]*$', maxLength: 64 })),
    /** Paths are relative to the folder of the config file. */
    genesis: Type.String({ minLength: 1 }),
    keys: Type.String({ minLength: 1 }),
    data: Type.String({ minLength: 1 }),
    /** Multiaddrs to listen at for peers. */
    listen: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 }),
    /** Addresses of peers by replica id, where they are no longer those of the genesis. */
    peers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[0-9]{1,9}$' }), Type.Array(Type.String(), { maxItems: 8 })),
    ),
    security: Type.Optional(Type.Union([Type.Literal('tls'), Type.Literal('noise'), Type.Literal('both')])),
    api: Type.Object(
      { host: Type.String({ minLength: 1 }), port: Type.Integer({ minimum: 0, maximum: 65_535 }) },
      Closed,
    ),
    /** Clients of the organization that this replica vouches for, with the SHA-256 of their bearer tokens. */
    clients: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]*$', maxLength: 64 }),
            tokenHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          },
          Closed,
        ),
        { maxItems: 100_000 },
      ),
    ),
    /** Threads that verify clients' signatures; 0 verifies on the event loop. */
    verifyWorkers: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
    /** `false` gives up durability for measurements: a crash of the machine may lose finalized transactions. */
    sync: Type.Optional(Type.Boolean()),
    /** Newest blocks that are kept; all when absent. What exactly-once and snapshots need is kept in any case. */
    retainBlocks: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    /** A snapshot is kept at every multiple of this height. */
    snapshotEveryBlocks: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    logLevel: Type.Optional(
      Type.Union([
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('silent'),
      ]),
    ),
  },
  Closed,
)

/** Names of all fields; docs/configuration.md explains each. */
export const CONFIG_FIELDS: readonly string[] = Object.keys(ConfigSchema.properties)

export type NodeConfigFile = Static<typeof ConfigSchema>

/** A config with its paths made absolute, and the genesis that it names. */
export interface NodeConfig extends NodeConfigFile {
  readonly genesisDocument: Genesis
}

const check = Compile(ConfigSchema)

function fail(path: string, detail: string): EtalonError {
  return new EtalonError('config/invalid', `${path}: ${detail}`, 'see docs/configuration.md for every field')
}

/**
 * Reads a config file and its genesis.
 * @throws EtalonError `config/unreadable`, `config/invalid`, `genesis/invalid`
 */
export function readConfig(path: string): NodeConfig {
  const document = readJson(path)
  if (!check.Check(document)) {
    const first = check.Errors(document)[0]
    throw fail(path, `wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'unknown'}`)
  }
  if (document.clients?.some(({ name }) => name === REPLICA_CLIENT) === true) {
    throw fail(path, `no client can have the name ${REPLICA_CLIENT}: under it the replica speaks for itself`)
  }
  const base = dirname(resolve(path))
  const genesisPath = resolve(base, document.genesis)
  const genesisDocument = parseGenesis(readText(genesisPath))
  return {
    ...document,
    genesis: genesisPath,
    keys: resolve(base, document.keys),
    data: resolve(base, document.data),
    genesisDocument,
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new EtalonError('config/unreadable', `cannot read ${path}`, 'check the path and the permissions', {
      cause: error,
    })
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path))
  } catch (error) {
    if (error instanceof EtalonError) throw error
    throw fail(path, 'not JSON')
  }
}
