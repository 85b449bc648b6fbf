/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '4714382f890b4e32a07d6e3a0515507433ddf2163bcc5a1f76a98cecba812445',
  'governance@1.0.0': 'cb1b32d444a03a616e9ecba0f8ed6aceafdd3bbe8a0dd184e8100b74af410822',
  'identity@1.0.0': '0c29c8225de16d0e314115276b1cff7466acbfea4f93132503b048ab0a250099',
  'logbook@1.0.0': 'f2f303cd3b5914ce5fcebac292049ab212ee5cef276df3d3e820e6610e7b4663',
  'pki@1.0.0': '73994616a81867793c9df1674cad61760c909b035b26954c059c384b27641e9d',
}
