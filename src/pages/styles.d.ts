// Style sheets and pictures are esbuild's to bundle.
declare module '*.css'
declare module '*.svg' {
  const url: string
  export default url
}
