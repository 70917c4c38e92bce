import './ui/styles.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { type ComponentType, Fragment, type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { clerk, session } from './api/client.ts'
import { config, loadConfig } from './api/config.ts'
import { queries } from './api/queries.ts'
import { startTexts } from './i18n/index.ts'
import { useScheme } from './lib/scheme.ts'
import { router } from './router.tsx'
import { theme } from './ui/theme.ts'

// Mantine's <style> elements would need 'unsafe-inline'; ui/styles.css holds the same as files.
function App({ House }: { House: ComponentType<{ children: ReactNode }> }) {
  return (
    <MantineProvider
      theme={theme}
      forceColorScheme={useScheme()}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <House>
          <RouterProvider router={router} />
        </House>
      </QueryClientProvider>
    </MantineProvider>
  )
}

/** What stands around the app for the ways to sign in that the server offers. */
async function findHouse(): Promise<ComponentType<{ children: ReactNode }>> {
  await loadConfig()
  const { providers, clerk: settings } = config()
  session.offer(providers)
  if (!settings) return Fragment
  try {
    const { ClerkHouse } = await import('./features/clerk/ClerkHouse.tsx')
    return ({ children }) => <ClerkHouse settings={settings}>{children}</ClerkHouse>
  } catch {
    clerk.fail() // the pages say so
    return Fragment
  }
}

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

// No top-level await: a chunk that needs this one would wait for it for ever.
void Promise.all([findHouse(), startTexts()]).then(([House]) =>
  createRoot(root).render(
    <StrictMode>
      <App House={House} />
    </StrictMode>,
  ),
)
