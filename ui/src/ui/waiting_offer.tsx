import { plural } from '../lib/format';
import type { StageName } from '../lib/queues';
import { Confirm } from './confirm';

interface Props {
  stage: StageName;
  waiting: number;
  onAll: () => void;
  onOnlyNew: () => void;
  onCancel: () => void;
}

/** Asked when a gate opens while items stand before it: they do not move unless someone says so. */
export function WaitingOffer({ stage, waiting, onAll, onOnlyNew, onCancel }: Props) {
  const items = plural(waiting, stage === 'plan' ? 'input' : 'plan');
  const verb = waiting === 1 ? 'waits' : 'wait';
  const what = stage === 'plan' ? 'Planning' : 'Building';
  return (
    <Confirm
      title={`${what} becomes automatic`}
      choices={[
        { label: 'Only new ones', onChoose: onOnlyNew },
        { label: `Enqueue ${items} too`, kind: 'primary', onChoose: onAll },
      ]}
      onCancel={onCancel}
    >
      <p>
        {items} already {verb}. Should {waiting === 1 ? 'it' : 'they'} be enqueued too, or only what
        comes from now on?
      </p>
    </Confirm>
  );
}
