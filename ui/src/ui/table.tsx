import type { ComponentChildren } from 'preact';

export interface Column<T> {
  /** Empty for a column of buttons. */
  name: string;
  cell: (row: T) => ComponentChildren;
  className?: string;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string | number;
  /** The row that j and k have moved to, or the chosen one. */
  current?: string | number | null;
  footer?: ComponentChildren;
}

/**
 * A table that turns into a list of cards on a narrow screen. The roles are said out loud because
 * browsers drop them from a table that is not laid out as one.
 */
export function Table<T>({ label, columns, rows, keyOf, current, footer }: Props<T>) {
  return (
    <div class="tablebox" tabIndex={0} role="region" aria-label={label}>
      <table role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, className }) => (
              <th key={name} scope="col" role="columnheader" class={className}>
                {name || <span class="vh">Actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => {
            const key = keyOf(row);
            return (
              <tr key={key} role="row" data-key={key} class={key === current ? 'at' : undefined}>
                {columns.map(({ name, cell, className }) => (
                  <td key={name} role="cell" class={className} data-label={name}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {footer}
    </div>
  );
}
