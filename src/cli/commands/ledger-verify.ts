import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import { BUILT_IN_CONTRACTS, createRuntime } from '../../contracts/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { type LedgerReport, type VerifyProgress, verifyLedger } from '../../ledger/index.js'
import { readConfig } from '../../node/config.js'
import { genesisBlock } from '../../node/create-node.js'
import type { Genesis } from '../../types/index.js'
import { readGenesisFile } from '../files.js'
import { LedgerAudit } from '../ledger-audit.js'
import { EXIT, printResult, say, usage } from '../output.js'
import { card, indent } from '../table.js'

export interface LedgerOptions {
  readonly config?: string
  readonly data?: string
  readonly genesis?: string
  readonly replay?: boolean
  readonly json?: boolean
}

const PROGRESS_MS = 1_000
const PROBLEMS_SHOWN = 20

/** Checks the whole ledger of a stopped replica. */
export async function ledgerVerify(options: LedgerOptions): Promise<number> {
  const { data, genesis } = placeOf(options)
  const path = join(data, 'ledger')
  const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis })
  const { sealed } = genesisBlock(genesis, runtime)
  const audit = new LedgerAudit(genesis, sealed.hash, options.replay === true ? runtime : undefined)
  checkFolder(path, toHex(audit.networkId))
  say(`checking ${path}`)
  const report = await verifyLedger(
    { path },
    {
      suite: nativeSuite,
      onState: (state) => audit.useState(state),
      checkCertificate: (certificate) => audit.certificateProblem(certificate),
      checkBody: (record, receipts) => audit.bodyProblem(record, receipts),
      onProgress: progress(),
    },
  )
  const holds = report.problems.length === 0
  // Without the blocks from the beginning there is no state to execute the others on.
  const replayed = options.replay === true && report.oldest === 1
  if (options.replay === true && !replayed) say('blocks were pruned: nothing is executed anew')
  const result = {
    holds,
    network: genesis.network,
    ...report,
    certified: audit.certified,
    replayed,
  }
  printResult(options.json, result, reportText(report, audit.certified, replayed))
  return holds ? EXIT.ok : EXIT.failed
}

function placeOf({ config, data, genesis }: LedgerOptions): { readonly data: string; readonly genesis: Genesis } {
  if (config !== undefined && data === undefined && genesis === undefined) {
    const read = readConfig(config)
    return { data: read.data, genesis: read.genesisDocument }
  }
  const genesisFile = genesis ?? process.env.ETALON_GENESIS
  if (config === undefined && data !== undefined && genesisFile) {
    return { data, genesis: readGenesisFile(genesisFile) }
  }
  throw usage(
    'it is not said which ledger',
    "give --config FILE, the replica's config, or --data DIR with --genesis FILE",
  )
}

/** LevelDB would create what is not there, so that is looked at first. */
function checkFolder(path: string, networkId: string): void {
  if (!existsSync(join(path, 'CURRENT'))) {
    throw new EtalonError(
      'cli/no-ledger',
      `there is no ledger in ${path}`,
      "name the replica's data folder, as in its config",
    )
  }
  const marker = join(path, 'NETWORK')
  const network = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : networkId
  if (network === networkId) return
  throw new EtalonError(
    'ledger/other-network',
    `the ledger belongs to network ${network}, the genesis founds ${networkId}`,
    'name the genesis file of the network that the ledger is of',
  )
}

/** Says now and then how far it is. */
function progress(): (progress: VerifyProgress) => void {
  let next = Date.now() + PROGRESS_MS
  return ({ phase, done, total }) => {
    if (Date.now() < next) return
    next = Date.now() + PROGRESS_MS
    say(total === undefined ? `  ${phase}: ${done}` : `  ${phase}: ${done} of ${total}`)
  }
}

function reportText(report: LedgerReport, certified: number, replayed: boolean): string {
  const { blocks, oldest, transactions, stateKeys, problems } = report
  const text = card(problems.length === 0 ? 'the ledger holds' : 'the ledger does not hold', [
    ['blocks', `${blocks}, of which ${certified} with a certificate of their own`],
    ...(oldest === 1 ? [] : [['kept', `from block ${oldest} on; older ones were pruned`] as const]),
    ['transactions', `${transactions}${replayed ? ', executed anew' : ''}`],
    ['state', `${stateKeys} keys`],
    ['problems', problems.length === 0 ? 'none' : String(problems.length)],
  ])
  if (problems.length === 0) return text
  const lines = problems.slice(0, PROBLEMS_SHOWN).map(({ code, height, detail }) => {
    return `${code}${height === undefined ? '' : ` at height ${height}`}: ${detail}`
  })
  const more =
    problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more; --json names them`] : []
  return `${text}\n${indent([...lines, ...more].join('\n'), '    ')}`
}
