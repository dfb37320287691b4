import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { compressedForms, licenceTexts, withoutAddresses } from "./build/plugins.ts";

// The gateway serves this folder; its files name each other relatively, for proxies with a path.
const OUTPUT = "../gateway/desktop/built";

export default defineConfig({
  base: "./",
  plugins: [withoutAddresses(), svelte(), licenceTexts(), compressedForms()],
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    // A policy of the page allows no addresses of data in styles.
    assetsInlineLimit: 0,
  },
  server: {
    // `npx vite` while `make run` is up.
    proxy: { "/api": "http://127.0.0.1:8080", "/cometd": "http://127.0.0.1:8080" },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
