/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'fuel@1.0.0': '5a8fc72cc863db19a63f32cfd401abc72fbaa5126a538cbb64460c503424cc0d',
  'governance@2.0.0': '27965b2a6062b26e3be0219bfb42f843f0d6e82a04660c1ebffdc21ee5d17744',
  'identity@2.0.0': '4978259e76e18683876e3cdb5f5e65aa3a33b450059ac90c9f637fd869dcd413',
  'logbook@1.1.0': 'f8e852edf0a5c6fe94ebcfdab100551c20957991c394addf47d66ccf557d49ef',
  'measuring@1.0.0': 'c3d2685d56d97d458712cd5819bbc56da64e2c5078d0dd8f24c71ed0d21defeb',
  'pki@2.0.0': '843f3c8b8806c1aacc35f1932ed9fa51f4a50ca44073140fa2dceaefcce8f43a',
  'privacy@1.0.0': '1bb355e855ec40951a7a75095008674801f02d5253e563a93f6a38b792195ddd',
}
