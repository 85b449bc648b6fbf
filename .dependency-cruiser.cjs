// The layers of docs/architecture.md. Imports go down only; rooms on one floor do not know each other.
const FLOORS = [
  ['base'],
  ['types', 'crypto', 'codec', 'formats'],
  ['ports.ts'],
  ['consensus', 'contracts', 'ledger', 'p2p'],
  ['replica'],
  ['client', 'api', 'node', 'sim'],
  ['cli'],
]

const room = (name) => (name.endsWith('.ts') ? `^src/${name.replace('.', '\\.')}$` : `^src/${name}/`)

const upwards = FLOORS.flatMap((rooms, floor) => {
  const above = FLOORS.slice(floor + 1).flat()
  return above.length === 0
    ? []
    : rooms.map((name) => ({
        name: `${name}-knows-nothing-above`,
        severity: 'error',
        from: { path: room(name) },
        to: { path: above.map(room) },
      }))
})

/** Rooms on one floor that may know another: the composition roots serve the API; clients check what the pure core defines. */
const NEIGHBOURS_ALLOWED = {
  node: ['api'],
  crypto: ['types'],
  codec: ['types', 'crypto'],
  formats: ['types', 'crypto'],
}

const sideways = FLOORS.flatMap((rooms) =>
  rooms.flatMap((name) => {
    const others = rooms.filter((other) => other !== name && !(NEIGHBOURS_ALLOWED[name] ?? []).includes(other))
    return others.length === 0
      ? []
      : [
          {
            name: `${name}-does-not-know-its-neighbours`,
            severity: 'error',
            from: { path: room(name) },
            to: { path: others.map(room) },
          },
        ]
  }),
)

const PURE = ['^src/consensus/', '^src/contracts/', '^src/types/', '^src/base/', '^src/formats/']

module.exports = {
  forbidden: [
    ...upwards,
    ...sideways,
    {
      name: 'pure-rooms-know-no-platform',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-the-ledger-knows-level',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ledger/' },
      to: { path: 'node_modules/(level|classic-level|memory-level|abstract-level)/' },
    },
    {
      name: 'only-p2p-knows-libp2p',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/p2p/' },
      to: { path: 'node_modules/(libp2p|@libp2p|@multiformats)/' },
    },
    {
      name: 'clients-run-in-browsers',
      severity: 'error',
      from: { path: '^src/(client|codec|formats|crypto/(?!native))', pathNot: '^src/client/node' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'the-client-knows-nothing-of-the-node',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/(replica|ledger|p2p|node|api)/' },
    },
    {
      name: 'the-client-knows-only-types-of-the-contracts',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/contracts/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-ingress-verifies',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(replica/ingress|types/index)\\.ts$' },
      to: { path: '^src/types/verified\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
