import { ROLES, type Role } from '../types/index.js'
import { usage } from './output.js'

/** Reads roles separated by commas; gives them in the order in which they are listed, each once. @throws EtalonError `cli/usage` */
export function readRoles(text: string): Role[] {
  const named = text.split(',').map((role) => role.trim())
  const unknown = named.filter((role) => !ROLES.some((known) => known === role))
  if (unknown.length > 0) throw usage(`there is no role ${unknown.join(', ')}`, `the roles are: ${ROLES.join(', ')}`)
  return ROLES.filter((role) => named.includes(role))
}
