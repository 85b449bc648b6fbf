import { describe, expect, it } from 'vitest'
import { toBase64, toHex, utf8 } from '../../src/base/bytes.js'
import { ed25519Signer } from '../../src/client/keys.js'
import { LightClient } from '../../src/client/light-client.js'
import { readStateAnswer } from '../../src/client/state-answer.js'
import { encodeReceipt, sealHeader } from '../../src/codec/block.js'
import { networkIdOf } from '../../src/codec/genesis.js'
import { formatProvenReceipt, type ProvenReceipt } from '../../src/codec/proven-receipt.js'
import { statementBytes } from '../../src/codec/statements.js'
import { finalityDocument } from '../../src/codec/view-links.js'
import { leafHash } from '../../src/crypto/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { BlockHeader, Finality, FinalityCertificate, Receipt, SealedHeader } from '../../src/types/index.js'
import { LIMITS } from '../../src/types/index.js'
import { GENESIS } from '../codec/samples.js'

const { sha256 } = nativeSuite
const SIGNERS = [0, 1, 2, 3].map((id) => ed25519Signer(sha256(utf8(`replica ${id}`))))
const genesis = {
  ...GENESIS,
  replicas: SIGNERS.map(({ publicKey }, id) => ({
    ...{ id, organization: `org${id}`, consensusKey: publicKey, peerId: `peer${id}`, addresses: [] },
  })),
}
const networkId = networkIdOf(sha256, genesis)

const RECEIPT: Receipt = {
  ...{ transaction: '11'.repeat(32), status: 'done', code: '', detail: '', result: utf8('1'), events: [] },
}
const RECEIPT_BYTES = encodeReceipt(RECEIPT)

const FIRST: BlockHeader = {
  height: 7,
  previous: '01'.repeat(32),
  value: '02'.repeat(32),
  transactionRoot: '03'.repeat(32),
  receiptRoot: toHex(leafHash(sha256, RECEIPT_BYTES)),
  stateRoot: '00'.repeat(32),
  timeMs: 1_764_000_000_000,
  view: '06'.repeat(32),
  contracts: '07'.repeat(32),
  transactions: 1,
}

/** Headers, each on the one before. */
function chain(length: number): readonly [SealedHeader, ...SealedHeader[]] {
  const headers: [SealedHeader, ...SealedHeader[]] = [sealHeader(sha256, FIRST)]
  for (let i = 1; i < length; i++) {
    const { header, hash } = headers.at(-1) ?? expect.fail()
    const next = { ...header, height: header.height + 1, previous: hash, value: toHex(sha256(utf8(`value ${i}`))) }
    headers.push(sealHeader(sha256, next))
  }
  return headers
}

function certify(
  { header, hash }: SealedHeader,
  signers: readonly number[] = [0, 1, 2],
  regency = 4,
): FinalityCertificate {
  const one = { kind: 'accept', view: 0, cid: header.height, regency, digest: header.value, header: hash } as const
  const statement = statementBytes(networkId, one)
  const signatures = signers.map((replica) => ({
    replica,
    signature: SIGNERS[replica]?.sign(statement) as Uint8Array,
  }))
  return { ...one, signatures }
}

const light = () => new LightClient(genesis, nativeSuite)
const [SEALED, ...ABOVE] = chain(4)
const FINALITY: Finality = { headers: ABOVE, certificate: certify(ABOVE.at(-1) ?? expect.fail()) }

