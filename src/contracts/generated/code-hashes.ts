/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'governance@1.0.0': '9cd07bb37166fa9e8d070438de029081ad4d0090857c9d573db7737fb7c0be0d',
  'identity@1.0.0': '13821fbfde17ff664f875b003837bd25ce53b744e7b3e660190e30d10ab2dc58',
  'logbook@1.1.0': 'ef9fb3e41c81faa23f0c5b7a158d19c54e0d65bf134c8fb730ea93f5bb6a6cda',
  'measuring@1.0.0': 'fd698d10442b89144f22635c1245c9a441db309644f64b2b7e46e247ddbb02d5',
  'pki@2.0.0': '09fe9116640e6803d8b6070cb94d2e1152efe777f0ebe70d0518cb6cee29b194',
  'privacy@1.0.0': '8e74de4a742be9d8759913002c33b4d4a8bb651af0370007d3a5df0ae213e462',
}
