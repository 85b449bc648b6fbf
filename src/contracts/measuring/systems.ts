import { Type } from 'typebox'
import { defineMethod, type Json, type MethodContext } from '../contract.js'
import { organizationKey } from '../identity/records.js'
import { Name } from '../limits.js'
import { evaluate, findingHash, inputHash, versionProblem } from './engine.js'
import {
  type LogRecord,
  logKey,
  makerKey,
  type SoftwareRecord,
  type SystemRecord,
  softwareKey,
  systemKey,
} from './records.js'
import { Inputs } from './schemas.js'
import { Version } from './software.js'

export const System = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })

/**
 * Adds an event to the log of a system (WELMEC 7.2, extension L: complete, in order, not erasable): the counter grows by one, and the event
 * names the transaction of the one before.
 */
function log<E extends string>(
  ctx: MethodContext<string, E>,
  system: string,
  name: E,
  data: { readonly [key: string]: Json },
): { readonly counter: number; readonly previous: string | null } {
  const end = ctx.state.get<LogRecord>(logKey(system))
  const counter = (end?.counter ?? 0) + 1
  const previous = end?.last ?? null
  ctx.state.set(logKey(system), { counter, last: ctx.transaction, height: ctx.height, timeMs: ctx.timeMs })
  ctx.emit(name, { ...data, system, counter, previous })
  return { counter, previous }
}

const unknownSystem = (system: string): string => `there is no measuring system ${system}`

export const register = defineMethod({
  summary: 'Registers a measuring system, with the software that it runs and who submits its raw data.',
  args: Type.Object({ system: System, software: Name, operator: Type.Optional(Name) }, { additionalProperties: false }),
  roles: ['manufacturer', 'owner', 'utility', 'laboratory', 'nmi', 'notified-body'],
  signed: true,
  events: ['measuring/registered'],
  refusals: ['measuring/system-exists', 'measuring/unknown-software', 'measuring/unknown-organization'],
  handler(ctx, { system, software, operator = ctx.caller.organization }) {
    const { organization } = ctx.caller
    const existing = ctx.state.get<SystemRecord>(systemKey(system))
    if (existing !== undefined) {
      return ctx.refuse('measuring/system-exists', `${existing.organization} registered ${system}`)
    }
    if (ctx.state.get(makerKey(software)) === undefined) {
      return ctx.refuse('measuring/unknown-software', `no version of ${software} was ever proposed`)
    }
    if (ctx.other('identity').get(organizationKey(operator)) === undefined) {
      return ctx.refuse('measuring/unknown-organization', `there is no organization ${operator}`)
    }
    const registered = { height: ctx.height, timeMs: ctx.timeMs }
    const record: SystemRecord = { system, software, organization, operator, registered, retired: null }
    ctx.state.set(systemKey(system), record)
    const { counter } = log(ctx, system, 'measuring/registered', { software, organization, operator })
    return { system, software, operator, counter }
  },
})

export const retire = defineMethod({
  summary: 'Retires a measuring system: nothing more is measured with it, its log stays.',
  args: Type.Object(
    { system: System, reason: Type.String({ minLength: 1, maxLength: 256 }) },
    { additionalProperties: false },
  ),
  roles: 'any',
  signed: true,
  events: ['measuring/retired'],
  refusals: ['measuring/unknown-system', 'measuring/retired', 'measuring/not-keeper'],
  handler(ctx, { system, reason }) {
    const { organization, roles, member } = ctx.caller
    const record = ctx.state.get<SystemRecord>(systemKey(system))
    if (record === undefined) return ctx.refuse('measuring/unknown-system', unknownSystem(system))
    if (organization !== record.organization && organization !== record.operator && !roles.includes('nmi')) {
      return ctx.refuse('measuring/not-keeper', `${record.organization} registered and ${record.operator} operates it`)
    }
    if (record.retired !== null) return ctx.refuse('measuring/retired', record.retired.reason)
    const retired = { organization, reason, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(systemKey(system), { ...record, retired })
    const { counter } = log(ctx, system, 'measuring/retired', { organization, reason, by: member })
    return { system, status: 'retired', counter }
  },
})

/**
 * A version that is not allowed is refused by an outcome of the receipt and not by a refusal: a refused transaction changes nothing, so the
 * attempt would be missing from the counted log of the system, and a log that lacks what was tried with wrong software is what WELMEC 7.2
 * (extension D) does not permit.
 */
export const measure = defineMethod({
  summary: 'Computes a result from the raw data of a measuring system, under one version of its software.',
  args: Type.Object({ system: System, version: Version, inputs: Inputs }, { additionalProperties: false }),
  roles: 'any',
  events: ['measuring/measured', 'measuring/version-refused'],
  refusals: ['measuring/unknown-system', 'measuring/retired', 'measuring/not-operator', 'measuring/bad-input'],
  handler(ctx, { system, version, inputs }) {
    const { organization, member } = ctx.caller
    const record = ctx.state.get<SystemRecord>(systemKey(system))
    if (record === undefined) return ctx.refuse('measuring/unknown-system', unknownSystem(system))
    if (record.retired !== null) return ctx.refuse('measuring/retired', record.retired.reason)
    if (organization !== record.operator) {
      return ctx.refuse('measuring/not-operator', `${record.operator} operates ${system}`)
    }
    const { software } = record
    const used = ctx.state.get<SoftwareRecord>(softwareKey(software, version))
    const reason = versionProblem(used, ctx.height)
    const attempt = { software, version, organization, by: member }
    if (used === undefined || reason !== undefined) {
      const hash = inputHash(ctx.crypto, inputs)
      const facts = { ...attempt, reason: reason ?? 'unknown', inputHash: hash }
      const place = log(ctx, system, 'measuring/version-refused', facts)
      return { outcome: 'refused-version' as const, entry: ctx.transaction, system, ...place, ...facts }
    }
    const evaluated = evaluate(ctx.crypto, used, inputs)
    if ('problem' in evaluated) return ctx.refuse('measuring/bad-input', evaluated.problem)
    const { finding } = evaluated
    const hash = findingHash(ctx.crypto, finding)
    const { verdict, inputHash: input } = finding
    const place = log(ctx, system, 'measuring/measured', { ...attempt, inputHash: input, findingHash: hash, verdict })
    return {
      outcome: 'measured' as const,
      entry: ctx.transaction,
      system,
      ...place,
      finding,
      findingHash: hash,
      producer: ctx.producer(),
    }
  },
})
