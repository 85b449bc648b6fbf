/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': 'c53fb6f90322e2957505ea076d58dda3046d3aec451c04de982fa13d889d1ce1',
  'governance@2.0.0': '5c92f51b43423eab492180c0ff4aa8a7b2fcf84aa3a9fa43736c372c1794eea4',
  'identity@2.0.0': '59b3613a0d738f95981e207efde21f7842ab5b77db95e9b112a14420ae0ab1b4',
  'logbook@1.1.0': 'de632abe6fe41bde03229a7a1d5108fdf08c59e0c17cce9ab5cbe2b918a85078',
  'measuring@1.0.0': '7b8c8d2e1de364b1f4d5951952b96b149f13677ee2b1830ec1458023c0f67466',
  'pki@2.0.0': '76a9a313b5e7db68554d6f4afcc7c5c6566bb4cfeb4aa085dc6bb80a037a57c0',
  'privacy@1.0.0': '099664d65061287732744305411a152e13d62bbbe54d272cc21951f1dfea2e1b',
}
