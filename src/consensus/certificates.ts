import {
  type Certificate,
  type Finality,
  LIMITS,
  type ReplicaId,
  type SealedHeader,
  type View,
  type VoteKind,
} from '../types/index.js'
import { quorumOf } from './quorum.js'

/** Checks one vote's signature of a replica of the view; made by the caller, who knows keys and network. */
export type VoteVerifier = (certificate: Certificate, replica: ReplicaId, signature: Uint8Array) => boolean

/**
 * Says what is wrong with the shape of a certificate, or nothing: kind, view, and a quorum of distinct members, in
 * ascending order so that each certificate has one form.
 */
export function certificateProblem(certificate: Certificate, kind: VoteKind, view: View): string | undefined {
  if (certificate.kind !== kind) return `a certificate of kind ${certificate.kind}, not ${kind}`
  if (certificate.view !== view.id) return `of view ${certificate.view}, not ${view.id}`
  if (certificate.cid < 1 || certificate.regency < 1) return 'instances and regencies count from 1'
  const members = new Set(view.replicas.map((replica) => replica.id))
  let previous = -1
  for (const { replica } of certificate.signatures) {
    if (replica <= previous) return 'signers are not ascending'
    if (!members.has(replica)) return `replica ${replica} is not in view ${view.id}`
    previous = replica
  }
  const { votes } = quorumOf(view.replicas.length)
  const count = certificate.signatures.length
  return count < votes ? `${count} signatures, a quorum is ${votes}` : undefined
}

/** Says what is wrong with a certificate, signatures included, or nothing. Every signature must be good, not just a quorum. */
export function verifyCertificate(
  certificate: Certificate,
  kind: VoteKind,
  view: View,
  verifies: VoteVerifier,
): string | undefined {
  const problem = certificateProblem(certificate, kind, view)
  if (problem !== undefined) return problem
  const bad = certificate.signatures.find(({ replica, signature }) => !verifies(certificate, replica, signature))
  return bad === undefined ? undefined : `the signature of replica ${bad.replica} is wrong`
}

/**
 * Says why a header does not follow from what is to prove it final, or nothing (rule N6). The certificate itself is the caller's to
 * check.
 */
export function chainProblem(sealed: SealedHeader, { headers, certificate }: Finality): string | undefined {
  if (headers.length > LIMITS.windowMax) return `${headers.length} headers lead to the certificate, too many`
  let below = sealed
  for (const above of headers) {
    if (above.header.height !== below.header.height + 1 || above.header.previous !== below.hash) {
      return `the header of height ${above.header.height} does not follow the one below`
    }
    below = above
  }
  const { cid, digest, header } = certificate
  const isOf = cid === below.header.height && header === below.hash && digest === below.header.value
  return isOf ? undefined : 'the certificate is of another block'
}
