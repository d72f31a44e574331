import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** What a program asks for while it runs. */
export function InputRequest({
  prompt,
  password,
  onAnswer,
}: {
  prompt: string
  password: boolean
  onAnswer: (value: string) => void
}) {
  const field = useRef<HTMLInputElement>(null)
  const [value, setValue] = useState('')
  const id = useId()
  useLayoutEffect(() => field.current?.focus(), [])
  const answer = (event: Event) => {
    event.preventDefault()
    onAnswer(value)
  }
  return (
    <form class="input-line" onSubmit={answer}>
      <label class="mono" for={id}>
        {prompt.trim() === '' ? 'Input' : prompt}
      </label>
      <input
        class="mono"
        id={id}
        ref={field}
        {...(password ? { type: 'password' as const } : { type: 'text' as const })}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <button type="submit" class="button">
        Send
      </button>
    </form>
  )
}
