import { useQuery } from '@tanstack/preact-query';
import { explain, type Reason } from '../lib/reason';
import { Why } from '../ui/basics';

interface Props {
  /** Of the item in the API, such as `/plans/12`. */
  path: string;
  /** The first reason, which came with the item. */
  reason: Reason | null;
  failed: boolean;
}

/** Why an item waits or failed, and what else would hold it back after that. */
export function Reasons({ path, reason, failed }: Props) {
  const all = useQuery({
    queryKey: ['explain', path],
    queryFn: ({ signal }) => explain(path, signal),
    enabled: reason !== null && !failed,
    retry: false,
  });
  const others = (all.data ?? []).filter(({ message }) => message !== reason?.message);
  return (
    <>
      <Why reason={reason} failed={failed} />
      {!failed &&
        reason &&
        others.map((other) => <Why key={other.message} reason={other} isFurther />)}
    </>
  );
}
