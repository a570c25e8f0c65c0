// Of the page. Colours are variables, so that figures follow them in light, dark and print.
const LIGHT = `
  --page: #ffffff; --raised: #f5f7f9; --ink: #16191d; --muted: #535b66; --line: #d8dde3; --band: #e3e9f0;
  --link: #0a56a8; --yes: #12633a; --yes-bg: #e2f3e8; --no: #98241f; --no-bg: #fbe7e5; --open-bg: #eceff3;
  --sim: #7a3d00; --sim-bg: #fff0d9;
  --pytorch: #d55e00; --tensorflow: #a87400; --onnxruntime: #0072b2; --tensorrt: #a84d8a; --mxnet: #00895f;
  --gpu: #0072b2; --cpu: #d55e00;`;
const DARK = `
  --page: #13161b; --raised: #1b2027; --ink: #e9ecf0; --muted: #a9b2be; --line: #333b46; --band: #2a3442;
  --link: #84bdf5; --yes: #7fdba8; --yes-bg: #12351f; --no: #ffa59e; --no-bg: #45191a; --open-bg: #2a313b;
  --sim: #ffcf8a; --sim-bg: #40290a;
  --pytorch: #ff8a4a; --tensorflow: #f0b83c; --onnxruntime: #5fb4f5; --tensorrt: #e896cf; --mxnet: #42cfa0;
  --gpu: #5fb4f5; --cpu: #ff8a4a;`;

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, header, nav, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
p, ul.evidence, ol.notes, dl { max-width: 48rem; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.4rem); line-height: 1.15; letter-spacing: -0.015em; margin: 1.6rem 0 0.3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; letter-spacing: -0.01em; margin: 0 0 0.6rem; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 0.4rem; }
section { padding: 1.8rem 0 0.6rem; border-top: 1px solid var(--line); margin-top: 1.6rem; }
main > section:first-child { border-top: 0; margin-top: 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.lead { color: var(--muted); font-size: 1.1rem; margin: 0 0 1.2rem; }
.banner { margin: 1rem 0 0; padding: 0.7rem 1rem; max-width: none; border-radius: 6px; background: var(--sim-bg); color: var(--sim); border: 1px solid currentColor; }
.simulated { color: var(--sim); background: var(--sim-bg); border-radius: 3px; padding: 0 0.35em; font-size: 0.85em; letter-spacing: 0.04em; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 0.8rem 1.5rem; margin: 0 0 1rem; max-width: none; }
.facts dt { color: var(--muted); font-size: 0.8rem; }
.facts dd { margin: 0; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--page); padding: 0.4rem 0.8rem; z-index: 9; }
nav { position: sticky; top: 0; z-index: 5; background: var(--page); border-bottom: 1px solid var(--line); padding-top: 0.55rem; padding-bottom: 0.55rem; }
nav ul { display: flex; gap: 0.2rem 0.85rem; list-style: none; margin: 0; padding: 0; overflow-x: auto; white-space: nowrap; font-size: 0.86rem; scrollbar-width: thin; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.note { background: var(--raised); border-left: 3px solid var(--muted); padding: 0.55rem 0.9rem; border-radius: 0 4px 4px 0; }
.quiet, .unit { color: var(--muted); font-size: 0.86em; font-weight: 400; }
.chip, .status { display: inline-block; border-radius: 1em; padding: 0.05em 0.7em; font-size: 0.8rem; font-weight: 600; background: var(--open-bg); color: var(--ink); white-space: nowrap; }
.chip.yes, .less > .chip, .status.ok { background: var(--yes-bg); color: var(--yes); }
.chip.no, .status.failed, .status.disagrees { background: var(--no-bg); color: var(--no); }
.evidence, .card ul { list-style: none; padding: 0; margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1.1rem; margin: 1rem 0; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem 0.9rem; break-inside: avoid; }
.card li + li { margin-top: 0.8rem; padding-top: 0.8rem; border-top: 1px solid var(--line); }
.card li { font-size: 0.95rem; line-height: 1.5; }
.card .chip { margin-right: 0.2rem; }
.card .evidence li { margin: 0.6rem 0 0; padding: 0; border: 0; font-size: 0.88rem; }
.card p { margin: 0.5rem 0 0; font-size: 0.92rem; line-height: 1.5; }
.card h4 { margin: 0.8rem 0 0; font-size: 0.88rem; }
.card details { border: 0; padding: 0; margin: 0.3rem 0 0; }
.card summary { padding: 0.3rem 0; color: var(--link); font-size: 0.9rem; }
.bearing { display: block; color: var(--muted); font-size: 0.8rem; }
.scroll { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; line-height: 1.4; }
caption { text-align: left; padding: 0.7rem 0.8rem; color: var(--muted); }
caption span { display: block; max-width: min(48rem, calc(100vw - 4.5rem)); position: sticky; left: 0.8rem; }
caption .simulated { display: inline; position: static; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.8rem; border-top: 1px solid var(--line); }
thead th { background: var(--raised); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; text-align: right; }
#main-table th:first-child { position: sticky; left: 0; z-index: 1; background: var(--page); min-width: 11rem; }
#main-table thead th:first-child { background: var(--raised); white-space: normal; }
.group th { background: var(--raised); font-size: 0.95rem; }
#main-table .group th { position: static; background: var(--raised); }
.none { color: var(--muted); white-space: nowrap; text-align: right; }
.off > td, .off > th { color: var(--muted); font-weight: 400; }
.reason span { display: block; max-width: clamp(10rem, calc(100vw - 16rem), 40rem); }
.notes { font-size: 0.86rem; color: var(--muted); padding-left: 1.6rem; }
figure { margin: 1rem 0 1.4rem; }
figcaption { color: var(--muted); font-size: 0.9rem; max-width: 48rem; margin-top: 0.6rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1.1rem; }
.panel { border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; min-width: 0; break-inside: avoid; }
.chart { display: block; width: 100%; height: auto; font-family: inherit; max-width: 34rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; padding: 0; margin: 0 0 0.8rem; font-size: 0.9rem; }
.symbol { width: 1em; height: 1em; vertical-align: -0.12em; margin-right: 0.45em; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.6rem 0; padding: 0 0.9rem; }
details details { margin: 0.4rem 0 0; }
summary { cursor: pointer; padding: 0.6rem 0; }
pre { background: var(--raised); border-radius: 4px; padding: 0.8rem; overflow: auto; font-size: 0.8rem; max-height: 28rem; }
footer { color: var(--muted); font-size: 0.86rem; padding-top: 1.5rem; padding-bottom: 3rem; }
@media screen { wbr { display: none; } }
@media screen and (min-width: 60rem) { #main-table th:first-child { min-width: 15rem; } }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  #main-table th:first-child { min-width: 8rem; max-width: 8rem; font-size: 0.8rem; overflow-wrap: anywhere; }
}
@media print {
  @page { size: A4 landscape; margin: 11mm; }
  :root { font-size: 9.5pt; }
  body { font-size: 9pt; }
  main, header, footer { max-width: none; padding: 0; }
  /* Chromium moves a grid to the next page as a whole; lines of inline blocks it does not. */
  .cards, .panels { display: block; orphans: 1; widows: 1; }
  .card, .panel { display: inline-block; vertical-align: top; width: 32.4%; margin: 0 0.6% 3mm 0; }
  .card li, .card p { font-size: 8pt; }
  .chip, .status { font-size: inherit; padding: 0; }
  nav, .skip { display: none; }
  .scroll { overflow: visible; border: 0; }
  table { font-size: 7pt; }
  th, td { padding: 1.2mm 1mm; white-space: normal; }
  #main-table th, #main-table td { font-size: 6pt; padding: 0.8mm 0.6mm; position: static; min-width: 0; white-space: normal; }
  tr, figure .panel { break-inside: avoid; }
  h2, h3, caption, .legend { break-after: avoid; }
  thead { display: table-header-group; }
  details { border: 0; padding: 0; }
}
`;
