// esbuild bundles style sheets beside the module
declare module "*.css";
