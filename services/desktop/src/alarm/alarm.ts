// Tells an agent about an offer who is not looking: sound, notification, title, icon.

import { isQuiet } from "./quiet_hours";
import { preferences } from "../shell/preferences.svelte";

const TITLE = document.title;
const ICON = document.querySelector<HTMLLinkElement>("link[rel=icon]");
const PLAIN_ICON = ICON?.href ?? "";
const MARKED_ICON =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2b62b8"/><path d="M6 10.500h20v12H6z" fill="none" stroke="#fff" stroke-width="2.200"/><circle cx="24" cy="8" r="8" fill="#d92d20"/></svg>',
  );

let audio: AudioContext | undefined;

// Browsers let a page sound only after a first gesture.
export function prepareSound(): void {
  for (const gesture of ["pointerdown", "keydown"]) {
    addEventListener(gesture, () => void resumed(), { once: true });
  }
}

async function resumed(): Promise<AudioContext | undefined> {
  try {
    audio ??= new AudioContext();
    await audio.resume();
    return audio;
  } catch {
    return undefined;
  }
}

export async function chime(volume = preferences.current.volume): Promise<void> {
  const context = audio ?? (await resumed());
  if (!context || context.state !== "running") return;
  [660, 880].forEach((pitch, at) => {
    const start = context.currentTime + at * 0.16;
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(volume * 0.5, start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
    tone.connect(loudness).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.4);
  });
}

export function alarm(title: string, id: string, onClick: () => void): void {
  const { sound, quietFrom, quietTo } = preferences.current;
  const isSilent = !sound || isQuiet(quietFrom, quietTo, new Date());
  if (!isSilent) void chime();
  if (!preferences.notifications || document.hasFocus() || !canNotify()) return;
  const notification = new Notification(title, { tag: id, silent: isSilent });
  notification.onclick = () => {
    window.focus();
    notification.close();
    onClick();
  };
}

function canNotify(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

// Asks for the permission; says whether it was given.
export async function allowNotifications(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}

export function showCount(count: number): void {
  document.title = count > 0 ? `(${count}) ${TITLE}` : TITLE;
  if (ICON) ICON.href = count > 0 ? MARKED_ICON : PLAIN_ICON;
}

export const pageTitle = TITLE;
