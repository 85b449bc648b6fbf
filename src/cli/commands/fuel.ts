import type { NetworkOptions } from '../network.js'
import { EXIT, printResult, readInteger } from '../output.js'
import { readerOf } from '../submit-call.js'
import { card, columns } from '../table.js'

interface Options extends NetworkOptions {
  readonly json?: boolean
}

/** Entries of one ranking. */
const LIMIT_MAX = 100

export async function ranking(region: string, options: Options & { readonly limit: string }): Promise<number> {
  const limit = readInteger('--limit', options.limit, 1, LIMIT_MAX)
  const answer = await readerOf(options).client.query('fuel', 'ranking', { region, limit })
  const { analysis, dispensers } = answer
  const rows = dispensers.map((it) => [
    String(it.rank),
    it.dispenser,
    it.verdict,
    percent(it.errorPpm),
    percent(it.deviationPpm),
    percent(it.conformingPpm),
    `${it.readings} of ${it.vehicles} vehicles, ${it.organizations} organizations`,
  ])
  const head = ['', 'dispenser', 'verdict', 'error', '+/-', 'conforms', 'readings']
  const title = `${region}: ${analysis.suspects} suspect of ${analysis.dispensers}, ${analysis.readings} readings, ${analysis.anchors} anchors`
  printResult(options.json, answer, `${title}\n${columns([head, ...rows])}`)
  return EXIT.ok
}

export async function verdict(dispenser: string, options: Options): Promise<number> {
  const answer = await readerOf(options).client.query('fuel', 'verdict', { dispenser })
  const { inspection, analysis } = answer
  const why = [...answer.bases, ...answer.reasons].join(', ')
  const fields: [string, string][] = [
    ['verdict', why === '' ? answer.verdict : `${answer.verdict} (${why})`],
    [
      'error',
      answer.errorPpm === null ? 'not known' : `${percent(answer.errorPpm)} +/- ${percent(answer.deviationPpm)}`,
    ],
    ['without any one organization', answer.withoutOnePpm === null ? 'not known' : percent(-answer.withoutOnePpm)],
    ['conforms with probability', percent(answer.conformingPpm)],
    [
      'evidence of short measure',
      `e^${fixed(answer.eValueMilli, 1_000, 2)}; CUSUM e^${fixed(answer.cusumMilli, 1_000, 2)}`,
    ],
    ['readings', `${answer.readings} of ${answer.vehicles} vehicles, ${answer.organizations} organizations`],
    ['status', `${answer.status}, station ${answer.station}, region ${answer.region}`],
    ['last inspection', inspection === null ? 'none' : `${percent(inspection.errorPpm)} by ${inspection.organization}`],
    ['analysis', `${analysis.serial} at height ${analysis.at.height}, code ${analysis.producer.code.slice(0, 16)}`],
  ]
  printResult(options.json, answer, card(dispenser, fields))
  return EXIT.ok
}

const fixed = (value: number, unit: number, digits: number): string => (value / unit).toFixed(digits)
const percent = (ppm: number | null): string => (ppm === null ? '-' : `${fixed(ppm, 10_000, 2)} %`)
