import { describe, expect, it } from 'vitest'
import { receiptText, summarize } from '../../src/cli/receipt-text.js'
import type { ProvenReceipt } from '../../src/client/index.js'
import type { ReplicaInfo } from '../../src/types/index.js'
import { genesisOf } from '../contracts/support.js'

const replica = (id: number, organization: string): ReplicaInfo => ({
  id,
  organization,
  consensusKey: '',
  peerId: '',
  addresses: [],
})
const founders = ['inmetro', 'ptb', 'body', 'maker'].map((organization, id) => replica(id, organization))
const genesis = genesisOf({ replicas: founders })

/** As far as it is shown; that it is proven is not the matter here. */
function proven(view: number): ProvenReceipt {
  const links = [{ view: { id: 1, replicas: [...founders, replica(4, 'late')] } }]
  return {
    receipt: { transaction: 'a', status: 'done', code: '', detail: '', result: new Uint8Array(0), events: [] },
    sealed: { header: { height: 9, timeMs: 0 } },
    finality: {
      headers: [],
      certificate: { view, signatures: [0, 1, 2, view === 0 ? 3 : 4].map((id) => ({ replica: id })) },
    },
    ...(view === 0 ? {} : { views: links }),
  } as unknown as ProvenReceipt
}

describe('the text of a receipt', () => {
  it.each([
    [0, 'replica 3 of maker, maker, a test organization', '4 of 4 replicas signed the block, 3 are needed'],
    [1, 'replica 4 of late', '4 of 5 replicas signed the block, 4 are needed'],
  ])('counts the signatures by the view that gave them: view %i', (view, signer, final) => {
    const lines = receiptText(genesis, summarize(genesis, new Uint8Array(32), proven(view))).split('\n')
    expect(lines.at(-2)).toBe(`  signed by  ${signer}`)
    expect(lines.at(-1)).toBe(`  final      ${final}`)
  })

  it('names the block that was signed, where that is one above', () => {
    const { finality, ...rest } = proven(0)
    const headers = [{}, {}] as unknown as typeof finality.headers
    const text = receiptText(
      genesis,
      summarize(genesis, new Uint8Array(32), { ...rest, finality: { ...finality, headers } }),
    )
    expect(text).toContain('4 of 4 replicas signed block 11, which stands on it, 3 are needed')
  })
})
