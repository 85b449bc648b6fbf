import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EtalonClient, EtalonError, LightClient, readStateFile } from '../../src/client/index.js'
import { readViewLink, type ViewLinkDocument } from '../../src/codec/view-links.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { ViewLink } from '../../src/types/index.js'
import { InProcessNetwork, testReplica, until } from '../support/in-process.js'

/** Whoever holds the genesis document alone follows the views (consensus.md, Reconfiguration). */

let network: InProcessNetwork
let url: string

beforeAll(async () => {
  network = new InProcessNetwork(4, {}, {}, 6)
  for (const id of [0, 1, 2, 3, 4, 5]) await network.start(id)
  for (const id of [4, 5]) {
    await network.changeView([{ kind: 'add', ...testReplica(id) }], [0, 1, 2, 3])
    await until(() => network.get(0).replica.status().view === id - 3, 'the view begins')
  }
  url = await network.serve(0)
}, 30_000)

afterAll(async () => {
  await network.close()
})

const newClient = () =>
  new EtalonClient({ genesis: network.genesis, urls: [url], suite: nativeSuite, identity: network.identity(0) })
const entry = (payload: string) => ({ category: 'test', subject: 'subject', payload })

async function links(): Promise<readonly ViewLink[]> {
  const { links: documents } = (await (await fetch(`${url}/v1/views`)).json()) as { links: ViewLinkDocument[] }
  return documents.flatMap((document) => readViewLink(nativeSuite.sha256, document) ?? [])
}

describe('a client that knows the genesis alone', () => {
  it('verifies a receipt of a later view, and its file offline', async () => {
    const receipt = await newClient().submit('logbook', 'append', entry('later'))
    expect(receipt.proven.finality.certificate.view).toBe(2)
    const light = new LightClient(network.genesis, nativeSuite)
    expect(light.readReceipt(receipt.file)).toHaveProperty('proven')
    expect(light.newestView).toBe(2)
  })

  it('follows to the view of a state proof, and on the channel', async () => {
    const client = newClient()
    expect((await client.state('governance/register')).value).toMatchObject({ view: 2 })
    expect(client.light.newestView).toBe(2)
    const other = newClient()
    const channel = await other.channel()
    const submitted = await channel.submit(await other.encode('logbook', 'append', entry('on the channel')))
    expect(submitted.kind).toBe('final')
    channel.close()
  })

  it('believes no receipt without its links, and none with one bit of them changed', async () => {
    const { file, proven } = await newClient().submit('logbook', 'append', entry('bits'))
    const light = () => new LightClient(network.genesis, nativeSuite)
    const { views: _, ...bare } = proven
    expect(light().receiptProblem(bare)).toMatch(/view 2 is not known/)
    const at = file.indexOf('"views"')
    for (let i = at; i < file.length; i += 7) {
      const changed = Buffer.from(file)
      changed[i] = (changed[i] ?? 0) ^ 1
      expect('proven' in light().readReceipt(changed.toString('utf8')), `byte ${i}`).toBe(false)
    }
  })
})

describe('a state file', () => {
  const fresh = () => new LightClient(network.genesis, nativeSuite)
  const read = (text: string) => readStateFile(fresh(), nativeSuite.sha256, text)

  it('carries the links to its view, and is checked with the genesis alone', async () => {
    const client = newClient()
    await client.submit('logbook', 'append', entry('before the file'))
    const text = await client.stateFile('governance/register')
    expect((JSON.parse(text) as { views: unknown[] }).views).toHaveLength(2)
    expect(read(text)).toMatchObject({ key: 'governance/register', value: { view: 2 } })
    const { views: _, ...bare } = JSON.parse(text) as { views: unknown }
    expect(() => read(JSON.stringify(bare))).toThrow('links to its view are missing')
  })

  it('says what it said, or is refused, whichever bit of it is changed', async () => {
    const text = await newClient().stateFile('identity/organizations/org0')
    const said = JSON.stringify(read(text))
    let refused = 0
    for (let i = 0; i < text.length; i += 11) {
      const changed = Buffer.from(text)
      changed[i] = (changed[i] ?? 0) ^ 1
      try {
        expect(JSON.stringify(read(changed.toString('utf8'))), `byte ${i}`).toBe(said)
      } catch (error) {
        if (!(error instanceof EtalonError)) throw error
        expect(error.code).toMatch(/^proof\//)
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(text.length / 11 / 2)
  })
})

describe('a light client', () => {
  it('takes links in order only, each proven by the view before', async () => {
    const [one, two] = (await links()) as [ViewLink, ViewLink]
    const light = () => new LightClient(network.genesis, nativeSuite)
    expect(light().follow([one, two])).toBeUndefined()
    expect(light().follow([two])).toMatch(/no link to view 1/)
    expect(light().follow([{ ...one, view: two.view }])).toMatch(/no link/)
    expect(light().follow([{ ...one, view: { ...two.view, id: 1 } }])).toMatch(/names another view/)
    expect(light().follow([one, { ...two, certificate: one.certificate }])).toMatch(/not proven by the view before/)
    expect(light().follow([{ ...one, sealed: two.sealed }])).toMatch(/certificate is of another block/)
  })

  it('believes a view no further than to its last height', async () => {
    const [one] = (await links()) as [ViewLink]
    const light = new LightClient(network.genesis, nativeSuite)
    const later = { ...one.certificate, cid: one.certificate.cid + 1 }
    const sealed = { ...one.sealed, header: { ...one.sealed.header, height: later.cid } }
    const finality = { headers: [], certificate: later }
    expect(light.headerProblem(sealed, finality)).toMatch(/signature/)
    light.follow([one])
    expect(light.headerProblem(sealed, finality)).toMatch(/not known to certify/)
  })
})
