import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { compare } from '../../src/cli/compare.js'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

/** Something that answers as a replica does; a block that it lacks it does not know. */
async function replica(finalized: number, blocks: Record<number, string>): Promise<{ url: string }> {
  const server = createServer((request, response) => {
    const height = Number(/^\/v1\/blocks\/(\d+)$/.exec(request.url ?? '')?.[1])
    const hash = blocks[height]
    const status = request.url === '/v1/status'
    response.statusCode = status || hash !== undefined ? 200 : 404
    response.setHeader('connection', 'close')
    response.end(JSON.stringify(status ? { finalized } : hash === undefined ? { code: 'block/unknown' } : { hash }))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const settled = async (...replicas: Promise<{ url: string }>[]) => await compare(await Promise.all(replicas), 0)
const gone = Promise.resolve({ url: 'http://127.0.0.1:9' })

describe('replicas are compared', () => {
  it('at the highest height that all have', async () => {
    const blocks = { 4: 'a', 5: 'b' }
    expect(await settled(replica(5, blocks), replica(4, { 4: 'a' }), replica(5, blocks))).toEqual({
      finalizedHeight: 4,
      divergent: 0,
    })
  })

  it('and those with another block are counted', async () => {
    const others = [replica(3, { 3: 'a' }), replica(3, { 3: 'a' })]
    expect(await settled(...others, replica(3, { 3: 'b' }))).toMatchObject({ divergent: 1 })
  })

  it('and those that do not give the block, even when none does', async () => {
    expect(await settled(replica(3, { 3: 'a' }), replica(3, {}))).toMatchObject({ divergent: 1 })
    expect(await settled(replica(3, {}), replica(3, {}), replica(3, {}))).toMatchObject({ divergent: 2 })
  })

  it('and those that are gone, without hiding what the others have', async () => {
    expect(await settled(replica(3, { 3: 'a' }), replica(3, { 3: 'a' }), gone)).toEqual({
      finalizedHeight: 3,
      divergent: 1,
    })
    expect(await settled(gone, gone)).toEqual({ finalizedHeight: 0, divergent: 2 })
  })

  it('at height 0, where all have the genesis', async () => {
    expect(await settled(replica(0, {}), replica(0, {}))).toEqual({ finalizedHeight: 0, divergent: 0 })
  })
})
