/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'governance@1.0.0': 'cb1b32d444a03a616e9ecba0f8ed6aceafdd3bbe8a0dd184e8100b74af410822',
  'identity@1.0.0': '0c29c8225de16d0e314115276b1cff7466acbfea4f93132503b048ab0a250099',
  'logbook@1.1.0': 'ef9fb3e41c81faa23f0c5b7a158d19c54e0d65bf134c8fb730ea93f5bb6a6cda',
  'measuring@1.0.0': 'fd698d10442b89144f22635c1245c9a441db309644f64b2b7e46e247ddbb02d5',
  'pki@1.0.0': '73994616a81867793c9df1674cad61760c909b035b26954c059c384b27641e9d',
  'privacy@1.0.0': 'e0bc5a0cabd9d494a235ab108258196798a27087660493dd64995d0992967475',
}
