// A frame as tall as the mail in it, so that the page has one place to scroll.

export const TALLEST = 20_000;
// A mail that is as tall as its frame would grow with it for ever.
const MOST_CHANGES = 100;

// The height in pixels that shows all of a page, as far as that is sensible. Pure.
export function heightFor(page: { content: number; scrolled: number; frame: number }): number {
  const { content, scrolled, frame } = page;
  return Math.min(TALLEST, Math.ceil(scrolled > frame ? scrolled : content));
}

// Keeps a frame as tall as its page, also when pictures come and the window gets narrower.
export function fitToPage(frame: HTMLIFrameElement): () => void {
  let width = 0;
  let left = MOST_CHANGES;
  const fit = (): void => {
    const page = frame.contentDocument?.documentElement;
    if (!page) return;
    if (page.clientWidth !== width) left = MOST_CHANGES;
    width = page.clientWidth;
    left -= 1;
    if (left < 0) return;
    const { height } = page.getBoundingClientRect();
    const tall = heightFor({
      content: height,
      scrolled: page.scrollHeight,
      frame: page.clientHeight,
    });
    // Room for a bar that scrolls sideways.
    const bar = page.scrollWidth > page.clientWidth ? 16 : 0;
    frame.style.blockSize = `${tall + bar + 2}px`;
  };
  const observer = new ResizeObserver(fit);
  const begin = (): void => {
    observer.disconnect();
    const page = frame.contentDocument?.documentElement;
    if (page) observer.observe(page);
  };
  frame.addEventListener("load", begin);
  return () => {
    frame.removeEventListener("load", begin);
    observer.disconnect();
  };
}
