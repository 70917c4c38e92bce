import { createHash } from 'node:crypto'
import { build, type Plugin } from 'vite'

// What must be right before the first paint (colours, light or dark, direction) cannot wait for a module, and a strict
// Content-Security-Policy allows no inline script. So src/boot.ts is bundled alone, as a classic script that blocks the
// head, and linked under its content's hash.
async function bundle(root: string): Promise<string> {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      target: 'chrome111',
      rollupOptions: { input: `${root}/src/boot.ts`, output: { format: 'iife' } },
      modulePreload: false,
    },
  })
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) =>
    'output' in one ? one.output : [],
  )
  const chunk = outputs.find((one) => one.type === 'chunk')
  if (chunk?.type !== 'chunk') throw new Error('boot: src/boot.ts gave no chunk')
  return chunk.code
}

/** Links src/boot.ts into the head of index.html as a small blocking script. */
export function boot(): Plugin {
  let root = ''
  let src = '/boot.js'
  return {
    name: 'flomastr-boot',
    configResolved(config) {
      root = config.root
    },
    configureServer(server) {
      server.middlewares.use('/boot.js', (_request, response) => {
        bundle(root).then(
          (code) => {
            response.setHeader('Content-Type', 'text/javascript')
            response.end(code)
          },
          (error: unknown) => {
            response.statusCode = 500
            response.end(String(error))
          },
        )
      })
    },
    async buildStart() {
      if (this.meta.watchMode || process.env.VITEST) return
      const code = await bundle(root)
      src = `assets/boot-${createHash('sha256').update(code).digest('hex').slice(0, 10)}.js`
      this.emitFile({ type: 'asset', fileName: src, source: code })
      src = `/${src}`
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { path }) =>
        path === '/index.html' ? [{ tag: 'script', attrs: { src }, injectTo: 'head-prepend' }] : [],
    },
  }
}
