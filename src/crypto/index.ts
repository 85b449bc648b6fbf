export { leafHash, MerkleTree, verifyInclusion } from './merkle.js'
export { nobleSuite } from './noble.js'
export type { CryptoSuite } from './suite.js'
