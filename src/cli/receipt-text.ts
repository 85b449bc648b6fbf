import { fromUtf8, toHex } from '../base/bytes.js'
import type { ProvenReceipt } from '../client/index.js'
import { quorumOf } from '../consensus/index.js'
import type { Genesis } from '../types/index.js'
import { card } from './table.js'

/** What a proven receipt says, for scripts; the names stay stable. */
export interface ReceiptSummary {
  readonly network: string
  readonly networkId: string
  readonly transaction: string
  readonly status: 'done' | 'refused'
  readonly code: string
  readonly detail: string
  readonly result: unknown
  readonly events: readonly { readonly name: string; readonly data: unknown }[]
  readonly height: number
  /** Height of the block that was signed: this one, or one that stands on it. */
  readonly signedHeight: number
  readonly time: string
  readonly signers: readonly { readonly replica: number; readonly organization: string }[]
  /** Replicas of the view that signed. */
  readonly replicas: number
}

export function summarize(genesis: Genesis, networkId: Uint8Array, proven: ProvenReceipt): ReceiptSummary {
  const { receipt, sealed, finality } = proven
  const { certificate } = finality
  const view = proven.views?.find((link) => link.view.id === certificate.view)?.view
  const { replicas } = view ?? genesis
  const organizations = new Map(replicas.map(({ id, organization }) => [id, organization]))
  return {
    network: genesis.network,
    networkId: toHex(networkId),
    transaction: receipt.transaction,
    status: receipt.status,
    code: receipt.code,
    detail: receipt.detail,
    result: readJson(receipt.result),
    events: receipt.events.map(({ name, data }) => ({ name, data: readJson(data) })),
    height: sealed.header.height,
    signedHeight: sealed.header.height + finality.headers.length,
    time: new Date(sealed.header.timeMs).toISOString(),
    signers: certificate.signatures.map(({ replica }) => ({ replica, organization: organizations.get(replica) ?? '' })),
    replicas: replicas.length,
  }
}

function readJson(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? null : JSON.parse(fromUtf8(bytes) ?? 'null')
}

/** The same for people. */
export function receiptText(genesis: Genesis, summary: ReceiptSummary): string {
  const { status, code, detail, result, events, height, signedHeight, signers } = summary
  const signed = signedHeight === height ? 'the block' : `block ${signedHeight}, which stands on it`
  const { n, votes } = quorumOf(summary.replicas)
  const names = new Map(genesis.organizations.map(({ id, name }) => [id, name]))
  return card(`transaction ${summary.transaction}`, [
    ['outcome', status === 'done' ? 'done' : `refused with ${code}: ${detail}`],
    ...(result === null ? [] : ([['result', JSON.stringify(result)]] as const)),
    ...events.map(({ name, data }) => ['event', `${name} ${JSON.stringify(data)}`] as const),
    ['block', `height ${height}, ${summary.time}`],
    ['network', `${summary.network}, id ${summary.networkId}`],
    ...signers.map(({ replica, organization }) => {
      const name = names.get(organization)
      return ['signed by', `replica ${replica} of ${organization}${name === undefined ? '' : `, ${name}`}`] as const
    }),
    ['final', `${signers.length} of ${n} replicas signed ${signed}, ${votes} are needed`],
  ])
}
