import { fromBase64, fromUtf8, toBase64, utf8 } from '../base/bytes.js'
import type { FinalityCertificate, ReplicaSignature, SealedHeader, View, ViewLink } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import { decodeHeader } from './block.js'
import type { Sha256 } from './statements.js'

/** Certificates and view links as documents: what stands in receipt files and answers of the API. */

export interface CertificateDocument {
  readonly view: number
  readonly signatures: readonly { readonly replica: number; readonly signature: string }[]
}

export function certificateDocument({ view, signatures }: FinalityCertificate): CertificateDocument {
  return { view, signatures: signatures.map(({ replica, signature }) => ({ replica, signature: toBase64(signature) })) }
}

/** The certificate of a header from its document. A signature that is no base64 is left out, and so missing. */
export function readCertificateDocument(
  { view, signatures }: CertificateDocument,
  { header, hash }: SealedHeader,
): FinalityCertificate {
  const read: ReplicaSignature[] = signatures.flatMap(({ replica, signature }) => {
    const bytes = fromBase64(signature)
    return bytes === undefined ? [] : [{ replica, signature: bytes }]
  })
  return { kind: 'persist', view, cid: header.height, regency: 0, digest: hash, signatures: read }
}

export interface ViewLinkDocument {
  readonly view: number
  readonly replicas: readonly {
    readonly id: number
    readonly organization: string
    readonly consensusKey: string
    readonly peerId: string
  }[]
  readonly header: string
  readonly certificate: CertificateDocument
}

/** Addresses are left out: they are not part of what a view is. */
export function viewLinkDocument({ view, sealed, certificate }: ViewLink): ViewLinkDocument {
  return {
    view: view.id,
    replicas: view.replicas.map(({ id, organization, consensusKey, peerId }) => ({
      id,
      organization,
      consensusKey,
      peerId,
    })),
    header: toBase64(sealed.bytes),
    certificate: certificateDocument(certificate),
  }
}

/** Reads a link; nothing of it is proven yet. @returns `undefined` where it has another form */
export function readViewLink(sha256: Sha256, document: ViewLinkDocument): ViewLink | undefined {
  const bytes = fromBase64(document.header)
  const sealed = bytes && decodeHeader(sha256, bytes)
  if (sealed === undefined || document.replicas.length > LIMITS.replicasMax) return undefined
  const replicas = document.replicas.map(({ id, organization, consensusKey, peerId }) => ({
    id: Number(id),
    organization: String(organization),
    consensusKey: String(consensusKey),
    peerId: String(peerId),
    addresses: [],
  }))
  const view: View = { id: document.view, replicas }
  return { view, sealed, certificate: readCertificateDocument(document.certificate, sealed) }
}

/** Several links as bytes: UTF-8 JSON, nothing for none. */
export function encodeViewLinks(links: readonly ViewLink[]): Uint8Array {
  return links.length === 0 ? new Uint8Array() : utf8(JSON.stringify(links.map(viewLinkDocument)))
}

/** Reads them back; `undefined` when malformed. Nothing of it is proven yet. */
export function decodeViewLinks(sha256: Sha256, bytes: Uint8Array): readonly ViewLink[] | undefined {
  if (bytes.length === 0) return []
  try {
    const documents = JSON.parse(fromUtf8(bytes) ?? '') as readonly ViewLinkDocument[]
    return documents.flatMap((document) => readViewLink(sha256, document) ?? [])
  } catch {
    return undefined
  }
}
