import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { startBrowser } from '../../pages/support/browser.ts'
import { ownPort } from '../../support/own-port.ts'
import { worked } from './calls.ts'
import type { Trial } from './trial.ts'

export const PYTHON_PACKAGES = [
  'jupyterlab==4.6.6',
  'jupyter-server==2.21.1',
  'jupyter-client==8.6.3',
  'nbclient==0.11.0',
  'jupyter-kernel-client==1.0.2',
]
export const NODE_PACKAGES = ['@jupyterlab/services@7.6.6']

const inLab = worked(
  PYTHON_PACKAGES[0],
  'a new notebook, with `--gateway-url`',
  'output, HTML, errors',
  'Restart Kernel',
)

/** Jupyter's clients; JupyterLab in Chromium, too. */
export async function jupyter(trial: Trial): Promise<void> {
  const { install, withInstallation, hold, holdHere, python, clients, folder } = trial
  await install(PYTHON_PACKAGES, NODE_PACKAGES)
  await withInstallation({}, async (_installation, url) => {
    const services = (address: string, token: string) => [
      process.execPath,
      join(clients, 'jupyter.mjs'),
      address,
      folder,
      token,
    ]
    await hold('clients in Python', [python, join(clients, 'jupyter_clients.py'), url])
    await hold('@jupyterlab/services', services(`${url}/jupyter`, ''))

    // JupyterLab on a server of its own, which has its kernels here. It forwards the default framing.
    const port = await ownPort()
    const own = `http://127.0.0.1:${port}`
    const options = [
      '--no-browser',
      `--gateway-url=${url}/jupyter`,
      `--ServerApp.port=${port}`,
      '--ServerApp.port_retries=0',
      '--IdentityProvider.token=local',
      '--allow-root',
    ]
    const env = { ...process.env, JUPYTER_CONFIG_DIR: folder, JUPYTER_DATA_DIR: folder, JUPYTER_RUNTIME_DIR: folder }
    const lab = spawn(python, ['-m', 'jupyterlab', ...options], { cwd: folder, env, stdio: 'ignore' })
    try {
      await eventually('JupyterLab answers', () =>
        fetch(`${own}/api`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      await hold('@jupyterlab/services through a Jupyter Server', services(own, 'local'))
      await holdHere('JupyterLab in Chromium', () => useLab(`${own}/lab?token=local&reset`), inLab)
    } finally {
      lab.kill('SIGKILL')
    }
  })
}

/** What somebody does who opens it for the first time: a notebook, a few cells, another kernel. */
async function useLab(address: string): Promise<void> {
  const browser = await startBrowser()
  try {
    // What it writes to the console is its own.
    const { page, close } = await browser.open(address, { allow: [/^console:/] })
    await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().click()
    await page.locator('.jp-Notebook .jp-Cell .cm-content').first().waitFor()
    await page.getByText('| Idle').waitFor()
    const run = async (code: string, shown: string) => {
      const cell = page.locator('.jp-Notebook .jp-CodeCell').last()
      await cell.locator('.cm-content').click()
      await page.keyboard.insertText(code)
      await page.keyboard.press('Shift+Enter')
      await page.locator('.jp-OutputArea-output').getByText(shown).last().waitFor()
    }
    await run('x = 6; print("so"); x * 7', '42')
    await run('from IPython.display import HTML; HTML("<i>made of %d</i>" % x)', 'made of 6')
    await run('1 / 0', 'ZeroDivisionError')
    await page.getByText('Kernel', { exact: true }).first().click()
    await page.getByText('Restart Kernel…', { exact: true }).first().click()
    await page.locator('.jp-Dialog .jp-mod-accept').click()
    await page.getByText('| Idle').waitFor()
    await run('x', "name 'x' is not defined")
    assert.equal(await page.locator('.jp-OutputArea-output').count(), 5)
    await close()
  } finally {
    await browser.close()
  }
}
