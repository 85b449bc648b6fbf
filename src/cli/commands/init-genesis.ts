import { EtalonError } from '../../base/errors.js'
import { DEFAULT_PARAMETERS, parseGenesis } from '../../codec/genesis.js'
import { BUILT_IN_CONTRACTS, createRuntime } from '../../contracts/index.js'
import { nobleSuite } from '../../crypto/index.js'
import type { Genesis } from '../../types/index.js'
import { refuseExisting, writeNewFile } from '../files.js'
import { type Founder, readFounder } from '../founder.js'
import { genesisSummary, genesisText } from '../genesis-text.js'
import { EXIT, printResult, readInteger, say, usage } from '../output.js'
import { checkName } from './keys.js'

export interface GenesisOptions {
  readonly network: string
  readonly created?: string
  readonly window?: string
  readonly dedupWindowMs?: string
  readonly clockDriftMsMax?: string
  readonly endorsements?: string
  readonly proposalTransactionsMax?: string
  readonly proposalBytesMax?: string
  readonly proposalCostMax?: string
  readonly out: string
  readonly json?: boolean
}

/** Assembles the genesis document of the founders' public files: the same bytes whatever the order of the files. */
export function initGenesis(paths: readonly string[], options: GenesisOptions): number {
  checkName('--network', options.network)
  refuseExisting(options.out)
  const createdMs = options.created === undefined ? Date.now() : readTime(options.created)
  const genesis = assemble(paths.map(readFounder), options, createdMs)
  const text = `${JSON.stringify(genesis, undefined, 2)}\n`
  checkGenesis(text)
  writeNewFile(options.out, text)
  const summary = genesisSummary(genesis)
  printResult(options.json, { file: options.out, ...summary }, `wrote ${options.out}\n${genesisText(summary)}`)
  say('every founder compares the network id with the others over another channel, a telephone for example')
  say(`another founder gets the same file with: --created ${summary.created}`)
  return EXIT.ok
}

function assemble(founders: readonly Founder[], options: GenesisOptions, createdMs: number): Genesis {
  const organizations = founders
    .map(({ organization: { id, name, roles, members } }) => ({
      id,
      name,
      roles,
      members: members.map(({ name, keyType, publicKey, kind }) => ({ name, keyType, publicKey, kind })),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const replicas = founders
    .flatMap(({ organization, replica }) => {
      if (replica === undefined) return []
      const { id, consensusKey, peerId, addresses } = replica
      return [{ id, organization: organization.id, consensusKey, peerId, addresses }]
    })
    .sort((a, b) => a.id - b.id)
  const parameters = parametersOf(options)
  return { format: 'etalon-genesis-1', network: options.network, createdMs, organizations, replicas, parameters }
}

function parametersOf(options: GenesisOptions): Genesis['parameters'] {
  const read = (option: string, text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : readInteger(option, text, 0, Number.MAX_SAFE_INTEGER)
  const otherwise = DEFAULT_PARAMETERS
  const { proposalTransactionsMax, proposalBytesMax, proposalCostMax } = options
  return {
    window: read('--window', options.window, otherwise.window),
    dedupWindowMs: read('--dedup-window-ms', options.dedupWindowMs, otherwise.dedupWindowMs),
    clockDriftMsMax: read('--clock-drift-ms-max', options.clockDriftMsMax, otherwise.clockDriftMsMax),
    endorsements: read('--endorsements', options.endorsements, otherwise.endorsements),
    proposalTransactionsMax: read(
      '--proposal-transactions-max',
      proposalTransactionsMax,
      otherwise.proposalTransactionsMax,
    ),
    proposalBytesMax: read('--proposal-bytes-max', proposalBytesMax, otherwise.proposalBytesMax),
    proposalCostMax: read('--proposal-cost-max', proposalCostMax, otherwise.proposalCostMax),
  }
}

/** Everything that a replica would find wrong with it at its first start. @throws EtalonError `init/founders-disagree` */
function checkGenesis(text: string): void {
  try {
    const genesis = parseGenesis(text)
    createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nobleSuite, genesis }).genesisState()
  } catch (error) {
    if (!(error instanceof EtalonError)) throw error
    const remedy =
      'each file once, each organization and replica with an id and keys of its own, and at least one replica'
    throw new EtalonError('init/founders-disagree', error.message, remedy, { cause: error })
  }
}

/** Reads a time with its zone, since founders in several places must come to the same. @throws EtalonError `cli/usage` */
function readTime(text: string): number {
  const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const timeMs = zoned ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs)) throw usage(`--created ${text} is not a time`, 'write it like 2026-07-01T12:00:00Z')
  return timeMs
}
