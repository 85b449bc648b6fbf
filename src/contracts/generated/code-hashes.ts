/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '06c4924b79b39baddbc73f58acc9ff63e8ab640d63458071705654c6779db03f',
  'governance@2.0.0': '0672526aeea210a7f69f710c8be858354623b1a87f8d8fe1d90421637c2367d4',
  'identity@2.0.0': '608cb819d2945fb9b0b605ba4ec9d46fe9571e02681b4f633f0fa7d62ef164a8',
  'logbook@1.1.0': 'de632abe6fe41bde03229a7a1d5108fdf08c59e0c17cce9ab5cbe2b918a85078',
  'measuring@1.0.0': '7b8c8d2e1de364b1f4d5951952b96b149f13677ee2b1830ec1458023c0f67466',
  'pki@2.0.0': '84b3661825520302bfd968728021e750942afc5be79d77fb3b560e24db89f9ab',
  'privacy@1.0.0': 'd392814f537b7011d556af7bc011b9e83d08d895f2a9dc67b868d8006a49162f',
}
