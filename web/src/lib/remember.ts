// What this browser keeps between visits. Storage may be full, forbidden or absent: that is never an error.

type Name = 'scheme' | 'language' | 'signed-in' | 'branding' | `branding.${string}`

const key = (name: Name) => `flomastr.${name}`

export function remembered(name: Name): string | undefined {
  try {
    return localStorage.getItem(key(name)) ?? undefined
  } catch {
    return undefined
  }
}

export function remember(name: Name, value: string): void {
  try {
    localStorage.setItem(key(name), value)
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}

export function forget(name: Name): void {
  try {
    localStorage.removeItem(key(name))
  } catch {
    // Nothing was kept, then.
  }
}
