// What the build does besides Vite's own: compressed forms, licences, no outside address.

import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSED = /\.(?:css|html|js|svg|txt)$/;
const PACKAGE = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

// Writes `.br` and `.gz` beside each file. The index gets its time last: the gateway reads all
// files again when it sees another one.
export function compressedForms(): Plugin {
  return {
    name: "mailroom-compressed-forms",
    apply: "build",
    writeBundle: {
      order: "post",
      handler({ dir = "" }) {
        for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
          const path = join(dir, file);
          if (!COMPRESSED.test(file) || !statSync(path).isFile()) continue;
          const content = readFileSync(path);
          const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
          writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
          writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        }
        const now = new Date();
        utimesSync(join(dir, "index.html"), now, now);
      },
    },
  };
}

// Writes the licence of every package whose code is in the bundle, as their makers ask for.
export function licenceTexts(): Plugin {
  return {
    name: "mailroom-licence-texts",
    apply: "build",
    generateBundle(_options, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === "chunk" ? chunk.moduleIds : []) {
          const found = PACKAGE.exec(id);
          if (found?.[1]) folders.add(found[1]);
        }
      }
      const texts = [...folders].sort().map(licenceOf);
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n\n") });
    },
  };
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(join(folder, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text.replaceAll(/https?:\/\//g, "")}`;
}

// Errors of some packages end with an address of their makers; the desktop names nobody outside.
const ADDRESSES: readonly [string, string, string][] = [
  ["/svelte/src/", "https://svelte.dev/e/", "svelte: "],
  ["/prosemirror-inputrules/", "https://prosemirror.net/", "prosemirror: "],
  ["/prosemirror-state/", "https://prosemirror.net/", "prosemirror: "],
  ["/prosemirror-model/", "https://prosemirror.net/", "prosemirror: "],
  ["/prosemirror-view/", "https://prosemirror.net/", "prosemirror: "],
];

export function withoutAddresses(): Plugin {
  return {
    name: "mailroom-without-addresses",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      const found = ADDRESSES.filter(([place, address]) => id.includes(place) && code.includes(address));
      if (found.length === 0) return null;
      return { code: found.reduce((all, [, address, name]) => all.replaceAll(address, name), code), map: null };
    },
  };
}
