import type { ComponentChildren } from 'preact'

const icon = (shape: ComponentChildren) =>
  function Icon() {
    return (
      <svg
        class="icon"
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        {shape}
      </svg>
    )
  }

export const PlayIcon = icon(<path d="M4.5 3v10l8-5z" fill="currentColor" />)
export const StopIcon = icon(<rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor" />)
export const CloseIcon = icon(<path d="m4 4 8 8m0-8-8 8" />)
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1.25m0 10.5v1.25M1.5 8h1.25m10.5 0h1.25M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9" />
  </>,
)
export const MoonIcon = icon(<path d="M13.5 9.6A5.75 5.75 0 0 1 6.4 2.5a5.75 5.75 0 1 0 7.1 7.1z" />)
export const ShareIcon = icon(
  <path d="M6.5 9.5 9.5 6.5M7 4.5l1.4-1.4a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5l-1.4 1.4a3 3 0 0 1-4.3-4.3l1.4-1.4" />,
)
export const KeyIcon = icon(
  <>
    <circle cx="5" cy="11" r="2.75" />
    <path d="m7 9 6-6m-2.25 2.25L12.5 7" />
  </>,
)
export const KeyboardIcon = icon(
  <>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
    <path d="M4.25 6.75h.01m2.49 0h.01m2.49 0h.01m2.49 0h.01M5 9.75h6" />
  </>,
)
export const ResetIcon = icon(<path d="M3 3v3.5h3.5M3.2 6.5a5.25 5.25 0 1 1-.4 3" />)
export const CopyIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M3.5 10.5a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1" />
  </>,
)
export const DownIcon = icon(<path d="M8 3v10m-4-4 4 4 4-4" />)
