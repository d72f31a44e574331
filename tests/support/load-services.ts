import type * as services from './services.ts'

export type Services = typeof services

/** Gateway, worker and what belongs to them. Files that start none do not load them: they import this file for what it may need. */
export const loadServices = (): Promise<Services> => import('./services.ts')
