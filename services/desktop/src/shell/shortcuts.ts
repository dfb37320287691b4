// The single keys of the agent who works here.

import { keyOf } from "./keys";
import { preferences } from "./preferences.svelte";

// The key of an action; undefined where it has none, or all are switched off.
export function shortcut(action: string): string | undefined {
  const { keys, singleKeys } = preferences.current;
  return (singleKeys && keyOf(action, keys)) || undefined;
}
