// A file of its own for the unit tests: of projects that name the same one, jest calls it for the first alone, and a run of both kinds
// would have the tests of one.
export { default } from './global-setup.ts'
