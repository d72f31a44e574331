/** Keeps an element scrolled to its end while it grows, until somebody scrolls up. */
export interface EndFollower {
  /** To be called when something was added: goes to the end, if that is followed. */
  stay(): void
  /** Goes to the end and follows it from now on. */
  resume(): void
  close(): void
}

/** From so far above the end on, whoever scrolls down has reached it. */
const NEAR_PX = 24
/** Places are rounded. */
const ROUNDING_PX = 2

/**
 * Whether the end is followed is a state, which only scrolling changes. It is not measured when something is added, since layout
 * moves the end by itself: a notice below takes room, or a block that comes into sight is higher than was estimated. While
 * the end is followed the style sheet turns scroll anchoring off, so a place that moves upwards and is not at the end was moved by somebody.
 * @param content what grows within it; its changes of size are followed too
 * @param onChange is told whether the end is followed
 */
export function followEnd(
  scroller: HTMLElement,
  content?: Element,
  onChange: (follows: boolean) => void = () => undefined,
): EndFollower {
  let follows = true
  let place = 0

  const set = (wanted: boolean) => {
    scroller.toggleAttribute('data-following', wanted)
    if (wanted === follows) return
    follows = wanted
    onChange(follows)
  }
  const stay = () => {
    if (!follows) return
    scroller.scrollTop = scroller.scrollHeight
    place = scroller.scrollTop
  }
  const onScroll = () => {
    const { scrollTop } = scroller
    const left = scroller.scrollHeight - scrollTop - scroller.clientHeight
    if (scrollTop < place - 1 && left > ROUNDING_PX) set(false)
    else if (left <= NEAR_PX) set(true)
    place = scrollTop
  }
  const observer = new ResizeObserver(stay)
  observer.observe(scroller)
  if (content) observer.observe(content)
  scroller.addEventListener('scroll', onScroll, { passive: true })
  set(true)

  return {
    stay,
    resume() {
      set(true)
      stay()
    },
    close() {
      observer.disconnect()
      scroller.removeEventListener('scroll', onScroll)
    },
  }
}
