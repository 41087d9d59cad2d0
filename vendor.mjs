// Copies the pinned front-end files out of node_modules into config/static/vendor and lists their hashes.
// Run after `npm ci --ignore-scripts`. Source-map lines go: the maps are not shipped, and a manifest storage
// refuses files that name what is missing.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const files = {
  bootstrap: ["dist/css/bootstrap.min.css", "LICENSE"],
  "htmx.org": ["dist/htmx.min.js", "LICENSE"],
};
const target = "config/static/vendor";
const sourceMap = /\n?\/[*\/]# sourceMappingURL=.*?(\*\/)?\s*$/;

mkdirSync(target, { recursive: true });
const manifest = [];
for (const [name, paths] of Object.entries(files)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
  for (const path of paths) {
    const text = readFileSync(`node_modules/${name}/${path}`, "utf8").replace(sourceMap, "\n");
    const file = path === "LICENSE" ? `${name}.LICENSE.txt` : path.split("/").pop();
    writeFileSync(`${target}/${file}`, text);
    manifest.push(`${createHash("sha256").update(text).digest("hex")}  ${file}  ${name}@${version}`);
  }
}
writeFileSync(`${target}/MANIFEST.txt`, manifest.join("\n") + "\n");
