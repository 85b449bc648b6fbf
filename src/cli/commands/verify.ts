import { toHex } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import { LightClient } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { readTextFile } from '../files.js'
import { genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, errorDocument, printJson, printResult, sayError } from '../output.js'
import { receiptText, summarize } from '../receipt-text.js'

/** Checks a receipt file against the genesis document and nothing else. */
export function verify(path: string, options: NetworkOptions & { readonly json?: boolean }): number {
  const genesis = genesisOf(options)
  const text = readTextFile(path)
  const light = new LightClient(genesis, nativeSuite)
  const read = light.readReceipt(text)
  if ('proven' in read) {
    const summary = summarize(genesis, light.networkId, read.proven)
    printResult(options.json, { valid: true, ...summary }, `valid\n${receiptText(genesis, summary)}`)
    return EXIT.ok
  }
  const error = invalid(path, text, toHex(light.networkId), read.problem)
  sayError(error)
  if (options.json === true) printJson({ valid: false, error: errorDocument(error) })
  return EXIT.failed
}

/** Tells the three ways apart in which a receipt may not hold. */
function invalid(path: string, text: string, networkId: string, problem: string): EtalonError {
  const { format, network } = document(text)
  if (format !== 'etalon-receipt-1') {
    return new EtalonError(
      'receipt/not-a-receipt',
      `${path} is not a receipt file`,
      'name a file that `etalon tx submit --out` or a replica wrote',
    )
  }
  if (network !== networkId) {
    const message = `the receipt names network ${String(network)}, the genesis founds ${networkId}`
    return new EtalonError(
      'receipt/other-network',
      message,
      'use the genesis file of the network that the receipt is of',
    )
  }
  const remedy = 'do not rely on it; ask a replica for the receipt anew by the transaction id'
  return new EtalonError('receipt/not-proven', problem, remedy)
}

function document(text: string): { readonly format?: unknown; readonly network?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
