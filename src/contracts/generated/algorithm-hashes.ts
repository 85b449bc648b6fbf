/** Made by scripts/codegen.mjs: SHA-256 of the code of each algorithm that the contract measuring ships. */
export const ALGORITHM_HASHES: Readonly<Record<string, string>> = {
  'brake-1': '07af81e73a53953aecf1438cceed0c506e11791e34330b001d33af9562b570b4',
  'brake-2': 'c0dfb3f87d441a954241c8d1c2c7e755e2a6a75c5a232ac64373dcee4ae434e8',
  'energy-1': '5a809509cc3932f7cc18936702938c4bfd0d4723a2de292cc44e195e71c42c28',
  'speed-1': '3550969ebf2c9bd5f7bd780eadeb0729b8c28fa6cb916143afa5ff1826f6bc05',
}
