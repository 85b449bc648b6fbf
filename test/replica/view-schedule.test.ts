import { expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.js'
import { governanceKeys, type ViewRecord } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { ViewSchedule } from '../../src/replica/view-schedule.js'
import { testGenesis, testReplica } from '../support/in-process.js'

const genesis = testGenesis(4, {}, 6)

function record(id: number, from: number): ViewRecord {
  const replicas = Array.from({ length: 4 + id }, (_, replica) => ({ id: replica, ...testReplica(replica) }))
  return { id, from, replicas }
}

it('tells the view of a height by a state whose blocks are not final yet, as the final blocks will', () => {
  const [second, third] = [record(1, 20), record(2, 30)]
  const rows = new Map<string, Uint8Array>()
  for (const one of [second, third]) rows.set(governanceKeys.view(one.id), utf8(JSON.stringify(one)))
  const views = new ViewSchedule(nativeSuite.sha256, genesis)
  const state = { get: (key: string) => rows.get(key) }
  const before = [1, 19, 20, 29, 30, 99].map((height) => views.hashAt(height, state))
  expect(new Set(before).size).toBe(3)
  expect(views.hashAt(99, { get: () => undefined })).toBe(before[0])
  views.put(second)
  views.put(third)
  expect([1, 19, 20, 29, 30, 99].map((height) => views.at(height).hash)).toEqual(before)
})
