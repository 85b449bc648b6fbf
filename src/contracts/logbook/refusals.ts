/** Every refusal of the contract, with its meaning. */
export const LOGBOOK_REFUSALS = {
  'logbook/empty': 'The entry has no payload, no hash of one, and no quantities.',
  'logbook/hash-mismatch': 'The hash that was given is not the SHA-256 of the payload that was given.',
  'logbook/bad-quantity': 'A quantity is not one of the D-SI: value, unit or uncertainty.',
  'logbook/dcc-exists': 'A certificate of this identifier is registered.',
  'logbook/dcc-same-file': 'The file is registered under another identifier.',
  'logbook/dcc-unknown': 'No certificate of this identifier is registered.',
  'logbook/dcc-bad-dates': 'The dates of the calibration do not exist, or it ends before it begins.',
  'logbook/dcc-not-issuer':
    'Only the organization that registered a certificate supersedes it; it or an NMI revokes it.',
  'logbook/dcc-superseded': 'Another certificate supersedes that one already.',
  'logbook/dcc-revoked': 'The certificate is revoked.',
} as const
