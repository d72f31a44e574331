const own = (name) => Object.getOwnPropertyDescriptor(process, name).get.name
const before = ['stdin', 'stdout', 'stderr'].map((name) => process[name].constructor.name)
console.log(process.execArgv, process.argv.length, own('stdin'), own('stdout'), own('stderr'), ...before)
console.log(new Error().stack.split('\n').filter((line) => line.includes('streams')).length, Object.keys(require.cache))
