import { TextInput, type TextInputProps } from '@mantine/core'

/** Asks for a mail address. 254 characters are what an address may have (RFC 5321, with its path's brackets taken off). */
export function EmailField(props: TextInputProps) {
  return (
    <TextInput
      type="email"
      inputMode="email"
      dir="ltr"
      required
      withAsterisk={false}
      maxLength={254}
      {...props}
    />
  )
}
