import type { Finality, SealedHeader, ViewLink } from '../types/index.js'
import { certificateToWire, decodeHeader, decodeReceipt, finalityFromWire } from './block.js'
import type { ProvenReceipt } from './proven-receipt.js'
import type { Sha256 } from './statements.js'
import { decodeViewLinks, encodeViewLinks } from './view-links.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/**
 * The streaming channel between a client and a replica: binary messages over a WebSocket. The client numbers its
 * transactions and may have many under way; answers come grouped by block, header and certificate once.
 */
export interface ChannelSubmission {
  /** Chosen by the client, echoed in the answer; 32 bits. */
  readonly ref: number
  /** Encoded transaction. */
  readonly transaction: Uint8Array
}

export interface ChannelRefusal {
  readonly ref: number
  readonly code: string
  readonly detail: string
  /** 0: the same bytes will never be taken. */
  readonly retryAfterMs: number
}

export interface ChannelBlock {
  readonly sealed: SealedHeader
  readonly finality: Finality
  readonly receipts: readonly ChannelReceipt[]
}

export interface ChannelReceipt {
  readonly ref: number
  readonly index: number
  /** Encoded receipt. */
  readonly receipt: Uint8Array
  readonly path: readonly Uint8Array[]
}

export interface ChannelAnswer {
  readonly blocks: readonly ChannelBlock[]
  readonly refusals: readonly ChannelRefusal[]
  /** Links to views of these blocks that were not sent on this channel before. */
  readonly views?: readonly ViewLink[]
}

/** Bytes of one message of the channel, either way. */
export const CHANNEL_MESSAGE_BYTES_MAX = 4 * 1024 * 1024
/** Transactions of one message. */
export const CHANNEL_SUBMISSIONS_MAX = 4_096

export function encodeChannelRequest(submissions: readonly ChannelSubmission[]): Uint8Array {
  return encodeWire(wire.ChannelRequest, { submit: submissions as ChannelSubmission[] })
}

/** Decodes a client's message; `undefined` when malformed. */
export function decodeChannelRequest(bytes: Uint8Array): readonly ChannelSubmission[] | undefined {
  const carried = decodeWire(wire.ChannelRequest, bytes)
  if (carried === undefined || carried.submit.length > CHANNEL_SUBMISSIONS_MAX) return undefined
  return carried.submit.map(({ ref, transaction }) => ({ ref: ref ?? 0, transaction: transaction ?? new Uint8Array() }))
}

export function encodeChannelAnswer(answer: ChannelAnswer): Uint8Array {
  return encodeWire(wire.ChannelReply, {
    blocks: answer.blocks.map(({ sealed, finality, receipts }) => ({
      header: sealed.bytes,
      finality: certificateToWire(finality.certificate),
      headers: finality.headers.map(({ bytes }) => bytes),
      receipts: receipts as { ref: number; index: number; receipt: Uint8Array; path: Uint8Array[] }[],
    })),
    refusals: answer.refusals as ChannelRefusal[],
    ...(answer.views === undefined ? {} : { views: encodeViewLinks(answer.views) }),
  })
}

/** Decodes a replica's message; `undefined` when malformed. Nothing in it is proven yet. */
export function decodeChannelAnswer(sha256: Sha256, bytes: Uint8Array): ChannelAnswer | undefined {
  const carried = decodeWire(wire.ChannelReply, bytes)
  if (carried === undefined) return undefined
  const blocks: ChannelBlock[] = []
  for (const block of carried.blocks) {
    const sealed = decodeHeader(sha256, block.header ?? new Uint8Array())
    const certificate = finalityFromWire(block.finality)
    const headers = (block.headers ?? []).flatMap((bytes) => decodeHeader(sha256, bytes) ?? [])
    if (sealed === undefined || certificate === undefined) return undefined
    const receipts = (block.receipts ?? []).map(({ ref, index, receipt, path }) => ({
      ref: ref ?? 0,
      index: index ?? 0,
      receipt: receipt ?? new Uint8Array(),
      path: path ?? [],
    }))
    blocks.push({ sealed, finality: { headers, certificate }, receipts })
  }
  const refusals = carried.refusals.map(({ ref, code, detail, retryAfterMs }) => ({
    ref: ref ?? 0,
    code: code ?? '',
    detail: detail ?? '',
    retryAfterMs: retryAfterMs ?? 0,
  }))
  if (carried.views.length === 0) return { blocks, refusals }
  const views = decodeViewLinks(sha256, carried.views)
  return views && { blocks, refusals, views }
}

/** A receipt of the channel in the form that the client verifies and keeps. */
export function provenFromChannel(block: ChannelBlock, carried: ChannelReceipt): ProvenReceipt | undefined {
  const receipt = decodeReceipt(carried.receipt)
  if (receipt === undefined) return undefined
  const { sealed, finality } = block
  return { receipt, receiptBytes: carried.receipt, index: carried.index, path: carried.path, sealed, finality }
}
