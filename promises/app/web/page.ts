import type { Todo } from './todo-store.ts';

export interface PageContent {
  readonly title: string;
  readonly todos: readonly Todo[];
  /** What went wrong with the last entry. */
  readonly problem?: string;
}

/** The page, without scripts and without anything from elsewhere: forms do all of it. */
export function page({ title, todos, problem }: PageContent): string {
  const open = todos.filter(({ done }) => !done).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${text(title)}</h1>
<form method="post" action="/todos" class="add">
<label for="title">What is to be done?</label>
<div><input id="title" name="title" required maxlength="200" autocomplete="off" autofocus${problem ? ' aria-describedby="problem" aria-invalid="true"' : ''}><button>Add</button></div>
${problem ? `<p id="problem" role="alert">${text(problem)}</p>` : ''}
</form>
<p role="status">${todos.length === 0 ? 'Nothing to do yet.' : `${open} of ${todos.length} to do.`}</p>
<ul>
${todos.map(entry).join('\n')}
</ul>
</main>
</body>
</html>
`;
}

function entry({ id, title, done }: Todo): string {
  const name = text(title);
  return `<li${done ? ' class="done"' : ''}>
<form method="post" action="/todos/${id}"><input type="hidden" name="done" value="${String(!done)}"><button role="checkbox" aria-checked="${String(done)}" aria-label="${name}">${done ? '☑' : '☐'}</button></form>
<span>${name}</span>
<form method="post" action="/todos/${id}/delete"><button aria-label="Delete ${name}">Delete</button></form>
</li>`;
}

export const text = (value: string): string => value.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }
main { max-width: 36rem; margin: 3rem auto; padding: 0 1rem; }
.add div, li { display: flex; gap: .5rem; align-items: center; }
input { flex: 1; }
input, button { font: inherit; padding: .35rem .6rem; }
ul { list-style: none; padding: 0; }
li { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem 0; }
li span { flex: 1; overflow-wrap: anywhere; }
li.done span { text-decoration: line-through; opacity: .7; }
li [role=checkbox] { border: 0; background: none; font-size: 1.3rem; line-height: 1; cursor: pointer; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
[role=alert] { color: light-dark(#a40000, #ff9c9c); }
`;
