import { session } from './client.ts'
import { Problem, problemOf } from './problem.ts'

/**
 * Uploads a form with one file to a path and gives the answer of success. XMLHttpRequest, because fetch cannot say how much of a body has
 * gone out.
 */
export async function upload(
  path: string,
  fields: { file: File; [name: string]: string | File },
  onProgress: (part: number) => void,
  signal: AbortSignal,
  slug?: string,
): Promise<Response> {
  let token = await session.token()
  let answer = await post(token)
  if (answer.status === 401 && token) {
    token = await session.renewed(token)
    answer = await post(token)
  }
  if (answer.status < 200 || answer.status > 299)
    throw problemOf(answer, await answer.json().catch(() => undefined))
  return answer

  function post(bearer: string | undefined): Promise<Response> {
    return new Promise((resolve, reject) => {
      const stopped = () =>
        reject(new Problem({ status: -1, code: 'aborted', message: 'The upload was stopped.' }))
      if (signal.aborted) return stopped()
      const call = new XMLHttpRequest()
      call.open('POST', path)
      if (bearer) call.setRequestHeader('Authorization', `Bearer ${bearer}`)
      if (slug) call.setRequestHeader('X-Tenant-Slug', slug)
      call.setRequestHeader('Accept', 'application/json')
      call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total)
      call.onload = () => {
        const headers: Record<string, string> = {}
        for (const name of ['X-Request-Id', 'Retry-After']) {
          const value = call.getResponseHeader(name)
          if (value) headers[name] = value
        }
        resolve(
          new Response(call.status === 204 ? null : call.responseText, {
            status: call.status || 502,
            headers,
          }),
        )
      }
      call.onerror = () => reject(new TypeError('The file did not reach the server.'))
      call.onabort = stopped
      signal.addEventListener('abort', () => call.abort(), { once: true })
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      call.send(form)
    })
  }
}
