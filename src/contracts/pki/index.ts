import type { Contract } from '../contract.js'
import { anchor, endorse, propose, revoke } from './methods.js'
import { instrument, instruments, statusAt, verify } from './queries.js'
import { PKI_REFUSALS } from './refusals.js'

export { parsePem } from './pem.js'
export { possessionStatement, recordStatement } from './signatures.js'

/**
 * The keys of measuring instruments: proposed with proof of possession, endorsed by k of n authorities, revoked since a time,
 * and the records signed with them.
 */
export const pki = {
  name: 'pki',
  version: '1.0.0',
  summary: 'Keys of measuring instruments, their endorsement and revocation, and the records that they sign.',
  reads: ['identity'],
  events: {
    'pki/proposed': 'A key was proposed for an instrument.',
    'pki/endorsed': 'An organization gave its vote for a key.',
    'pki/activated': 'A key has its endorsements and may sign.',
    'pki/revoked': 'A key is declared invalid since a time.',
    'pki/anchored': 'A signed record: instrument, counter, gap before it, SHA-256 of the message.',
  },
  refusals: PKI_REFUSALS,
  methods: { propose, endorse, revoke, anchor },
  queries: { instrument, instruments, statusAt, verify },
} satisfies Contract
