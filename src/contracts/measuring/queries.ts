import { Type } from 'typebox'
import { defineQuery } from '../contract.js'
import { Hash, HeightArgument, Limit, Name, PAGE_MAX } from '../limits.js'
import { ALGORITHMS } from './algorithms/index.js'
import { evaluate, findingHash, inputHash, isShipped, versionProblem } from './engine.js'
import {
  type LogRecord,
  logKey,
  type SoftwareRecord,
  SYSTEMS_PREFIX,
  type SystemRecord,
  softwareKey,
  systemKey,
  versionsPrefix,
} from './records.js'
import { Inputs } from './schemas.js'
import { Version } from './software.js'
import { System } from './systems.js'

/** Versions of one software that `identify` lists: the last in order of their names. */
const VERSIONS_MAX = PAGE_MAX

export const algorithms = defineQuery({
  summary: 'The shipped algorithms with the hashes of their code.',
  args: Type.Object({}, { additionalProperties: false }),
  refusals: [],
  handler: () =>
    [...ALGORITHMS].map(([algorithm, { kind, codeHash, summary }]) => ({ algorithm, kind, codeHash, summary })),
})

export const version = defineQuery({
  summary: 'One version of a software, as it is recorded.',
  args: Type.Object({ software: Name, version: Version }, { additionalProperties: false }),
  refusals: ['measuring/unknown-version'],
  handler(ctx, { software, version: name }) {
    const record = ctx.state.get<SoftwareRecord>(softwareKey(software, name))
    if (record === undefined) return ctx.refuse('measuring/unknown-version', `${software} has no version ${name}`)
    return record
  },
})

export const versions = defineQuery({
  summary: 'The versions of a software, in ascending order of their names.',
  args: Type.Object(
    { software: Name, limit: Type.Optional(Limit), after: Type.Optional(Version) },
    { additionalProperties: false },
  ),
  refusals: [],
  async handler(ctx, { software, limit = PAGE_MAX, after }) {
    const last = after === undefined ? undefined : softwareKey(software, after)
    const entries = await ctx.list<SoftwareRecord>(versionsPrefix(software), limit, last)
    return entries.map(({ value }) => value)
  },
})

export const system = defineQuery({
  summary: 'A measuring system and the end of its event log.',
  args: Type.Object({ system: System }, { additionalProperties: false }),
  refusals: ['measuring/unknown-system'],
  handler(ctx, { system: name }) {
    const record = ctx.state.get<SystemRecord>(systemKey(name))
    if (record === undefined) return ctx.refuse('measuring/unknown-system', `there is no measuring system ${name}`)
    return { ...record, log: ctx.state.get<LogRecord>(logKey(name)) ?? null }
  },
})

export const systems = defineQuery({
  summary: 'The measuring systems, in ascending order of their names.',
  args: Type.Object({ limit: Type.Optional(Limit), after: Type.Optional(System) }, { additionalProperties: false }),
  refusals: [],
  async handler(ctx, { limit = PAGE_MAX, after }) {
    const last = after === undefined ? undefined : systemKey(after)
    const entries = await ctx.list<SystemRecord>(SYSTEMS_PREFIX, limit, last)
    return entries.map(({ value }) => value)
  },
})

/** WELMEC 7.2, P1/U2: the software identifies itself on demand. */
export const identify = defineQuery({
  summary:
    'Identification of the software of a system: versions, hashes, approvals, and which may be used at a height.',
  args: Type.Object({ system: System, height: HeightArgument }, { additionalProperties: false }),
  refusals: ['measuring/unknown-system'],
  async handler(ctx, { system: name, height }) {
    const record = ctx.state.get<SystemRecord>(systemKey(name))
    if (record === undefined) return ctx.refuse('measuring/unknown-system', `there is no measuring system ${name}`)
    const entries = await ctx.list<SoftwareRecord>(versionsPrefix(record.software), VERSIONS_MAX)
    return {
      system: name,
      software: record.software,
      contract: ctx.producer(),
      versions: entries.map(({ value }) => ({
        version: value.version,
        algorithm: value.algorithm,
        codeHash: value.codeHash,
        parametersHash: value.parametersHash,
        certificate: value.certificate,
        approvedBy: value.approvals.map(({ organization }) => organization),
        status: versionProblem(value, height) ?? 'in-force',
      })),
    }
  },
})

export const reevaluate = defineQuery({
  summary: 'Computes an old result again under its version, from the raw data whose hash the result names.',
  args: Type.Object(
    { software: Name, version: Version, inputs: Inputs, inputHash: Hash, findingHash: Hash },
    { additionalProperties: false },
  ),
  refusals: ['measuring/unknown-version', 'measuring/other-code', 'measuring/input-differs', 'measuring/bad-input'],
  handler(ctx, { software, version: name, inputs, inputHash: expectedInput, findingHash: expected }) {
    const record = ctx.state.get<SoftwareRecord>(softwareKey(software, name))
    if (record === undefined) return ctx.refuse('measuring/unknown-version', `${software} has no version ${name}`)
    if (!isShipped(record)) {
      return ctx.refuse('measuring/other-code', `${record.algorithm} is not shipped any more as it was approved`)
    }
    const hash = inputHash(ctx.crypto, inputs)
    if (hash !== expectedInput) return ctx.refuse('measuring/input-differs', `the raw data given have the hash ${hash}`)
    const evaluated = evaluate(ctx.crypto, record, inputs)
    if ('problem' in evaluated) return ctx.refuse('measuring/bad-input', evaluated.problem)
    const { finding } = evaluated
    const found = findingHash(ctx.crypto, finding)
    return { same: found === expected, finding, findingHash: found, producer: ctx.producer() }
  },
})
