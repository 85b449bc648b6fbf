/** Made by scripts/codegen.mjs: SHA-256 of the code of each algorithm that the contract measuring ships. */
export const ALGORITHM_HASHES: Readonly<Record<string, string>> = {
  'brake-1': '3eae4fdb58f2c3dfbb676baa8ec932de5cd435dedd867bd3e6caa9d2ce1209bf',
  'brake-2': 'c47418d372f12e21f2c6c61ed2fb844e905ed7f1c0b9c28b06c664b5f9f1ef02',
  'energy-1': 'fb97373bbb2c6fcb8470b5ed8a318ea326622603bf96cfdfe7e614bf5e5cbe2f',
  'speed-1': 'cdbb63c3a315cbed0fabc9c46a3d5c3e45bb17f11e5773287cc6c0ecfae3a1e5',
}
