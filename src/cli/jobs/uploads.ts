import type { Client } from '../../client/client.ts'
import type { RequestClient } from './request.ts'

type UploadClient = Pick<Client, 'runtimes'> & { files: Pick<Client['files'], 'put' | 'remove'> }

/**
 * Deletes what `work` uploads once it has ended, whether its jobs were accepted or refused: those that were accepted keep the content. What cannot be
 * deleted expires by itself.
 * @param work makes requests by the client that it is given, and submits them
 */
export async function withUploads<T>(client: UploadClient, work: (client: RequestClient) => Promise<T>): Promise<T> {
  const ids: string[] = []
  const uploading: RequestClient = {
    runtimes: () => client.runtimes(),
    files: {
      async put(content, options) {
        const file = await client.files.put(content, options)
        ids.push(file.id)
        return file
      },
    },
  }
  try {
    return await work(uploading)
  } finally {
    await Promise.all(ids.map((id) => client.files.remove(id, { retries: 0 }).catch(() => undefined)))
  }
}
