/** Every refusal of the contract, with its meaning. */
export const PKI_REFUSALS = {
  'pki/bad-key': 'The key is not a P-256 public key in PEM (SubjectPublicKeyInfo).',
  'pki/bad-possession': "The proof of possession is not the key's signature over the documented text.",
  'pki/already-registered': 'The instrument has a key already. A key is never overwritten.',
  'pki/key-in-use': 'The key belongs to another instrument.',
  'pki/unknown-organization': 'The organization named as operator is not enrolled.',
  'pki/unknown-instrument': 'No key was ever proposed for the instrument.',
  'pki/own-proposal': 'An organization cannot endorse what it proposed.',
  'pki/already-endorsed': 'The organization has endorsed the key; each has one vote.',
  'pki/already-active': 'The key has its endorsements and is active.',
  'pki/revoked': 'The key is revoked.',
  'pki/already-revoked': 'The key is revoked since that time, or an earlier one.',
  'pki/not-proposer': 'Only an NMI or the organization that proposed the key may revoke it.',
  'pki/invalid-since-in-future':
    'A key can be declared invalid since the time of the block or earlier, not from later on.',
  'pki/not-endorsed': 'The key does not yet have the endorsements that make it active.',
  'pki/bad-signature': "The signature is not the instrument's over the record.",
  'pki/counter-replayed': 'The counter is not greater than that of the last record anchored with the key.',
  'pki/counter-missing': 'The format etalon-1 signs the counter, so that it must be given.',
  'pki/not-operator':
    'A record whose counter is not signed can be anchored only by the organizations that proposed or operate the instrument.',
} as const
