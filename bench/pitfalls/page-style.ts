/** The style of the page: system fonts, both colour schemes, the colours of the comparison's report. Code marks its lines too. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1f2328, #e8eaed);
  --quiet: light-dark(#59616b, #a9b1ba);
  --ground: light-dark(#ffffff, #16191d);
  --panel: light-dark(#eef1f4, #262b32);
  --rule: light-dark(#dfe3e8, #373d46);
  --broken: light-dark(#c84e00, #ff8f52);
  --fixed: light-dark(#00855f, #35c79b);
  --broken-ground: light-dark(#fdeee6, #3a231a);
  --fixed-ground: light-dark(#e5f5f2, #16322e);
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
a { color: inherit; text-underline-offset: .15em; }
section { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 1.5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
.origin { color: var(--quiet); font-size: .875rem; }
.symptom { font-size: 1.1rem; }
.unseen { color: var(--broken); font-weight: 600; }
.scroll, pre { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--rule); padding: .4rem .6rem .4rem 0; text-align: left; vertical-align: top; font-weight: inherit; }
thead th { color: var(--quiet); }
.figure { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
thead th:nth-child(n + 3) { text-align: right; }
figure { margin: 0 0 1rem; }
figcaption { font-size: .9rem; margin-bottom: .3rem; }
.bar { display: grid; grid-template-columns: 3.5rem 1fr 7.5rem; align-items: center; gap: .6rem; font-size: .9rem; }
.version { color: var(--quiet); }
.track { background: var(--panel); border-radius: 3px; height: .9rem; margin: .15rem 0; }
.track span { border-radius: 3px; display: block; height: 100%; }
.track span:not([style='width:0.00%']) { min-width: 2px; }
.track .broken { background: var(--broken); }
.track .fixed { background: var(--fixed); }
pre { background: var(--panel); border-radius: 6px; margin: .75rem 0; padding: .75rem 0; line-height: 1.45; }
.line { display: block; min-width: max-content; padding: 0 1rem; }
.line.broken { background: var(--broken-ground); }
.line.fixed { background: var(--fixed-ground); }
@media (max-width: 40rem) {
  .summary, .summary tbody, .summary tr, .summary th, .summary td { display: block; }
  .summary thead { display: none; }
  .summary tr { border-bottom: 1px solid var(--rule); padding: .5rem 0; }
  .summary th, .summary td { border: 0; padding: 0; text-align: left; }
  .summary td.figure { display: inline; margin-right: .6rem; }
  .summary td:nth-of-type(2)::before { content: 'broken '; color: var(--quiet); }
  .summary td:nth-of-type(3)::before { content: 'fixed '; color: var(--quiet); }
  .summary td:nth-of-type(4)::before { content: '→ '; color: var(--quiet); }
  .bar { grid-template-columns: 3.2rem 1fr 6.5rem; gap: .4rem; }
}
@media print { body { max-width: none; } pre { white-space: pre-wrap; } }
`;
