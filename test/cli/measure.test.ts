import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { BRAKE_PARAMETERS, CAR, codeHash } from '../contracts/measuring-support.js'
import { inProcess, lastJson, temporaryFolder } from './support.js'

/** docs/contracts/measuring.md runs as a whole against four replicas (test/docs); here is what goes wrong. */

const at = temporaryFolder()
const up = at('up')
const PARAMETERS = JSON.stringify({ brake: BRAKE_PARAMETERS })
const INPUTS = JSON.stringify({ brake: CAR })
const PROPOSE = ['propose', 'brake', '1.0.0', PARAMETERS, '--algorithm', 'brake-2', '--certificate', 'X'] as const

let cluster: LocalCluster
let key: string

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: up, replicas: 3 })
  await cluster.start()
  key = cluster.adminKeyFile('maker')
})
afterAll(() => cluster?.stop('SIGKILL'))

const measure = (...args: readonly string[]) => inProcess('measure', ...args, '--up', up)

describe('etalon measure', () => {
  it('lists the shipped algorithms with their hashes', async () => {
    const listed = await inProcess('measure', 'algorithms', '--json')
    expect(lastJson(listed)).toMatchObject({
      algorithms: expect.arrayContaining([
        { algorithm: 'brake-2', codeHash: codeHash('brake-2'), summary: expect.any(String) },
      ]),
    })
  })

  it('refuses an algorithm that there is not, before anything is submitted', async () => {
    const refused = await measure(
      'propose',
      'brake',
      '1.0.0',
      PARAMETERS,
      '--algorithm',
      'brake-9',
      '--certificate',
      'X',
      '--key',
      key,
    )
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('there is no algorithm brake-9')])
  })

  it('records the hash of the certificate, and shows who may not approve', async () => {
    const file = at('certificate.pdf')
    writeFileSync(file, 'abc')
    const proposed = await measure(...PROPOSE, '--certificate-file', file, '--key', key)
    expect(proposed.exit).toBe(0)
    const read = await inProcess(
      'query',
      'measuring',
      'version',
      '{"software":"brake","version":"1.0.0"}',
      '--up',
      up,
      '--json',
    )
    // FIPS 180-2, B.1
    const certificateHash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(lastJson(read)).toMatchObject({ value: { certificateHash } })
    const own = await measure('approve', 'brake', '1.0.0', '--key', key)
    expect([own.exit, own.stderr]).toEqual([1, expect.stringContaining('identity/not-authorized')])
    expect(own.stderr).toContain(`approving brake-2, code ${codeHash('brake-2')}`)
    const unknown = await measure('approve', 'brake', '9.0.0', '--key', key)
    expect([unknown.exit, unknown.stderr]).toEqual([1, expect.stringContaining('error measure/unknown-version')])
  })

  it('shows the log of a system, and that an attempt with a version that is not approved stands in it', async () => {
    await inProcess(
      'tx',
      'submit',
      'measuring',
      'register',
      '{"system":"b-1","software":"brake"}',
      '--key',
      key,
      '--up',
      up,
    )
    const out = at('refused.json')
    const refused = await measure('run', 'b-1', '1.0.0', INPUTS, '--key', key, '--out', out)
    expect([refused.exit, refused.stdout]).toEqual([0, expect.stringContaining('the version is not-approved')])
    const shown = await measure('log', 'b-1', '--json')
    expect(lastJson(shown)).toMatchObject({
      events: [
        { counter: 2, name: 'measuring/version-refused', data: { reason: 'not-approved' } },
        { counter: 1, name: 'measuring/registered' },
      ],
    })
    const short = await measure('log', 'b-1', '--limit', '1')
    expect(short.stderr).toContain('1 earlier ones')
    const none = await measure('reevaluate', out, INPUTS)
    expect([none.exit, none.stderr]).toEqual([1, expect.stringContaining('error measure/no-result')])
    const file = at('no-receipt.json')
    writeFileSync(file, '{}')
    const other = await measure('reevaluate', file, INPUTS)
    expect([other.exit, other.stderr]).toEqual([1, expect.stringContaining('error receipt/not-proven')])
  })

  it('an empty log has no events', async () => {
    expect(await measure('log', 'b-9')).toMatchObject({ exit: 0, stdout: 'no events\n' })
  })
})
