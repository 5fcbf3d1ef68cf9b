import { render } from 'preact';
import { QueryClientProvider } from '@tanstack/preact-query';
import { App } from './app';
import { cache } from './lib/cache';
import { captureLinks } from './lib/router';
import './style/all.css';

captureLinks();
render(
  <QueryClientProvider client={cache}>
    <App />
  </QueryClientProvider>,
  document.getElementById('app')!,
);
