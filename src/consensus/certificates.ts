import type { Certificate, ReplicaId, View, VoteKind } from '../types/index.js'
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
  if (certificate.cid < 1) return 'instances count from 1'
  if ((kind === 'persist') !== (certificate.regency === 0)) return `regency ${certificate.regency} with kind ${kind}`
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
