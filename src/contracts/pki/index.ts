import type { Contract } from '../contract.js'
import { anchor, anchorBatch } from './anchor.js'
import { approveType, withdrawType } from './approval.js'
import { resume, retire, revoke, suspend } from './lifecycle.js'
import { addKey, endorse, PKI_PARAMETERS, propose } from './proposal.js'
import { instrument, instruments, keyOwner, statusAt, typeApproval, verify } from './queries.js'
import { PKI_REFUSALS } from './refusals.js'
import { emergencyRotate, rotate } from './rotation.js'
import { breakSeal, renewSeal } from './seal.js'

/**
 * The keys of measuring instruments: registered with proof of possession, endorsed by k of n authorities, suspended, rotated, revoked since
 * a time; the seals; and the records signed with them.
 */
export const pki = {
  name: 'pki',
  version: '2.0.0',
  summary: 'Keys of measuring instruments, their whole life, and the records that they sign.',
  reads: ['identity'],
  events: {
    'pki/type-approved': 'A type of instruments was approved.',
    'pki/type-withdrawn': 'A type approval was withdrawn.',
    'pki/proposed': 'A key was proposed for an instrument.',
    'pki/endorsed': 'An organization gave its vote for a key.',
    'pki/activated': 'A key has its endorsements and may sign.',
    'pki/suspended': 'A key, or an instrument, may not sign for the time being.',
    'pki/resumed': 'A suspension ended.',
    'pki/rotated': 'A new key took over from an old one.',
    'pki/revoked': 'A key is declared invalid since a time.',
    'pki/retired': 'A key is out of use.',
    'pki/seal-broken': 'The seal of an instrument is broken.',
    'pki/seal-renewed': 'An instrument was re-verified and has new seals.',
    'pki/anchored': 'A signed record: instrument, key, counter, gap before it, SHA-256 of the message, findings.',
    'pki/batch-anchored':
      'Many signed records: instrument, key, root of their tree, first and last counter, gap before them.',
  },
  refusals: PKI_REFUSALS,
  methods: {
    approveType,
    withdrawType,
    propose,
    addKey,
    endorse,
    suspend,
    resume,
    rotate,
    emergencyRotate,
    revoke,
    retire,
    breakSeal,
    renewSeal,
    anchor,
    anchorBatch,
  },
  queries: { instrument, instruments, keyOwner, typeApproval, statusAt, verify },
  parameters: PKI_PARAMETERS,
} satisfies Contract
