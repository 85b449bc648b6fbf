import { type DccRecord, type DccStatus, dccStatus, logbookKeys } from '../../contracts/index.js'
import { type Certificate, readCertificate } from '../dcc/certificate.js'
import { checkSignature, type SignatureReport } from '../dcc/signature.js'
import { readBinaryFile } from '../files.js'
import type { NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { card } from '../table.js'

export async function register(
  file: string,
  options: SubmitOptions & { readonly supersedes?: string },
): Promise<number> {
  const bytes = readBinaryFile(file)
  const { replaces, foreignUnits, ...certificate } = readCertificate(bytes)
  const supersedes = options.supersedes ?? replaces
  noteUnits(foreignUnits)
  say(`signature: ${signatureText(checkSignature(bytes))}`)
  const args = { ...certificate, ...(supersedes === undefined ? {} : { supersedes }) }
  return await submitCall('logbook', 'registerDcc', args, options)
}

export async function revoke(identifier: string, reason: string, options: SubmitOptions): Promise<number> {
  return await submitCall('logbook', 'revokeDcc', { identifier, reason }, options)
}

/** The record is read with proof, and judged here: no replica is believed. */
export async function check(file: string, options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const bytes = readBinaryFile(file)
  const certificate = readCertificate(bytes)
  const signature = checkSignature(bytes)
  const { client } = readerOf(options)
  const { height, value } = await client.state(logbookKeys.dcc(certificate.identifier))
  const record = value as DccRecord | undefined
  const status = dccStatus(record, certificate.hash)
  const { identifier, hash, foreignUnits } = certificate
  const result = { identifier, status, hash, height, signature, foreignUnits, record: record ?? null }
  printResult(options.json, result, reportText(certificate, status, record, signature))
  noteUnits(foreignUnits)
  say(`as of height ${height}, proven`)
  return status === 'valid' && signature.state !== 'invalid' ? EXIT.ok : EXIT.failed
}

function reportText(
  { identifier, hash, items, laboratory, performed }: Certificate,
  status: DccStatus,
  record: DccRecord | undefined,
  signature: SignatureReport,
): string {
  const time = ({ timeMs }: { readonly timeMs: number }): string => new Date(timeMs).toISOString()
  return card(`certificate ${identifier}: ${status}`, [
    ['file', `sha256 ${hash}`],
    ['laboratory', laboratory],
    ...items.map(({ name, identifications }) => {
      return ['item', [name, ...identifications.map(({ value }) => value)].join(', ')] as const
    }),
    ['calibrated', performed.begin === performed.end ? performed.begin : `${performed.begin} to ${performed.end}`],
    ...(record === undefined
      ? []
      : ([['registered', `by ${record.organization}, ${time(record.registered)}`]] as const)),
    ...(status === 'altered' ? ([['registered file', `sha256 ${record?.hash}`]] as const) : []),
    ...(record?.supersededBy == null
      ? []
      : ([['superseded by', `${record.supersededBy.identifier}, ${time(record.supersededBy)}`]] as const)),
    ...(record?.revoked == null
      ? []
      : ([
          ['revoked', `by ${record.revoked.organization}, ${time(record.revoked)}: ${record.revoked.reason}`],
        ] as const)),
    ['signature', signatureText(signature)],
  ])
}

function signatureText(report: SignatureReport): string {
  switch (report.state) {
    case 'none':
      return 'the file has none'
    case 'valid':
      return `holds, over the whole file, by ${report.signer}; whether that certificate is to be trusted is not judged`
    case 'invalid':
      return `DOES NOT HOLD: ${report.why}`
    case 'unsupported':
      return `not judged: ${report.why}`
  }
}

function noteUnits(units: readonly string[]): void {
  if (units.length > 0) say(`units that are not of the D-SI: ${units.join(', ')}`)
}
