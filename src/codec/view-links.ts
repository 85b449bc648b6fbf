import { fromBase64, fromUtf8, toBase64, utf8 } from '../base/bytes.js'
import type { Finality, FinalityCertificate, ReplicaSignature, SealedHeader, View, ViewLink } from '../types/index.js'
import { LIMITS } from '../types/index.js'
import { decodeHeader } from './block.js'
import type { Sha256 } from './statements.js'

/** Certificates and view links as documents: what stands in receipt files and answers of the API. */

export interface CertificateDocument {
  readonly view: number
  readonly regency: number
  readonly signatures: readonly { readonly replica: number; readonly signature: string }[]
}

export function certificateDocument({ view, regency, signatures }: FinalityCertificate): CertificateDocument {
  const signed = signatures.map(({ replica, signature }) => ({ replica, signature: toBase64(signature) }))
  return { view, regency, signatures: signed }
}

/** The certificate of a header from its document. A signature that is no base64 is left out, and so missing. */
export function readCertificateDocument(
  { view, regency, signatures }: CertificateDocument,
  { header, hash }: SealedHeader,
): FinalityCertificate {
  const read: ReplicaSignature[] = signatures.flatMap(({ replica, signature }) => {
    const bytes = fromBase64(signature)
    return bytes === undefined ? [] : [{ replica, signature: bytes }]
  })
  return {
    kind: 'accept',
    view,
    cid: header.height,
    regency,
    digest: header.value,
    header: hash,
    signatures: read,
  }
}

/** What proves a header final, as a document: `headers` where the certificate is of a height above. */
export interface FinalityDocument {
  readonly certificate: CertificateDocument
  /** Encoded, base64, ascending: they lead up to the one that the certificate is of. */
  readonly headers?: readonly string[]
}

export function finalityDocument({ certificate, headers }: Finality): FinalityDocument {
  const document = certificateDocument(certificate)
  return headers.length === 0
    ? { certificate: document }
    : { headers: headers.map(({ bytes }) => toBase64(bytes)), certificate: document }
}

/** Reads what proves a header final; nothing of it is checked. @returns `undefined` where a header does not decode */
export function readFinalityDocument(
  sha256: Sha256,
  { certificate, headers: encoded = [] }: FinalityDocument,
  sealed: SealedHeader,
): Finality | undefined {
  const headers: SealedHeader[] = []
  for (const text of encoded) {
    const bytes = fromBase64(text)
    const header = bytes && decodeHeader(sha256, bytes)
    if (header === undefined) return undefined
    headers.push(header)
  }
  return { headers, certificate: readCertificateDocument(certificate, headers.at(-1) ?? sealed) }
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
