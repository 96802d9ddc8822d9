// What a gloved thumb and large text need of every screen of the app: targets of 56 px, and nothing off the side.

const MEASURE = `
  const GLOVE = 56;
  const problems = [];
  const shown = (element) => element.checkVisibility?.() !== false && element.getClientRects().length > 0;
  for (const control of document.querySelectorAll('button, a[href], input, textarea, select, summary')) {
    if (control.matches('.skip') || control.closest('.out-of-sight') || !shown(control)) continue;
    const target = control.matches('input[type=radio], input[type=checkbox], input[type=file]') ? (control.closest('label') ?? control) : control;
    const { width, height } = target.getBoundingClientRect();
    if (Math.round(width) < GLOVE || Math.round(height) < GLOVE) {
      const name = control.getAttribute('aria-label') || target.textContent.trim() || control.id;
      problems.push(name + ' is ' + Math.round(width) + ' by ' + Math.round(height) + ' px');
    }
  }
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) problems.push('the page is ' + over + ' px wider than the window');
  return problems;
`;

export function measure(screen) {
  return screen.run(MEASURE);
}
