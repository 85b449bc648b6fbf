import { fromBase64, fromHex, fromUtf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { decodeHeader } from '../codec/block.js'
import { type FinalityDocument, readFinalityDocument } from '../codec/view-links.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { Finality, Height, ReplicaId, SealedHeader } from '../types/index.js'
import type { LightClient } from './light-client.js'

/** A value (or its absence) that was checked against a final header, or that of the genesis. */
export interface VerifiedState {
  readonly height: Height
  readonly value: unknown
}

/** Which replica says that it gave the answer; that much is its word, the rest is proven. */
export interface StateAnswer extends VerifiedState {
  readonly replica: ReplicaId
}

interface StateDocument extends Omit<FinalityDocument, 'certificate'> {
  readonly replica: number
  readonly header: string
  readonly value: string | null
  /** `null` at the genesis. */
  readonly certificate: FinalityDocument['certificate'] | null
  readonly proof: {
    readonly siblings: readonly (string | null)[]
    readonly other?: { readonly keyHash: string; readonly valueHash: string }
  }
}

/** An answer under a view that this client does not know yet. */
export class UnknownView extends Error {
  override readonly name = 'UnknownView'
}

/** Reads the answer to GET /v1/state and checks its proof. @throws EtalonError `client/unproven`; UnknownView */
export function readStateAnswer(
  light: LightClient,
  sha256: CryptoSuite['sha256'],
  key: string,
  answer: Record<string, unknown>,
): StateAnswer {
  const document = answer as unknown as StateDocument
  const bytes = (text: string | null): Uint8Array | undefined => (text === null ? undefined : fromBase64(text))
  const header = bytes(document.header)
  const sealed = header && decodeHeader(sha256, header)
  if (sealed === undefined) throw unproven('the header cannot be read')
  const value = bytes(document.value)
  const finality = finalityOf(sha256, document, sealed)
  if ((finality?.certificate.view ?? 0) > light.newestView) throw new UnknownView()
  const problem = light.stateProblem(sealed, finality, key, value, proofOf(document))
  if (problem !== undefined) throw unproven(problem)
  const json = value && fromUtf8(value)
  const { height } = sealed.header
  return { height, value: json === undefined ? undefined : JSON.parse(json), replica: document.replica }
}

function finalityOf(
  sha256: CryptoSuite['sha256'],
  { certificate, ...document }: StateDocument,
  sealed: SealedHeader,
): Finality | undefined {
  if (certificate === null) return undefined
  const finality = readFinalityDocument(sha256, { ...document, certificate }, sealed)
  if (finality === undefined) throw unproven('a header that leads to the certificate cannot be read')
  return finality
}

function proofOf({ proof }: StateDocument) {
  const bytes = (hex: string): Uint8Array => fromHex(hex, 32) ?? new Uint8Array()
  const siblings = proof.siblings.map((hex) => (hex === null ? undefined : bytes(hex)))
  if (proof.other === undefined) return { siblings }
  return { siblings, other: { keyHash: bytes(proof.other.keyHash), valueHash: bytes(proof.other.valueHash) } }
}

export const unproven = (problem: string): EtalonError =>
  new EtalonError('client/unproven', problem, 'ask another replica, and tell the operator of this one')
