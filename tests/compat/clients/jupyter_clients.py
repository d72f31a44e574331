"""Jupyter's clients from PyPI, against the gateway named in argv."""

import asyncio
import os
import sys

base = sys.argv[1] + '/jupyter'
os.environ['JUPYTER_GATEWAY_URL'] = base

import nbformat
from calls import works
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelManager, GatewayMappingKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

GatewayClient.instance().url = base


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


# nbclient, on jupyter_client, through the gateway client of Jupyter Server.
nb = notebook('x = 40', 'print("so"); x + 2', 'from IPython.display import HTML\nHTML("<b>x</b>")')
NotebookClient(nb, kernel_manager_class=GatewayKernelManager, kernel_name='python3', timeout=120).execute()
assert nb.cells[1].outputs[0]['text'] == 'so\n', nb.cells[1].outputs
assert nb.cells[1].outputs[1]['data']['text/plain'] == '42', nb.cells[1].outputs
assert nb.cells[2].outputs[0]['data']['text/html'] == '<b>x</b>', nb.cells[2].outputs
assert nb.cells[1].execution_count == 2
try:
    NotebookClient(notebook('1 / 0'), kernel_manager_class=GatewayKernelManager, kernel_name='python3').execute()
    raise AssertionError('the error was not told')
except CellExecutionError as error:
    assert error.ename == 'ZeroDivisionError'
works('nbclient', 'NotebookClient.execute, through the gateway manager of jupyter-server', 'CellExecutionError')
works('jupyter-client', 'wait_for_ready, of nbclient')


# What JupyterLab --gateway-url is made of.
async def manage():
    manager = GatewayMappingKernelManager()
    kernel = await manager.start_kernel(kernel_name='python3')
    assert kernel in [model['id'] for model in await manager.list_kernels()]
    assert (await manager.kernel_model(kernel))['name'] == 'python3'
    await manager.interrupt_kernel(kernel)
    await manager.restart_kernel(kernel)
    await manager.shutdown_kernel(kernel)
    assert kernel not in [model['id'] for model in await manager.list_kernels()]


asyncio.run(manage())
works('jupyter-server', 'GatewayMappingKernelManager: start, list, model, interrupt, restart, shut down')

from jupyter_kernel_client import JupyterKernelClient

with JupyterKernelClient(server_url=base, token='') as kernel:
    reply = kernel.execute('import os\nprint("hello")\n6 * 7')
    assert reply['status'] == 'ok', reply
    texts = [output.get('text') or output['data']['text/plain'] for output in reply['outputs']]
    assert texts == ['hello\n', '42'], texts
    kernel.restart()
    assert kernel.execute('reply')['status'] == 'error'
works('jupyter-kernel-client', 'execute', 'restart', 'errors')
