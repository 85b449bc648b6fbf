import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Genesis } from '../types/index.js'
import { readGenesisFile, readTextFile } from './files.js'
import { usage } from './output.js'

/** Where a command finds its network; every part has a default. */
export interface NetworkOptions {
  readonly url?: readonly string[]
  readonly genesis?: string
  readonly up?: string
}

export interface Endpoint {
  /** `http://host:port` */
  readonly url: string
  /** Known where the address comes from a folder of `etalon up`. */
  readonly organization?: string
}

/** Where `etalon up` and `npm start` keep a network. */
export const UP_FOLDER = '.etalon/up'

/**
 * Addresses of replicas: `--url`, the folder of `--up`, ETALON_URL, or the folder of `etalon up`, whichever comes first.
 * @throws EtalonError `cli/usage`, `cli/unreadable`
 */
export function endpointsOf({ url, up }: NetworkOptions): readonly Endpoint[] {
  if (url !== undefined && url.length > 0) return url.flatMap(readUrls)
  if (up !== undefined) return endpointsOfFolder(up)
  const { ETALON_URL } = process.env
  if (ETALON_URL) return readUrls(ETALON_URL)
  if (existsSync(join(UP_FOLDER, 'genesis.json'))) return endpointsOfFolder(UP_FOLDER)
  throw usage('no replica is named', 'give --url http://HOST:PORT, set ETALON_URL, or start a network with `etalon up`')
}

/**
 * The genesis document: `--genesis`, the folder of `--up`, ETALON_GENESIS, or the folder of `etalon up`.
 * @throws EtalonError `cli/usage`, `cli/unreadable`, `genesis/invalid`
 */
export function genesisOf({ genesis, up }: NetworkOptions): Genesis {
  if (genesis !== undefined) return readGenesisFile(genesis)
  if (up !== undefined) return readGenesisFile(join(up, 'genesis.json'))
  const { ETALON_GENESIS } = process.env
  if (ETALON_GENESIS) return readGenesisFile(ETALON_GENESIS)
  const path = join(UP_FOLDER, 'genesis.json')
  if (existsSync(path)) return readGenesisFile(path)
  throw usage('no genesis file is named', 'give --genesis FILE, set ETALON_GENESIS, or name a folder of `etalon up`')
}

function readUrls(text: string): readonly Endpoint[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => ({ url: readUrl(part) }))
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw usage(`${text} is not the address of a replica`, 'write it like http://127.0.0.1:8001')
  }
  return url.href.replace(/\/+$/, '')
}

function endpointsOfFolder(folder: string): readonly Endpoint[] {
  const { replicas } = readGenesisFile(join(folder, 'genesis.json'))
  const endpoints = replicas.flatMap(({ organization }) => {
    const path = join(folder, organization, 'config.json')
    const api = existsSync(path) ? apiOf(readTextFile(path)) : undefined
    return api === undefined ? [] : [{ url: `http://${api.host}:${api.port}`, organization }]
  })
  if (endpoints.length > 0) return endpoints
  throw usage(`${folder} holds no config with the address of a replica`, 'give --url http://HOST:PORT')
}

function apiOf(text: string): { readonly host: string; readonly port: number } | undefined {
  try {
    const { api } = JSON.parse(text) as { api?: { host?: unknown; port?: unknown } }
    const { host, port } = api ?? {}
    return typeof host === 'string' && typeof port === 'number' && port > 0 ? { host, port } : undefined
  } catch {
    return undefined
  }
}
