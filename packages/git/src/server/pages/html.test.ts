import { describe, expect, it } from 'vitest';
import { encodePath, html } from './html.ts';

describe('html', () => {
  it('escapes values, not markup, and joins lists', () => {
    expect(html`<p title="${'"><script>'}">${["a & 'b'", html`<b>${'<'}</b>`]}${undefined}${false}${0}</p>`.text).toBe('<p title="&quot;&gt;&lt;script&gt;">a &amp; &#39;b&#39;<b>&lt;</b>0</p>');
  });
});

describe('encodePath', () => {
  it('keeps slashes and nothing else that means something in an address', () => {
    expect(encodePath('a b/c?d#e/"<')).toBe('a%20b/c%3Fd%23e/%22%3C');
  });
});
