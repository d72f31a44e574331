#!/usr/bin/env node
// Before anything else is loaded: what is loaded earlier has no source map.
process.setSourceMapsEnabled(true)
await import('./command.ts')
