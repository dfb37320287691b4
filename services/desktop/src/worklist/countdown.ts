// The time that is left of an offer, by the server's clock. Pure.

export interface Countdown {
  seconds: number;
  // The part of the whole time that is left, from 1 to 0.
  share: number;
}

export function countdown(expiresAt: string, serverNow: number, whole: number): Countdown {
  const left = Math.max(0, Date.parse(expiresAt) - serverNow);
  return {
    seconds: Number.isFinite(left) ? Math.ceil(left / 1000) : 0,
    share: whole > 0 && Number.isFinite(left) ? Math.min(1, left / whole) : 0,
  };
}
