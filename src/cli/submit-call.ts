import { EtalonClient, type VerifiedReceipt } from '../client/index.js'
import { nativeSuite } from '../crypto/native.js'
import { genesisHashOf } from '../node/create-node.js'
import type { Genesis } from '../types/index.js'
import { refuseExisting, writeNewFile } from './files.js'
import { type Endpoint, endpointsOf, genesisOf, type NetworkOptions } from './network.js'
import { EXIT, printResult, say } from './output.js'
import { receiptText, summarize } from './receipt-text.js'
import { type Submitter, type SubmitterOptions, submitterOf } from './submitter.js'

export interface SubmitOptions extends NetworkOptions, SubmitterOptions {
  readonly out?: string
  readonly json?: boolean
}

/** A client that only reads. @throws EtalonError `cli/usage`, `cli/unreadable`, `genesis/invalid` */
export function readerOf(options: NetworkOptions): { readonly client: EtalonClient; readonly genesis: Genesis } {
  const genesis = genesisOf(options)
  const urls = endpointsOf(options).map(({ url }) => url)
  return {
    genesis,
    client: new EtalonClient({ genesis, urls, suite: nativeSuite, genesisHash: genesisHashOf(genesis) }),
  }
}

/**
 * Submits a call, waits until it is final, checks the receipt against the genesis, and prints it.
 * @param text what a person reads of a receipt that is done, before the receipt itself
 * @returns the exit status: 1 where the contract refused
 */
export async function submitCall(
  contract: string,
  method: string,
  args: unknown,
  options: SubmitOptions,
  text: (receipt: VerifiedReceipt) => string | undefined = () => undefined,
): Promise<number> {
  const submitter = submitterOf(options)
  const genesis = genesisOf(options)
  refuseExisting(options.out)
  const urls = urlsFor(submitter, endpointsOf(options))
  const client = new EtalonClient({ genesis, urls, suite: nativeSuite, ...submitter })
  const receipt = await client.submit(contract, method, args)
  if (options.out !== undefined) writeNewFile(options.out, receipt.file)
  const summary = summarize(genesis, client.light.networkId, receipt.proven)
  const file = options.out === undefined ? {} : { file: options.out }
  const own = receipt.status === 'done' ? text(receipt) : undefined
  const whole = receiptText(genesis, summary)
  printResult(options.json, { ...summary, ...file }, own === undefined ? whole : `${own}\n${whole}`)
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