describe('the proof of a header', () => {
  it('is its own certificate, or that of one above with the headers between', () => {
    expect(light().headerProblem(SEALED, { headers: [], certificate: certify(SEALED) })).toBeUndefined()
    expect(light().headerProblem(SEALED, FINALITY)).toBeUndefined()
    const [one, ...rest] = chain(LIMITS.windowMax + 1)
    const far = { headers: rest, certificate: certify(rest.at(-1) ?? expect.fail()) }
    expect(light().headerProblem(one, far)).toBeUndefined()
  })

  const [one, two, three] = ABOVE as [SealedHeader, SealedHeader, SealedHeader]
  const other = sealHeader(sha256, { ...two.header, timeMs: 5 })
  const tooFar = chain(LIMITS.windowMax + 2)
  const { certificate } = FINALITY
  const lies: Readonly<Record<string, [RegExp, Partial<Finality>, SealedHeader?]>> = {
    'no headers': [/of another block/, { headers: [] }],
    'a header too few at the end': [/of another block/, { headers: [one, two] }],
    'a header missing within': [/does not follow/, { headers: [one, three] }],
    'headers in another order': [/does not follow/, { headers: [two, one, three] }],
    'another header within': [/does not follow/, { headers: [one, other, three] }],
    'the header itself among them': [/does not follow/, { headers: [SEALED, ...ABOVE] }],
    'another header below': [/does not follow/, {}, sealHeader(sha256, { ...FIRST, timeMs: 5 })],
    'a certificate of the header below': [/of another block/, { certificate: certify(two) }],
    'a certificate of another height': [/of another block/, { certificate: { ...certificate, cid: 9 } }],
    'a certificate of another value': [/of another block/, { certificate: { ...certificate, digest: FIRST.value } }],
    'a certificate of another regency': [/signature/, { certificate: { ...certificate, regency: 5 } }],
    'too few signatures': [/a quorum is 3/, { certificate: certify(three, [0, 1]) }],
    'a view that is not known': [/not known/, { certificate: { ...certificate, view: 1 } }],
    'more headers than a window': [
      /too many/,
      { headers: tooFar.slice(1), certificate: certify(tooFar.at(-1) ?? expect.fail()) },
      tooFar[0],
    ],
  }
  it.each(Object.entries(lies))('is not believed with %s', (_, [problem, change, sealed = SEALED]) => {
    const client = light()
    // Whatever was checked before.
    expect(client.headerProblem(SEALED, FINALITY)).toBeUndefined()
    expect(client.headerProblem(sealed, { ...FINALITY, ...change })).toMatch(problem)
  })

  it('is not a certificate of WRITEs', () => {
    const { kind: _, ...rest } = certificate
    const write = { kind: 'write', ...rest } as unknown as FinalityCertificate
    expect(light().headerProblem(SEALED, { headers: ABOVE, certificate: write })).toMatch(/of kind write/)
  })
})

describe('documents with headers in their proof', () => {
  const proven: ProvenReceipt = {
    ...{ receipt: RECEIPT, receiptBytes: RECEIPT_BYTES, index: 0, path: [], sealed: SEALED, finality: FINALITY },
  }

  it('are receipt files', () => {
    const file = formatProvenReceipt(networkId, proven)
    expect(light().readReceipt(file)).toHaveProperty('proven')
    const { proof } = JSON.parse(file) as { proof: { headers: string[] } }
    expect(proof.headers).toHaveLength(3)
    const dropped = { ...proven, finality: { ...FINALITY, headers: ABOVE.slice(0, 2) } }
    expect(light().readReceipt(formatProvenReceipt(networkId, dropped))).toHaveProperty('problem')
    expect(light().readReceipt(file.replace('"regency": 4', '"regency": 5'))).toHaveProperty('problem')
  })

  it('are answers to a read of the state', () => {
    const answer = {
      ...{ replica: 2, value: null, proof: { siblings: [] }, header: toBase64(SEALED.bytes) },
      ...finalityDocument(FINALITY),
    }
    const read = (change: object) => readStateAnswer(light(), sha256, 'absent', { ...answer, ...change })
    expect(read({})).toEqual({ height: 7, value: undefined, replica: 2 })
    for (const change of [{ headers: undefined }, { headers: [toBase64(utf8('x'))] }, { headers: ['-'] }]) {
      expect(() => read(change), JSON.stringify(change)).toThrow(expect.objectContaining({ code: 'client/unproven' }))
    }
  })
})
