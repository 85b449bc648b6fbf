import protobuf from 'protobufjs/minimal.js'

// 64-bit fields are plain numbers here (heights, times and sequence numbers stay below 2^53), so the generated code must
// not find a Long library. Imported before the generated code, which looks once, when it loads.
Object.assign(protobuf.util, { Long: undefined })
protobuf.configure()
