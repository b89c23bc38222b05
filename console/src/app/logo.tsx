/** The cat with a prompt for a face. */
export const Logo = (props: { class?: string }) => (
  <svg viewBox="0 0 32 32" class={props.class} aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="#5b5bd6" />
    <path
      d="M7 24V8.6c0-1 1.1-1.5 1.9-.9l4 3.1a10 10 0 0 1 6.2 0l4-3.1c.8-.6 1.9-.1 1.9.9V24c0 1.1-.9 2-2 2H9a2 2 0 0 1-2-2Z"
      fill="#fff"
    />
    <path
      d="m11 16.5 3 2.5-3 2.5M17.5 21.5H21"
      fill="none"
      stroke="#5b5bd6"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
)
