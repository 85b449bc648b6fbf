/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'governance@2.0.0': '28a89f6b3c9f8aba7726f0573a336d4c7c8c0530af87637cb4d0cf87d6b5fcdd',
  'identity@2.0.0': '96970c26f54c03f8b493b9a68f4591aa1678f986748a1efd525fd4155f1663a8',
  'logbook@1.0.0': '68a3a673feb0a6f9af7560342ab2aebf6d8abcf35f9745a6de868a7b7e77b1fa',
  'pki@1.0.0': 'ae1b6c89e815ebb3e3c4993b6f3e37ffa84c75581ebc78b4cabf30a6a40de07e',
}
