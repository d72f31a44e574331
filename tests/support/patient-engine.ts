import { createEngine, type Engine } from '../../src/worker/sandbox/engine.ts'

/** As often as a call may take longer than for a service of its own: other tests use the machine meanwhile. */
export const PATIENCE = 5

/** The podman service of a test, asked with the patience that a busy machine takes. @param socketPath of the service */
export const patientEngine = (socketPath: string): Engine => createEngine(socketPath, PATIENCE)
