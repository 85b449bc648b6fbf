export type { ApiModules, ApiOptions } from './modules.js'
export { type Api, createApi } from './server.js'
