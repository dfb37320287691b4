// The client's package describes its main module only.

declare module "cometd/AckExtension.js" {
  export { AckExtension } from "cometd";
}

declare module "cometd/TimeSyncExtension.js" {
  export { TimeSyncExtension } from "cometd";
}
