/** The page's style sheet: light and dark, phone and print. */
import { darkPlotRules, pageColours } from './palette.ts';

const { light, dark } = pageColours;

export const style = `
:root{color-scheme:light dark;--ink:${light.ink};--muted:${light.muted};--line:${light.grid};--zone:${light.zone};--paper:#fff}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1320px;padding:24px 20px 64px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;margin:0 0 4px}
h2{font-size:1.25rem;margin:44px 0 12px;padding-top:12px;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:28px 0 2px}
p{margin:6px 0;max-width:80ch}
.muted,figcaption,.caption{color:var(--muted);font-size:.9rem}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px;margin:20px 0}
.answer{border:1px solid var(--line);border-radius:8px;padding:14px 16px}
.answer h3{margin:0;font-size:.9rem;font-weight:600;color:var(--muted)}
.answer .headline{font-size:1.15rem;font-weight:650;margin:2px 0 8px}
.answer ul,.plain{margin:0;padding-left:1.1em}
.answer li,.plain li{margin:4px 0}
.alarm{border-left:4px solid #c84e00;padding:8px 12px;margin:12px 0;background:var(--zone)}
.scroll{overflow-x:auto;margin:10px 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem;width:100%}
th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th{font-weight:600}
thead th{vertical-align:bottom}
td{min-width:72px}
.facts td{min-width:0}
td span{white-space:nowrap}
td .interval{color:var(--muted);display:block;font-size:.85em}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper);min-width:112px}
.facts td,.facts th{text-align:left;white-space:normal}
.facts code{white-space:pre-wrap}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,380px),1fr));gap:28px 24px;align-items:start}
figure{margin:0;break-inside:avoid}
figure b{display:block;font-size:.95rem;margin-bottom:4px}
figure svg{display:block;width:100%;height:auto;max-width:520px}
a{color:inherit}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.9em}
@media (max-width:500px){body{padding:16px 12px 40px}h1{font-size:1.4rem}}
@media screen and (prefers-color-scheme:dark){
:root{--ink:${dark.ink};--muted:${dark.muted};--line:${dark.grid};--zone:${dark.zone};--paper:${dark.paper}}
${darkPlotRules('figure svg')}
}
@media print{
body{max-width:none;padding:0;font-size:11px}
h2{break-after:avoid}
.plots{grid-template-columns:repeat(2,1fr)}
.scroll{overflow:visible}
table{font-size:8px}
th,td{padding:3px 4px}
th:first-child,td:first-child{min-width:0;position:static}
}
`;
