import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    restoreMocks: true,
  },
  // the messages that pytest reads too live in ../tests/contract
  server: { fs: { allow: [".."] } },
});
