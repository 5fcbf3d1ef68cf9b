import { useLayoutEffect, useState } from 'preact/hooks';

const storageKey = 'planwright.theme';
const themes = ['system', 'light', 'dark'];

/** Light, dark, or what the system says. Remembered in this browser only. */
export function ThemeChoice() {
  const [theme, setTheme] = useState(() => localStorage.getItem(storageKey) ?? 'system');
  useLayoutEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === 'system') delete dataset['theme'];
    else dataset['theme'] = theme;
    localStorage.setItem(storageKey, theme);
  }, [theme]);
  return (
    <label class="theme">
      <span aria-hidden="true">Theme</span>
      <select
        aria-label="Theme"
        value={theme}
        onChange={(event) => setTheme(event.currentTarget.value)}
      >
        {themes.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
