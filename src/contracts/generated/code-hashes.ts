/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {
  'governance@1.0.0': '9cd07bb37166fa9e8d070438de029081ad4d0090857c9d573db7737fb7c0be0d',
  'identity@1.0.0': '13821fbfde17ff664f875b003837bd25ce53b744e7b3e660190e30d10ab2dc58',
  'logbook@1.0.0': 'f2f303cd3b5914ce5fcebac292049ab212ee5cef276df3d3e820e6610e7b4663',
  'pki@2.0.0': '09fe9116640e6803d8b6070cb94d2e1152efe777f0ebe70d0518cb6cee29b194',
}
