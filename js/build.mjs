// Bundles src/widget.ts to the one ES module (and one style sheet) that the Python package loads.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

// The module is copied into every notebook saved with widget state.
const BUDGET = 60 * 1024;
const outdir = fileURLToPath(new URL("../src/ipyassets/jupyter/static", import.meta.url));

const options = {
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: { widget: "src/widget.ts" },
  outdir,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context({ ...options, minify: false, sourcemap: "inline" });
  await context.watch();
} else {
  await esbuild.build(options);
  const { size } = statSync(`${outdir}/widget.js`);
  if (size > BUDGET) {
    console.error(`widget.js has ${size} bytes, its budget is ${BUDGET}: see what grew with npx esbuild --analyze`);
    process.exit(1);
  }
}
