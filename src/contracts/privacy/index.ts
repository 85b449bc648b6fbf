import type { Contract } from '../contract.js'
import { closeCohort, contribute, createCohort, openCohort } from './cohorts.js'
import { destroyKey, publish, registerRecipient } from './documents.js'
import { registerKey } from './keys.js'
import { cohort, cohorts, contribution, document, documents, key, keys, recipient } from './queries.js'
import { PRIVACY_REFUSALS } from './refusals.js'
import { DEFAULTS, SettingsSchema } from './settings.js'

/**
 * Sums of readings that nobody publishes, and documents that only named recipients read. The ledger holds ciphertexts and commitments; what
 * opens them is with the clients.
 */
export const privacy = {
  name: 'privacy',
  version: '1.0.0',
  summary: 'Sums of encrypted readings, and confidential documents with selective disclosure.',
  reads: ['pki'],
  events: {
    'privacy/key-registered': 'A public key of Paillier, whose proof holds.',
    'privacy/key-rejected': 'A key whose proof does not hold; it is not registered.',
    'privacy/cohort-created': 'A sum was begun: key, least number of contributions, unit.',
    'privacy/contributed': 'A meter added its encrypted value: SHA-256 of the ciphertext, number of contributions.',
    'privacy/cohort-closed': 'No more contributions are taken; SHA-256 of the product.',
    'privacy/opened': 'The sum of a cohort, proven.',
    'privacy/opening-rejected': 'A sum that the ciphertexts do not hold; it is not taken.',
    'privacy/recipient-registered': 'The encryption key of a member.',
    'privacy/published': 'A confidential document: hash of the ciphertext, root of the fields, recipients.',
    'privacy/key-destroyed': 'A holder states that it destroyed what opens a document.',
    'privacy/erased': 'All holders of a document have stated so.',
  },
  refusals: PRIVACY_REFUSALS,
  methods: {
    registerKey,
    createCohort,
    contribute,
    closeCohort,
    openCohort,
    registerRecipient,
    publish,
    destroyKey,
  },
  queries: { key, keys, cohort, cohorts, contribution, recipient, document, documents },
  parameters: { schema: SettingsSchema, defaults: DEFAULTS },
} satisfies Contract
