import { hash } from 'node:crypto';
import { html, Html } from './html.ts';

/** A page on its way out. */
export interface Page {
  readonly status?: number;
  readonly title: string;
  /** Where we are, from the left; the last one is this page. */
  readonly trail: readonly { readonly text: string; readonly href?: string }[];
  readonly body: Html;
}

const style = `
:root{color-scheme:light dark;--text:#1f2328;--dim:#59636e;--line:#d1d9e0;--soft:#f6f8fa;--link:#0757ba;--add:#dafbe1;--del:#ffebe9;--mark:#fff3b8}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9aa4af;--line:#3d444d;--soft:#161b22;--link:#6cb2ff;--add:#12361f;--del:#4a1d1f;--mark:#4d4013}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--text);background:Canvas}
a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}
header{border-bottom:1px solid var(--line);margin-bottom:1rem;padding-bottom:.5rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
nav ol{display:flex;flex-wrap:wrap;list-style:none;margin:0;padding:0}nav ol li+li::before{content:"/";color:var(--dim);padding:0 .4rem}
h1{font-size:1.3rem;margin:.5rem 0}h2{font-size:1.05rem;margin:1.2rem 0 .4rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
.list{border:1px solid var(--line);border-radius:6px;overflow:hidden;display:block;overflow-x:auto}
.list table{min-width:30rem}.list td,.list th{padding:.35rem .75rem;border-top:1px solid var(--line);text-align:left;vertical-align:top}
.list thead th{background:var(--soft);font-weight:600;border-top:0}.list tbody th{font-weight:400}
.dim{color:var(--dim)}.right{text-align:right}.nowrap{white-space:nowrap}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86rem}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.box{border:1px solid var(--line);border-radius:6px;padding:.6rem .75rem;margin:.75rem 0;background:var(--soft)}
.box code{user-select:all;overflow-wrap:anywhere}
.list .source td{padding:0 .75rem;border:0}.source td.number{font:.86rem/1.75 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;width:1%;text-align:right;color:var(--dim);user-select:none}.source td.number a{color:inherit}
.source tr:target,.source tr:target td{background:var(--mark)}
.source tr.add td{background:var(--add)}.source tr.del td{background:var(--del)}.source tr.gap td{background:var(--soft);color:var(--dim)}
.row{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:baseline}
details{margin:.5rem 0}details ul{margin:.3rem 0;padding-left:1.2rem}
footer{margin-top:2rem;color:var(--dim);font-size:.85rem}
`;

/** No script, no frame, no form, nothing from elsewhere; this one style sheet. */
export const contentSecurityPolicy: string = `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='2' y='10' width='12' height='4' fill='%230757ba'/%3E%3Crect x='4' y='5' width='8' height='4' fill='%236cb2ff'/%3E%3C/svg%3E";

export function renderPage(page: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} - Plinth git</title>
<link rel="icon" href="${icon}">
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header><nav aria-label="Breadcrumb"><ol><li><a href="/">Repositories</a></li>${page.trail.map((step) =>
    step.href === undefined ? html`<li aria-current="page">${step.text}</li>` : html`<li><a href="${step.href}">${step.text}</a></li>`,
  )}</ol></nav></header>
<main id="content">
${page.body}
</main>
<footer>Plinth git server</footer>
</body>
</html>
`.text;
}
