import { createTheme } from '@mantine/core'
import controls from './controls.module.css'

/** How Mantine's components look here: by tokens, with targets that a thumb can hit. */
export const theme = createTheme({
  respectReducedMotion: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'var(--font)',
  variantColorResolver: ({ variant, color }) => {
    const bad = color === 'bad'
    switch (variant) {
      case 'filled':
        return {
          background: bad ? 'var(--bad)' : 'var(--accent-fill)',
          hover: bad ? 'var(--bad)' : 'var(--accent-fill-hover)',
          color: bad ? 'var(--surface)' : 'var(--accent-on-fill)',
          border: '1px solid transparent',
        }
      case 'light':
        return {
          background: bad ? 'var(--bad-soft)' : 'var(--accent-soft)',
          hover: bad ? 'var(--bad-soft)' : 'var(--accent-soft)',
          color: bad ? 'var(--bad)' : 'var(--accent-on-soft)',
          border: '1px solid transparent',
        }
      case 'subtle':
        return {
          background: 'transparent',
          hover: 'var(--sunken)',
          color: bad ? 'var(--bad)' : 'var(--ink-2)',
          border: '1px solid transparent',
        }
      default:
        return {
          background: 'var(--surface)',
          hover: 'var(--sunken)',
          color: bad ? 'var(--bad)' : 'var(--ink)',
          border: '1px solid var(--line)',
        }
    }
  },
  components: {
    Button: { classNames: { root: controls.button, label: controls.label } },
    TextInput: {
      defaultProps: { size: 'md' },
      classNames: { input: controls.input, label: controls.caption },
    },
    PasswordInput: {
      defaultProps: { size: 'md' },
      classNames: { input: controls.input, innerInput: controls.inner, label: controls.caption },
    },
    NumberInput: {
      defaultProps: { size: 'md', hideControls: true },
      classNames: { input: controls.input, label: controls.caption },
    },
    Textarea: { defaultProps: { size: 'md' }, classNames: { input: controls.area, label: controls.caption } },
    NativeSelect: {
      defaultProps: { size: 'md' },
      classNames: { input: controls.input, label: controls.caption },
    },
  },
})
