import { randomUUID } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import { invalidRequest } from '../../http/problems.ts'
import { membersOf, readBody } from '../system/read-body.ts'
import type { SystemNeeds } from '../system/system.ts'
import { type JupyterRecords, MAX_NOTEBOOKS, type Notebook, tooManyNotebooks } from './jupyter-records.ts'
import { ignoreEnded, type KernelCalls, type KernelModel } from './kernels.ts'

const MAX_NAME = 1024

/** `/api/sessions`: notebooks and consoles by their paths, each with a kernel. */
export function notebookRoutes({ config }: SystemNeeds, records: JupyterRecords, kernels: KernelCalls): Router {
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  /** Of one path of a tenant: two requests at one time are to get one kernel. */
  const starting = new Map<string, Promise<Notebook>>()

  /** A notebook with its kernel; undefined when that has gone, and the notebook with it. */
  const withKernel = async (res: Response, notebook: Notebook) => {
    try {
      return modelOf(notebook, await kernels.model(res, notebook.kernel))
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'not-found') throw error
      await records.removeNotebook(res.locals.caller.tenant, notebook.id)
      return undefined
    }
  }
  const all = async (res: Response) => {
    const found = await records.notebooks(res.locals.caller.tenant)
    return (await Promise.all(found.map((one) => withKernel(res, one)))).flatMap((one) => (one ? [one] : []))
  }
  const own = async (res: Response, id: string): Promise<Notebook> => {
    const found = await records.notebook(res.locals.caller.tenant, id)
    if (!found) throw noNotebook(id)
    return found
  }
  const kernelFor = async (res: Response, asked: unknown): Promise<string> => {
    const { id, name } = membersOf(asked)
    if (typeof id === 'string') return (await kernels.session(res, id)).id
    return (await kernels.start(res, { name })).id
  }

  router.get('/', async (_req, res) => void res.json(await all(res)))
  router.post('/', read, async (req, res) => {
    const { tenant } = res.locals.caller
    const { path, type, name, kernel } = membersOf(req.body)
    const asked = { path: text('path', path), type: text('type', type), name: text('name', name ?? '') }
    const place = `${tenant} ${asked.path}`
    const make = async (): Promise<Notebook> => {
      const known = await all(res)
      const before = known.find((one) => one.path === asked.path)
      if (before) return { ...asked, id: before.id, name: before.name, type: before.type, kernel: before.kernel.id }
      // Before a kernel is started for it.
      if (known.length >= MAX_NOTEBOOKS) throw tooManyNotebooks()
      const notebook = { ...asked, id: randomUUID(), kernel: await kernelFor(res, kernel) }
      await records.putNotebook(tenant, notebook)
      return notebook
    }
    const making = starting.get(place) ?? make()
    starting.set(place, making)
    const notebook = await making.finally(() => starting.delete(place))
    const model = await withKernel(res, notebook)
    if (!model) throw new Problem('session-ended', 'the kernel ended as it started')
    res.status(201).location(`${req.baseUrl}/${notebook.id}`).json(model)
  })
  router.get('/:id', async (req, res) => {
    const model = await withKernel(res, await own(res, req.params.id))
    if (!model) throw noNotebook(req.params.id)
    res.json(model)
  })
  router.patch('/:id', read, async (req: Request<{ id: string }>, res) => {
    const before = await own(res, req.params.id)
    const { path = before.path, type = before.type, name = before.name, kernel } = membersOf(req.body)
    const { id: kernelId, name: kernelName } = membersOf(kernel)
    const isOther = kernelId === undefined ? typeof kernelName === 'string' : kernelId !== before.kernel
    const after: Notebook = {
      id: before.id,
      path: text('path', path),
      type: text('type', type),
      name: text('name', name),
      kernel: isOther && kernel !== null ? await kernelFor(res, kernel) : before.kernel,
    }
    await records.putNotebook(res.locals.caller.tenant, after)
    if (after.kernel !== before.kernel) await kernels.end(res, before.kernel).catch(ignoreEnded)
    const model = await withKernel(res, after)
    if (!model) throw noNotebook(after.id)
    res.json(model)
  })
  router.delete('/:id', async (req, res) => {
    const { id, kernel } = await own(res, req.params.id)
    await records.removeNotebook(res.locals.caller.tenant, id)
    try {
      await kernels.end(res, kernel)
    } catch (error) {
      ignoreEnded(error)
      return void res.status(410).json({ message: 'the kernel was deleted before the session', reason: 'Gone' })
    }
    res.status(204).end()
  })
  return router
}

function modelOf({ id, path, name, type }: Notebook, kernel: KernelModel) {
  return { id, path, name, type, kernel, notebook: { path, name } }
}

function text(member: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_NAME && (value !== '' || member === 'name')) return value
  throw invalidRequest([{ pointer: `/${member}`, detail: `must be a text of 1 to ${MAX_NAME} characters` }])
}

const noNotebook = (id: string): Problem =>
  new Problem('not-found', `there is no session ${id}, or its kernel has ended`)
