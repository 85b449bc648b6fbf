import { describe, expect, it } from 'vitest'
import { BUILT_IN_CONTRACTS } from '../../src/contracts/index.js'
import { type PublicKey, parsePublicKey } from '../../src/formats/public-key.js'
import { Chain, didOf, ed25519Key, genesisOf, VIEW } from './support.js'

/** DIDs of organizations and members: W3C DID Core 1.0 (5 documents, 7.1 resolution), Multikey of W3C Controlled Identifiers 1.0. */

// Examples of the text of the method did:key, for Ed25519 and for P-256: multicodec 0xed and 0x1200, as varints.
const KNOWN = [
  ['ed25519', 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'],
  ['p256', 'zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169'],
] as const

interface Resolved {
  readonly didDocument: {
    readonly id: string
    readonly controller: string
    readonly verificationMethod: readonly { readonly id: string; readonly publicKeyMultibase: string }[]
    readonly authentication: readonly string[]
    readonly assertionMethod: readonly string[]
  }
  readonly didDocumentMetadata: { readonly deactivated: boolean }
  readonly next: string | null
}

const start = () => new Chain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW }))

async function resolve(chain: Chain, name: string, page: object = {}): Promise<Resolved> {
  const answer = await chain.ask('identity.did', { id: didOf(name), ...page })
  if (!answer.ok) throw new Error(answer.code)
  return answer.value as unknown as Resolved
}

const enroll = (chain: Chain, name: string, keyType: string, publicKey: string) =>
  chain.send('identity.enroll', { from: 'maker', args: { name, keyType, publicKey, kind: 'client' } }).code

const names = ({ didDocument }: Resolved) => didDocument.verificationMethod.map(({ id }) => id.split('#')[1])

describe('a DID of an organization', () => {
  it('has a document with the keys of its members', async () => {
    const { didDocument, didDocumentMetadata, next } = await resolve(start(), 'maker')
    const id = didOf('maker')
    expect(didDocument).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
      id,
      controller: id,
      verificationMethod: ['admin', 'operator'].map((name) => ({
        id: `${id}#${name}`,
        type: 'Multikey',
        controller: id,
        publicKeyMultibase: expect.stringMatching(/^zDna/),
      })),
      authentication: [`${id}#admin`, `${id}#operator`],
      assertionMethod: [`${id}#admin`, `${id}#operator`],
    })
    expect([didDocumentMetadata, next]).toEqual([{ deactivated: false }, null])
  })

  it('leaves out who is retired', async () => {
    const chain = start()
    chain.send('identity.retire', { from: 'maker', args: { name: 'operator' } })
    expect(names(await resolve(chain, 'maker'))).toEqual(['admin'])
  })

  it('comes page by page', async () => {
    const chain = start()
    const first = await resolve(chain, 'maker', { limit: 1 })
    expect([names(first), first.next]).toEqual([['admin'], 'admin'])
    const second = await resolve(chain, 'maker', { limit: 2, after: first.next })
    expect([names(second), second.next]).toEqual([['operator'], null])
  })

  it('is deactivated once the organization is expelled, and so are those of its members', async () => {
    const chain = start()
    const changes = [{ kind: 'expel', organization: 'grid' }]
    chain.send('governance.propose', { from: 'ptb', args: { title: 'x', changes, expiresMs: chain.timeMs + 100_000 } })
    for (const from of ['ptb', 'inmetro']) chain.send('governance.vote', { from, args: { proposal: 0, approve: true } })
    for (const name of ['grid', 'grid:admin']) {
      const { didDocument, didDocumentMetadata } = await resolve(chain, name)
      expect(didDocument).toMatchObject({ verificationMethod: [], authentication: [], assertionMethod: [] })
      expect(didDocumentMetadata).toEqual({ deactivated: true })
    }
  })
})

describe('a DID of a member', () => {
  it.each(KNOWN)('has the key as the Multikey that is known: %s', async (keyType, multikey) => {
    const chain = start()
    const { compressed } = parsePublicKey(`did:key:${multikey}`) as PublicKey
    expect(enroll(chain, 'known', keyType, compressed)).toBe('')
    const { didDocument } = await resolve(chain, 'maker:known')
    const id = didOf('maker:known')
    expect(didDocument).toMatchObject({
      id,
      controller: didOf('maker'),
      verificationMethod: [{ id: `${id}#known`, type: 'Multikey', controller: id, publicKeyMultibase: multikey }],
    })
  })

  it('has the new key after a rotation', async () => {
    const chain = start()
    const [[, multikey]] = KNOWN
    const { compressed: publicKey } = parsePublicKey(`did:key:${multikey}`) as PublicKey
    enroll(chain, 'robot', 'ed25519', ed25519Key(90))
    chain.send('identity.rotate', { from: 'maker', args: { name: 'robot', keyType: 'ed25519', publicKey } })
    const { didDocument } = await resolve(chain, 'maker:robot')
    expect(didDocument.verificationMethod.map((it) => it.publicKeyMultibase)).toEqual([multikey])
  })

  it('is deactivated, and without a key, once the member is retired', async () => {
    const chain = start()
    chain.send('identity.retire', { from: 'maker', args: { name: 'operator' } })
    expect(await resolve(chain, 'maker:operator')).toMatchObject({
      didDocument: { verificationMethod: [] },
      didDocumentMetadata: { deactivated: true },
    })
  })
})

describe('what is no DID of the network', () => {
  it.each([
    ['another method', 'did:web:example.org'],
    ['another network', `did:etalon:${'0'.repeat(64)}:maker`],
    ['no organization', didOf('')],
    ['an organization in capitals', didOf('Maker')],
    ['a name that is too long', didOf('m'.repeat(65))],
    ['a name of a member that is too long', didOf(`m:${'m'.repeat(65)}`)],
    ['a part too many', didOf('maker:admin:key')],
    ['a DID URL with a fragment', didOf('maker#admin')],
    ['a DID URL with a path', didOf('maker/admin')],
    ['a percent-encoded name', didOf('maker%2E')],
    ['a line break at the end', `${didOf('maker')}\n`],
  ])('%s is refused', async (_, id) => {
    expect(await start().ask('identity.did', { id })).toMatchObject({ ok: false, code: 'identity/bad-did' })
  })

  it('more than a DID can have is not looked at', async () => {
    const id = didOf(`${'m'.repeat(64)}:${'m'.repeat(64)}`)
    expect(await start().ask('identity.did', { id })).toMatchObject({ code: 'identity/unknown-organization' })
    expect(await start().ask('identity.did', { id: `${id}m` })).toMatchObject({ code: 'runtime/invalid-arguments' })
  })
})
