/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '6fdde20274b632153cd585d3e2d115c50abac6460aa754b98b67d569c8da2fab',
  'governance@2.0.0': '767c18397643957005d6523d0e7615213cc86be7a64ed0bd0fa6939936c66868',
  'identity@2.0.0': '4978259e76e18683876e3cdb5f5e65aa3a33b450059ac90c9f637fd869dcd413',
  'logbook@1.1.0': 'f8e852edf0a5c6fe94ebcfdab100551c20957991c394addf47d66ccf557d49ef',
  'measuring@1.0.0': 'c3d2685d56d97d458712cd5819bbc56da64e2c5078d0dd8f24c71ed0d21defeb',
  'pki@2.0.0': '3628b13a1a22957a4470e7ae9aa09e0a3c1f2668197e7bad48c7d7ff96ac6980',
  'privacy@1.0.0': 'bcbc5459daab7ba6c7773b7d53eb07422d88847dd17d3addeb3635a17e0e0a88',
}
