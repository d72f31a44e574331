import { execFile } from 'node:child_process'
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/shared/package-root.ts'

const run = promisify(execFile)

/** That of the packages in `scripts/system-packages.json`: another one need not have what builds a wheel. */
const SYSTEM_PYTHON = '/usr/bin/python3'
const BUILD = 'import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))'
const env = { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' }

/**
 * Builds the wheel of the Python client by its `pyproject.toml`, as `pip` would, but with the setuptools of the system: no package
 * index is asked.
 * @param folder gets it, and a copy of the sources, in which the build leaves files
 * @returns its path
 */
export async function buildWheel(folder: string): Promise<string> {
  const sources = join(folder, 'sources')
  cpSync(join(packageRoot(), 'clients/python'), sources, {
    recursive: true,
    filter: (path) => !/__pycache__|\.egg-info|\/build$/.test(path),
  })
  await run(SYSTEM_PYTHON, ['-c', BUILD, folder], { cwd: sources, env })
  const [wheel, ...others] = readdirSync(folder).filter((name) => name.endsWith('.whl'))
  if (wheel === undefined || others.length > 0) throw new Error(`the build made ${readdirSync(folder).join(', ')}`)
  return join(folder, wheel)
}

/**
 * Installs a wheel into a fresh virtual environment, without a package index: what it needs beside the standard library is missing.
 * @returns the path of the environment's Python
 */
export async function installWheel(folder: string, wheel: string): Promise<string> {
  const place = join(folder, 'venv')
  const [pip] = await Promise.all([pipPath(), run(SYSTEM_PYTHON, ['-m', 'venv', '--without-pip', place], { env })])
  const python = join(place, 'bin/python')
  await run(python, [pip, 'install', '--quiet', '--no-index', '--no-cache-dir', wheel], { env })
  return python
}

const FIND_PIP = `
import ensurepip, os, sysconfig
folder = sysconfig.get_config_var("WHEEL_PKG_DIR") or os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
print(os.path.join(folder, f"pip-{ensurepip.version()}-py3-none-any.whl", "pip"))`

/**
 * The pip that Python brings along, as a program for any environment's Python: it runs from its wheel. To unpack it into an environment
 * takes most of the time that the environment takes.
 */
export async function pipPath(): Promise<string> {
  return (await run(SYSTEM_PYTHON, ['-c', FIND_PIP], { env })).stdout.trim()
}
