import { EtalonClient } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { readArguments } from '../arguments.js'
import { refuseExisting, writeNewFile } from '../files.js'
import { type Endpoint, endpointsOf, genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'
import { receiptText, summarize } from '../receipt-text.js'
import { type Submitter, type SubmitterOptions, submitterOf } from '../submitter.js'

export interface SubmitOptions extends NetworkOptions, SubmitterOptions {
  readonly out?: string
  readonly json?: boolean
}

/** Submits a transaction, waits until it is final, and checks the receipt against the genesis. */
export async function submit(
  contract: string,
  method: string,
  argsText: string,
  options: SubmitOptions,
): Promise<number> {
  const submitter = submitterOf(options)
  const genesis = genesisOf(options)
  refuseExisting(options.out)
  const args = readArguments(argsText)
  const urls = urlsFor(submitter, endpointsOf(options))
  const client = new EtalonClient({ genesis, urls, suite: nativeSuite, ...submitter })
  const receipt = await client.submit(contract, method, args)
  if (options.out !== undefined) writeNewFile(options.out, receipt.file)
  const summary = summarize(genesis, client.light.networkId, receipt.proven)
  const file = options.out === undefined ? {} : { file: options.out }
  printResult(options.json, { ...summary, ...file }, receiptText(genesis, summary))
  if (options.out !== undefined) say(`receipt written to ${options.out}; anyone can check it with \`etalon verify\``)
  if (receipt.status === 'done') return EXIT.ok
  say(`error ${receipt.code}: ${receipt.detail}`)
  say(`  what to do: \`etalon contracts ${contract} ${method}\` explains the code; nothing was changed`)
  return EXIT.failed
}

/** Only the organization's own replica vouches for its client: where the addresses are known by organization, it alone is asked. */
function urlsFor({ identity, token }: Submitter, endpoints: readonly Endpoint[]): readonly string[] {
  const own = endpoints.filter(({ organization }) => organization === identity.organization)
  const others = endpoints.filter(({ organization }) => organization !== identity.organization)
  const chosen = token !== undefined && own.length > 0 ? own : [...own, ...others]
  return chosen.map(({ url }) => url)
}
