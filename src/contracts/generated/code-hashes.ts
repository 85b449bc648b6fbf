/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '983ad86cdcd8bf631a2265a3a81e94c9304d0fa21dae544ebf08084849f2328a',
  'governance@1.0.0': 'cb1b32d444a03a616e9ecba0f8ed6aceafdd3bbe8a0dd184e8100b74af410822',
  'identity@1.0.0': '0c29c8225de16d0e314115276b1cff7466acbfea4f93132503b048ab0a250099',
  'logbook@1.0.0': 'f2f303cd3b5914ce5fcebac292049ab212ee5cef276df3d3e820e6610e7b4663',
  'pki@1.0.0': '73994616a81867793c9df1674cad61760c909b035b26954c059c384b27641e9d',
}
