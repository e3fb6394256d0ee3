// Colours of series are those of Okabe and Ito, which people with any colour vision tell apart; lighter on a dark page.
// Nothing is loaded: system fonts, no images. There is no "<" and no "&" in it, so that it can stand in XML as well.
#include "report/style.hpp"

namespace report {

const char* const kStyleSheet = R"css(
:root {
  color-scheme: light dark;
  --page: #fcfcfb; --ink: #1c1e21; --soft: #5b626b; --line: #e2e4e7; --track: #f1f2f4;
  --s1: #0072b2; --s2: #b85600; --s3: #00805e; --s4: #a3447c; --muted: #9aa1a9; --on: #ffffff; --wrong: #c44e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181b; --ink: #e8e9eb; --soft: #a3aab3; --line: #343940; --track: #262a2f;
    --s1: #56b4e9; --s2: #f0a34a; --s3: #3fc79a; --s4: #e39ac4; --muted: #6d757e; --on: #14161a; --wrong: #f08a4b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3.5rem 1.5rem 5rem; max-width: 54rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
}
header { margin-bottom: 3.5rem; }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.4rem; font-size: 1.3rem; line-height: 1.35; font-weight: 620; letter-spacing: -0.005em; overflow-wrap: anywhere; }
h3 { margin: 2rem 0 0.3rem; font-size: 1rem; line-height: 1.4; font-weight: 620; overflow-wrap: anywhere; }
p { margin: 0.4rem 0; max-width: 44rem; overflow-wrap: anywhere; }
.kicker { margin: 0 0 0.5rem; font-size: 0.8rem; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; color: var(--soft); }
.lead { margin-top: 0.8rem; font-size: 1.1rem; }
.soft, figcaption, caption, dt { color: var(--soft); }
section { margin-top: 4rem; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 1.1rem 1.5rem; margin: 1.8rem 0 0; }
dl.facts dt, dl.list dt { font-size: 0.82rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dl.list { display: grid; grid-template-columns: minmax(8rem, 13rem) 1fr; gap: 0.35rem 1.5rem; margin: 0.8rem 0 0; }
dl.list dt { padding-top: 0.1rem; }
figure { margin: 1.6rem 0 0; }
figcaption { margin-top: 0.7rem; max-width: 44rem; font-size: 0.86rem; line-height: 1.5; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: var(--ink); font-family: inherit; }
svg .tick { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .name { fill: var(--soft); }
svg .strong, svg .label.s1, svg .label.s2, svg .label.s3, svg .label.s4 { font-weight: 600; }
svg .label.s1 { fill: var(--s1); } svg .label.s2 { fill: var(--s2); } svg .label.s3 { fill: var(--s3); } svg .label.s4 { fill: var(--s4); }
svg .halo { paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--muted); stroke-width: 1; }
svg .track { fill: var(--track); }
.model { --own: var(--muted); }
.model.s1, .visit.s1, .key.s1 { --own: var(--s1); } .model.s2, .visit.s2, .key.s2 { --own: var(--s2); }
.model.s3, .visit.s3, .key.s3 { --own: var(--s3); } .model.s4, .visit.s4, .key.s4 { --own: var(--s4); }
.visit.muted { --own: var(--muted); }
svg .line { fill: none; stroke: var(--own); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .training { stroke-width: 1.3; stroke-dasharray: 4 4; }
svg .dot { fill: var(--own); }
svg .model.muted { opacity: 0.5; }
svg .model.muted .line { stroke-width: 1; }
svg .model.lost .line { stroke-dasharray: 1 4; }
svg .model:hover { opacity: 1; }
svg .model:hover .line { stroke-width: 3.2; }
svg .bar, svg .busy { fill: var(--s1); }
svg .bar:hover, svg .busy:hover { fill: var(--s2); }
svg .visit { fill: var(--own); stroke: var(--page); stroke-width: 0.4; }
svg .visit.muted { fill-opacity: 0.55; }
svg .visit:hover { fill: var(--ink); fill-opacity: 1; }
svg .whisker { stroke: var(--ink); stroke-width: 1.2; stroke-opacity: 0.6; }
svg .diagonal { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 3 4; }
svg .right { fill: var(--s1); } svg .wrong { fill: var(--wrong); }
svg .right:hover, svg .wrong:hover { stroke: var(--ink); stroke-width: 1.5; }
svg .number { font-variant-numeric: tabular-nums; pointer-events: none; }
svg .on { fill: var(--on); }
.wide { margin-top: 1.4rem; overflow-x: auto; }
.wide:focus-visible, summary:focus-visible { outline: 2px solid var(--s1); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 100%; font-size: 0.88rem; line-height: 1.4; }
caption { padding: 0 0 0.6rem; text-align: left; font-size: 0.86rem; }
th, td { padding: 0.42rem 1.1rem 0.42rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 500; color: var(--soft); white-space: nowrap; vertical-align: bottom; border-bottom-color: var(--muted); }
tbody th { font-weight: inherit; white-space: nowrap; }
tbody tr:hover { background: var(--track); }
tr.best { font-weight: 640; }
tr.lost { color: var(--soft); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.text { max-width: 22rem; overflow-wrap: break-word; }
.key { display: inline-block; width: 0.62em; height: 0.62em; margin-right: 0.5em; border-radius: 50%; background: var(--own, transparent); }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--soft); font-size: 0.88rem; }
code { font: 0.86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
footer { margin-top: 5rem; padding-top: 1.2rem; border-top: 1px solid var(--line); font-size: 0.84rem; color: var(--soft); }
@media (max-width: 34rem) { dl.list { grid-template-columns: 1fr; gap: 0; } dl.list dd { margin-bottom: 0.7rem; } figure { overflow-x: auto; } svg { min-width: 34rem; } }
@media print {
  :root {
    color-scheme: light;
    --page: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc; --track: #eeeeee;
    --s1: #0072b2; --s2: #b85600; --s3: #00805e; --s4: #a3447c; --muted: #888888; --on: #ffffff; --wrong: #c44e00;
  }
  @page { margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { margin-top: 2.2rem; }
  h2, h3 { break-after: avoid; }
  figure, tr, dl.list div { break-inside: avoid; }
  .wide { overflow: visible; }
  table { font-size: 8pt; } th, td { padding-right: 0.7rem; } thead th, thead .num { white-space: normal; } td.text { overflow-wrap: anywhere; } td:last-child { white-space: nowrap; }
  svg, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; }
}
)css";

}  // namespace report
