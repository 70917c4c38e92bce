import { TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Icon } from './Icon.tsx'

// A person types faster than an address and a server should change.
const pause = 250

/** A search that follows the typing, a moment behind. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (value: string) => void
}) {
  const [typed, setTyped] = useState(value)
  const [seen, setSeen] = useState(value)
  const [sent, setSent] = useState(value)
  if (value !== seen) {
    setSeen(value)
    // Changed from outside, by the back button, say. What we sent ourselves must not overwrite what was typed since.
    if (value !== sent) setTyped(value)
  }
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => {
      setSent(typed.trim())
      onChange(typed.trim())
    }, pause)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<Icon name="search" size={16} />}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      // It follows the typing. Enter would only send a form that it stands in.
      onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
    />
  )
}
