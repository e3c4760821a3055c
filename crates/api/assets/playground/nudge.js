// Calling somebody back who looks elsewhere: once by vibration, and in the title as long as the page is hidden.

const BLINK_MS = 1200;

/** Returns the way to stop. */
export function nudge(words) {
  // Browsers refuse, and say so in the console, before anybody touched the page.
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([120, 80, 120]);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const call = `● ${words}`;
  let title = document.title;
  let timer;

  function blink() {
    if (document.title !== call) title = document.title;
    document.title = document.title === call && !calm ? title : call;
  }

  function look() {
    clearInterval(timer);
    if (document.hidden) {
      blink();
      timer = setInterval(blink, BLINK_MS);
    } else if (document.title === call) document.title = title;
  }

  document.addEventListener("visibilitychange", look);
  if (document.hidden) look();
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
    if (document.title === call) document.title = title;
  };
}
