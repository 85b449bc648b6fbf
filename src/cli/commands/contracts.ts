import { describeContracts, RUNTIME_REFUSALS } from '../../contracts/describe.js'
import { CODE_HASHES } from '../../contracts/generated/code-hashes.js'
import {
  BUILT_IN_CONTRACTS,
  type ContractDescription,
  type Meaning,
  type MethodDescription,
  type QueryDescription,
} from '../../contracts/index.js'
import { EXIT, printResult, usage } from '../output.js'
import { argumentRows } from '../schema-text.js'
import { columns, indent, wrap } from '../table.js'

/** Describes the contracts that this version carries: all in short, one in full, or one method or query of it. */
export function contracts(name: string | undefined, member: string | undefined, options: { json?: boolean }): number {
  const all = describeContracts(BUILT_IN_CONTRACTS)
  if (name === undefined) {
    printResult(options.json, { contracts: all, refusals: runtimeRefusals() }, overview(all))
    return EXIT.ok
  }
  const contract = all.find((candidate) => candidate.name === name)
  if (contract === undefined) {
    throw usage(
      `there is no contract ${name}`,
      `the contracts are: ${all.map((candidate) => candidate.name).join(', ')}`,
    )
  }
  const chosen = member === undefined ? contract : narrowed(contract, member)
  const code = CODE_HASHES[`${contract.name}@${contract.version}`] ?? ''
  printResult(options.json, { ...chosen, code }, inFull(chosen, code))
  return EXIT.ok
}

function narrowed(contract: ContractDescription, member: string): ContractDescription {
  const methods = contract.methods.filter(({ name }) => name === member)
  const queries = contract.queries.filter(({ name }) => name === member)
  if (methods.length + queries.length > 0) return { ...contract, methods, queries }
  const known = [...contract.methods, ...contract.queries].map(({ name }) => name)
  throw usage(`${contract.name} has no method or query ${member}`, `it has: ${known.join(', ')}`)
}

const runtimeRefusals = (): readonly Meaning[] =>
  Object.entries(RUNTIME_REFUSALS).map(([code, text]) => ({ code, text }))

function overview(all: readonly ContractDescription[]): string {
  const parts = all.map(({ name, version, summary, methods, queries }) => {
    const rows = [
      ...methods.map((method) => ['method', method.name, method.summary]),
      ...queries.map((query) => ['query', query.name, query.summary]),
    ]
    return `${name} ${version}\n${indent(`${summary}\n${columns(rows)}`)}`
  })
  const refusals = columns(runtimeRefusals().map(({ code, text }) => [code, text]))
  const hint = '`etalon contracts CONTRACT` shows arguments, roles and refusals'
  return [...parts, `any method may be refused with\n${indent(refusals)}`, hint].join('\n\n')
}

const LEGEND = 'NAME? may be left out; lengths of texts are in characters'

function inFull(contract: ContractDescription, code: string): string {
  const head = `${contract.name} ${contract.version}\n${indent(`${wrap(contract.summary)}\ncode ${code}`)}`
  return [head, ...contract.methods.map(methodText), ...contract.queries.map(queryText), LEGEND].join('\n\n')
}

function methodText(method: MethodDescription): string {
  const roles =
    method.roles.length === 0 ? 'any organization' : `an organization with the role ${method.roles.join(' or ')}`
  const kinds = method.kinds.length === 0 ? '' : `, by its ${method.kinds.join(' or ')}`
  const caller = `called by ${roles}${kinds}${method.signed ? ", with the member's own signature" : ''}`
  const events = section(
    'events',
    method.events.map(({ code, text }) => [code, text]),
  )
  return [
    `method ${method.name}`,
    indent([wrap(method.summary), caller, ...common(method), ...events].join('\n')),
  ].join('\n')
}

function queryText(query: QueryDescription): string {
  return [`query ${query.name}`, indent([wrap(query.summary), ...common(query)].join('\n'))].join('\n')
}

function common({ args, refusals }: QueryDescription): readonly string[] {
  const rows = argumentRows(args)
  const refused = section(
    'refusals',
    refusals.map(({ code, text }) => [code, text]),
  )
  return [...(rows.length === 0 ? ['no arguments'] : section('arguments', rows)), ...refused]
}

function section(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? [] : [title, indent(columns(rows))]
}
