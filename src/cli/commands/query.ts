import { EtalonError } from '../../base/errors.js'
import { readArguments } from '../arguments.js'
import { askReplica } from '../ask.js'
import { endpointsOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'

/** Asks a contract's query of the first replica that answers. */
export async function query(
  contract: string,
  name: string,
  argsText: string,
  options: NetworkOptions & { readonly json?: boolean },
): Promise<number> {
  const body = JSON.stringify(readArguments(argsText))
  const endpoints = endpointsOf(options)
  const path = `/v1/query/${encodeURIComponent(contract)}/${encodeURIComponent(name)}`
  const headers = { 'content-type': 'application/json' }
  const { url, answer } = await askFirst(
    endpoints.map((endpoint) => endpoint.url),
    (base) => askReplica(base, path, { method: 'POST', headers, body }),
  )
  const { height, value } = answer as { readonly height: number; readonly value: unknown }
  printResult(options.json, { url, height, value }, JSON.stringify(value, undefined, 2))
  say(`height ${height}, on the word of ${url}; \`etalon state\` reads with proof`)
  return EXIT.ok
}

/** Asks one after another while they cannot be reached. */
async function askFirst(urls: readonly string[], ask: (url: string) => Promise<unknown>) {
  let last: unknown
  for (const url of urls) {
    try {
      return { url, answer: await ask(url) }
    } catch (error) {
      if (!(error instanceof EtalonError && error.code === 'client/unreachable')) throw error
      last = error
    }
  }
  throw last
}
