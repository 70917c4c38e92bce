import './ui/styles.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { loadConfig } from './api/config.ts'
import { queries } from './api/queries.ts'
import { startTexts } from './i18n/index.ts'
import { useScheme } from './lib/scheme.ts'
import { router } from './router.tsx'
import { theme } from './ui/theme.ts'

// Mantine's <style> elements would need 'unsafe-inline'; ui/styles.css holds the same as files.
function App() {
  return (
    <MantineProvider
      theme={theme}
      forceColorScheme={useScheme()}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

// No top-level await: a chunk that needs this one would wait for it for ever.
void Promise.all([startTexts(), loadConfig()]).then(() =>
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
)
