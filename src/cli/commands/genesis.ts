import { genesisSummary, genesisText } from '../genesis-text.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult } from '../output.js'

/** Says what a genesis file founds, first of all its network id. */
export function showGenesis(path: string | undefined, options: NetworkOptions & { readonly json?: boolean }): number {
  const genesis = genesisOf(path === undefined ? options : { ...options, genesis: path })
  const summary = genesisSummary(genesis)
  printResult(options.json, summary, genesisText(summary))
  return EXIT.ok
}
