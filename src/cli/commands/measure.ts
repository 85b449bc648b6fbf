import { createHash } from 'node:crypto'
import { EtalonError } from '../../base/errors.js'
import { eventsOfChain, measuringLog, type VerifiedReceipt } from '../../client/index.js'
import { type Finding, MEASURING_ALGORITHMS, measuringKeys, type SoftwareRecord } from '../../contracts/index.js'
import { readArguments } from '../arguments.js'
import { readBinaryFile } from '../files.js'
import type { NetworkOptions } from '../network.js'
import { EXIT, printResult, readInteger, say, usage } from '../output.js'
import { quantityText } from '../quantity-text.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { card, columns } from '../table.js'

interface JsonOption {
  readonly json?: boolean
}

/** What is shipped with this installation. */
export function algorithms(options: JsonOption): number {
  const shipped = [...MEASURING_ALGORITHMS].map(([algorithm, { codeHash, summary }]) => ({
    algorithm,
    codeHash,
    summary,
  }))
  const text = columns(shipped.map(({ algorithm, codeHash, summary }) => [algorithm, codeHash, summary]))
  printResult(options.json, { algorithms: shipped }, text)
  return EXIT.ok
}

interface ProposeOptions extends SubmitOptions {
  readonly algorithm: string
  readonly certificate: string
  readonly certificateFile?: string
  readonly supersedes?: string
  readonly allowedFrom?: string
}

export async function propose(
  software: string,
  version: string,
  parametersText: string,
  options: ProposeOptions,
): Promise<number> {
  const { algorithm, certificate, certificateFile, supersedes, allowedFrom } = options
  const shipped = MEASURING_ALGORITHMS.get(algorithm)
  if (shipped === undefined) {
    throw usage(`there is no algorithm ${algorithm}`, `there are ${[...MEASURING_ALGORITHMS.keys()].join(', ')}`)
  }
  const file = certificateFile === undefined ? undefined : readBinaryFile(certificateFile)
  const args = {
    software,
    version,
    algorithm,
    codeHash: shipped.codeHash,
    parameters: readArguments(parametersText),
    certificate,
    ...(file === undefined ? {} : { certificateHash: createHash('sha256').update(file).digest('hex') }),
    ...(supersedes === undefined ? {} : { supersedes }),
    ...(allowedFrom === undefined
      ? {}
      : { allowedFrom: readInteger('--allowed-from', allowedFrom, 0, Number.MAX_SAFE_INTEGER) }),
  }
  return await submitCall('measuring', 'propose', args, options)
}

/** Approves what this installation ships under the name, and nothing else. */
export async function approve(software: string, version: string, options: SubmitOptions): Promise<number> {
  const { client } = readerOf(options)
  const { value } = await client.state(measuringKeys.software(software, version))
  const record = value as SoftwareRecord | undefined
  if (record === undefined) {
    throw new EtalonError('measure/unknown-version', `${software} has no version ${version}`, 'check both names')
  }
  const { algorithm, codeHash, parametersHash, parameters } = record
  if (MEASURING_ALGORITHMS.get(algorithm)?.codeHash !== codeHash) {
    throw new EtalonError(
      'measure/other-code',
      `${algorithm} has the hash ${codeHash} on the ledger, and another one in this installation`,
      'do not approve it; compare the versions of etalon that both run',
    )
  }
  say(`approving ${algorithm}, code ${codeHash}`)
  say(`  with parameters ${parametersHash}: ${JSON.stringify(parameters)}`)
  return await submitCall('measuring', 'approve', { software, version, codeHash, parametersHash }, options)
}

export async function run(system: string, version: string, inputs: string, options: SubmitOptions): Promise<number> {
  const args = { system, version, inputs: readArguments(inputs) }
  return await submitCall('measuring', 'measure', args, options, resultText)
}

function resultText({ result }: VerifiedReceipt): string {
  const { outcome, reason, finding } = result as { outcome: string; reason?: string; finding?: Finding }
  if (finding === undefined) return `${outcome}: the version is ${reason}; the attempt stands in the log of the system`
  return findingText(finding)
}

/** A finding as a person reads it. */
export function findingText({ values, checks, amounts, verdict, software, version }: Finding): string {
  return card(`${software} ${version}: ${verdict}`, [
    ...values.map(({ name, ...text }) => [name, quantityText(text)] as const),
    ...checks.map(({ rule, demand, holds }) => [holds ? 'holds' : 'DOES NOT HOLD', `${rule}: ${demand}`] as const),
    ...amounts.map(({ name, amount, currency }) => [name, `${amount} ${currency}`] as const),
  ])
}

export async function identify(system: string, options: NetworkOptions & JsonOption): Promise<number> {
  const { client } = readerOf(options)
  const { finalized } = await client.status()
  const answer = await client.query('measuring', 'identify', { system, height: Number(finalized) })
  const { software, contract, versions } = answer
  const rows = versions.map(({ version, status, algorithm, codeHash, parametersHash, certificate, approvedBy }) => [
    version,
    status,
    algorithm,
    codeHash.slice(0, 16),
    parametersHash.slice(0, 16),
    certificate,
    approvedBy.join(' '),
  ])
  const head = ['version', 'status', 'algorithm', 'code', 'parameters', 'certificate', 'approved by']
  printResult(
    options.json,
    answer,
    `${system} runs ${software}, contract ${contract.code}\n${columns([head, ...rows])}`,
  )
  return EXIT.ok
}

const LIMIT_MAX = 100_000

export async function showLog(
  system: string,
  options: NetworkOptions & JsonOption & { readonly limit: string },
): Promise<number> {
  const limit = readInteger('--limit', options.limit, 1, LIMIT_MAX)
  const { client } = readerOf(options)
  const events = []
  for await (const { counter, name, data, receipt } of eventsOfChain(client, measuringLog(system))) {
    const time = new Date(receipt.timeMs).toISOString()
    events.push({ counter, time, height: receipt.height, name, transaction: receipt.transaction, data })
    if (events.length >= limit) break
  }
  const rows = events.map(({ counter, time, name, data }) => [
    String(counter),
    time,
    name,
    [data.version, data.verdict ?? data.reason ?? data.software].filter((it) => it !== undefined).join(' '),
  ])
  printResult(options.json, { system, events }, events.length === 0 ? 'no events' : columns(rows))
  const first = events.at(-1)?.counter ?? 1
  say(
    `${events.length} events, proven, without a gap${first > 1 ? `; ${first - 1} earlier ones with a larger --limit` : ''}`,
  )
  return EXIT.ok
}
