/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '280ff0b54c30ae3c556978c62f5e96efc3950165df8459abf4bb9640ae5b853b',
  'governance@2.0.0': '702d219a37cdf3c856dfa92945f62239d2b3dcaaa0b05b0b71c1fd59e5cd2f18',
  'identity@2.0.0': '92f0fa98b87e2eb972adf23bc88f266a4df75eb7cfd48f67fb3145effd3405b6',
  'logbook@1.1.0': 'bbb6c29178f15709a2a8ad97a9f35dbd592b3a21102bbf65633886313bc72d11',
  'measuring@1.0.0': '54d7178971ed1f3cb61ddf97e65419bd86123c4afbcf9dfbe0261203c00cc4ee',
  'pki@2.0.0': 'e590d4957a113ebb2131aac462e86638e18c2d8067d084bd2bd5de7e431ffea0',
  'privacy@1.0.0': 'a0b8530cc49507277418ae6cb411275cb12beb63221a7998774bb358e8ff7f30',
}
