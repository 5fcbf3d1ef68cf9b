/** Made by `npm run types` from host/http/openapi.json; never edited by hand. */

export interface components {
  schemas: {
    AuditEntry: {
      id: number;
      /** Format: date-time */
      at: string;
      /** @description As events name it. */
      actor: string;
      /**
       * @description How it was known who asked. anyone: access: {mode: none}.
       * @enum {string}
       */
      actor_kind: 'anyone' | 'nobody' | 'token' | 'session' | 'webhook' | 'host';
      /** @description Of the client; null: the host itself. */
      address: string | null;
      user_agent: string | null;
      request_id: string | null;
      /** @description The operationId of what was asked for. */
      action: string;
      /** @description Such as plan/7. */
      item: string | null;
      queue: string | null;
      /** @description false: the caller may not do this, or nobody may in this way. */
      allowed: boolean;
      /** @description Of the answer; null: it was no request. */
      status: number | null;
      /** @description The last part of the type of the problem that the answer was. */
      reason: string | null;
      /** @description What was there of that which was changed. */
      before: Record<string, never> | null;
      /** @description What is there now, or what was asked for. */
      after: Record<string, never> | null;
    };
    AuditPage: {
      items: components['schemas']['AuditEntry'][];
      next_cursor: string | null;
      total: number;
      total_is_lower_bound?: boolean;
    };
    Caller: {
      /**
       * @description none: whoever reaches the address is an administrator.
       * @enum {string}
       */
      access: 'token' | 'none';
      /** @description null: nobody signed in. */
      name: string | null;
      /** @enum {string|null} */
      role: 'viewer' | 'operator' | 'approver' | 'admin' | null;
      /** @description null: every queue. */
      queues: string[] | null;
    };
    Login: {
      /** @description A token, or what follows # in a login link. */
      key: string;
    };
    LoginLink: {
      /** @description Below the address of the server. */
      path: string;
      /** @description Seconds. */
      expires_in: number;
    };
    NewToken: {
      /** @description Its text, shown this once. */
      token: string;
      id: number;
      name: string;
      /** @enum {string} */
      role: 'viewer' | 'operator' | 'approver' | 'admin';
      /** @description null: every queue. */
      queues: string[] | null;
      /** Format: date-time */
      created_at: string;
      created_by: string;
      /** Format: date-time */
      expires_at: string | null;
      /**
       * Format: date-time
       * @description To the minute.
       */
      last_used_at: string | null;
      /** Format: date-time */
      revoked_at: string | null;
      revoked_by: string | null;
    };
    Nothing: Record<string, never>;
    Token: {
      id: number;
      name: string;
      /** @enum {string} */
      role: 'viewer' | 'operator' | 'approver' | 'admin';
      /** @description null: every queue. */
      queues: string[] | null;
      /** Format: date-time */
      created_at: string;
      created_by: string;
      /** Format: date-time */
      expires_at: string | null;
      /**
       * Format: date-time
       * @description To the minute.
       */
      last_used_at: string | null;
      /** Format: date-time */
      revoked_at: string | null;
      revoked_by: string | null;
    };
    TokenPage: {
      items: components['schemas']['Token'][];
    };
    TokenWish: {
      name: string;
      /** @enum {string} */
      role: 'viewer' | 'operator' | 'approver' | 'admin';
      /** @description null: every queue. */
      queues?: string[] | null;
      /** @description Such as 30d; without it until it is revoked. */
      expires_in?: string;
    };
    Maintenance: {
      is_on: boolean;
      sentence: string | null;
      /** Format: date-time */
      since: string | null;
      by: string | null;
    };
    MaintenanceWish: {
      /** @description Why nothing can be changed, and until when; 1 to 500 bytes. */
      sentence: string;
    };
    Webhook: {
      id: number;
      /**
       * @description webhook: CloudEvents, signed as Standard Webhooks; else a forge, which is told the statuses of commits. gitea: Forgejo, too.
       * @enum {string}
       */
      kind: 'webhook' | 'github' | 'gitea' | 'gitlab';
      /** @description Where events go; of a forge its API. */
      url: string;
      /**
       * @description How CloudEvents 1.0 are sent (HTTP binding).
       * @enum {string}
       */
      mode: 'structured' | 'binary';
      /** @description null: every queue, and events of none. */
      queues: string[] | null;
      /** @description Such as plan.built or build.*; null: all. */
      types: string[] | null;
      /** @description Of a forge: OWNER/NAME. */
      repository: string | null;
      /** @description Of a forge: the secret of the configuration that is its token. */
      token_secret: string | null;
      /** @description Of a forge: the address under which people see the page. */
      page: string | null;
      /** @description Of the event log: what came up to here has its deliveries. */
      cursor: string;
      /** @description Attempts since the last one that succeeded. */
      failures: number;
      /** @description Deliveries. */
      waiting: number;
      /** @description Deliveries that were given up after a day. */
      dead: number;
      last_error: string | null;
      /** Format: date-time */
      last_at: string | null;
      /**
       * Format: date-time
       * @description Until when the secret before this one signs as well.
       */
      old_secret_until: string | null;
      /** Format: date-time */
      created_at: string;
      created_by: string;
    };
    NewWebhook: {
      id: number;
      /**
       * @description webhook: CloudEvents, signed as Standard Webhooks; else a forge, which is told the statuses of commits. gitea: Forgejo, too.
       * @enum {string}
       */
      kind: 'webhook' | 'github' | 'gitea' | 'gitlab';
      /** @description Where events go; of a forge its API. */
      url: string;
      /**
       * @description How CloudEvents 1.0 are sent (HTTP binding).
       * @enum {string}
       */
      mode: 'structured' | 'binary';
      /** @description null: every queue, and events of none. */
      queues: string[] | null;
      /** @description Such as plan.built or build.*; null: all. */
      types: string[] | null;
      /** @description Of a forge: OWNER/NAME. */
      repository: string | null;
      /** @description Of a forge: the secret of the configuration that is its token. */
      token_secret: string | null;
      /** @description Of a forge: the address under which people see the page. */
      page: string | null;
      /** @description Of the event log: what came up to here has its deliveries. */
      cursor: string;
      /** @description Attempts since the last one that succeeded. */
      failures: number;
      /** @description Deliveries. */
      waiting: number;
      /** @description Deliveries that were given up after a day. */
      dead: number;
      last_error: string | null;
      /** Format: date-time */
      last_at: string | null;
      /**
       * Format: date-time
       * @description Until when the secret before this one signs as well.
       */
      old_secret_until: string | null;
      /** Format: date-time */
      created_at: string;
      created_by: string;
      /** @description Shown once; a forge has none. */
      secret?: string;
    };
    WebhookList: {
      items: components['schemas']['Webhook'][];
    };
    WebhookWish: {
      /** @enum {string} */
      kind?: 'webhook' | 'github' | 'gitea' | 'gitlab';
      /** Format: uri */
      url: string;
      /**
       * @description How CloudEvents 1.0 are sent (HTTP binding).
       * @enum {string}
       */
      mode?: 'structured' | 'binary';
      /** @description Left out: every queue. */
      queues?: string[] | null;
      /** @description Left out: all. */
      types?: string[] | null;
      repository?: string;
      token_secret?: string;
      /** Format: uri */
      page?: string;
    };
    ReplayWish: {
      /** @description A cursor of the events; 0 = all that are kept. */
      after: string;
    };
    Delivery: {
      id: number;
      webhook_id: number;
      /** @description The header webhook-id. */
      message_id: string;
      event_id: string;
      subject: string;
      type: string;
      url: string;
      /** @enum {string} */
      state: 'waiting' | 'delivered' | 'dead';
      attempts: number;
      /** @description Of the last answer; null: there was none. */
      status: number | null;
      error: string | null;
      /** Format: date-time */
      next_attempt_at: string | null;
      /** Format: date-time */
      last_attempt_at: string | null;
      /** Format: date-time */
      finished_at: string | null;
      /** Format: date-time */
      created_at: string;
    };
    DeliveryPage: {
      items: components['schemas']['Delivery'][];
      next_cursor: string | null;
      total: number;
      total_is_lower_bound?: boolean;
    };
    /** @description RFC 9457. */
    Problem: {
      /** @description Stable path, such as /problems/already-planned. */
      type: string;
      title: string;
      status: number;
      /** @description Plain words. */
      detail: string;
      instance?: string;
      request_id: string;
      errors?: {
        /** @description JSON pointer into the body, the name of a parameter, or file:line:column of a configuration. */
        pointer: string;
        detail: string;
      }[];
      /** @description 412: the ETag now. */
      current_etag?: string;
      changed_by?: string;
      /** Format: date-time */
      changed_at?: string;
    };
    /** @description Why an item waits or did not succeed. */
    Reason: {
      /** @enum {string} */
      code:
        | 'manual_mode'
        | 'approval_needed'
        | 'queue_paused'
        | 'queue_held'
        | 'superseded'
        | 'limit'
        | 'waiting_for_worker'
        | 'backoff'
        | 'waiting_for_needs'
        | 'file_not_stable'
        | 'resources'
        | 'backend_pending'
        | 'planner_rejected_input'
        | 'job_failed'
        | 'needs_failed'
        | 'timeout'
        | 'worker_lost'
        | 'cancelled'
        | 'plugin_error'
        | 'stuck'
        | 'internal';
      /** @description Why, in words. */
      message: string;
      /** @description What to do about it. */
      hint: string | null;
      /** Format: date-time */
      since: string | null;
      /** @description explain of a job only: whose reason it is. */
      job_id?: number;
      job?: string;
    };
    /** @description How far a running plugin says it is, brought up to date once a second. */
    Progress: {
      done: number;
      /** @description null: nobody knows. */
      total: number | null;
      note: string | null;
      /** Format: date-time */
      at: string;
    };
    /** @description A recorded version of a file. */
    PendingInput: {
      id: number;
      queue: string;
      source: string;
      filename: string;
      /** @description 1 for the first content of that name, then rising. */
      generation: number;
      /** @description sha256:<64 hex digits> */
      digest: string;
      /** @description Bytes. */
      size: number;
      /** @description From the source. */
      attributes: Record<string, never> | null;
      /** @enum {string} */
      status: 'pending' | 'planning' | 'planned' | 'failed' | 'superseded' | 'cancelled';
      /** @description It has been put into the plan queue. */
      queued: boolean;
      /** Format: date-time */
      queued_at: string | null;
      /** @description It is being stopped. */
      cancel_requested: boolean;
      attempt: number;
      max_attempts: number;
      /** Format: date-time */
      next_attempt_at: string | null;
      reason: components['schemas']['Reason'] | null;
      superseded_by: number | null;
      plan_ids: number[];
      /** @description Of its planner, while that runs. */
      progress?: components['schemas']['Progress'] | null;
      trace_id: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
      /** @description One sentence. */
      error: string | null;
      /** @description For example the tail of a program's output. */
      details: string | null;
    };
    /** @description A sealed graph of jobs. */
    Plan: {
      id: number;
      queue: string;
      pending_input_id: number;
      filename: string;
      /** @enum {string} */
      status: 'ready_for_build' | 'building' | 'built' | 'failed' | 'superseded' | 'cancelled';
      /** @description It has been put into the build queue. */
      queued: boolean;
      /** Format: date-time */
      queued_at: string | null;
      attempt: number;
      max_attempts: number;
      /** Format: date-time */
      next_attempt_at: string | null;
      /** @description Counts of the latest build; besides them what the planner wrote. */
      summary: {
        jobs: number;
        done: number;
        failed: number;
        /** @description Id and version. */
        planner: string;
      } & {
        [key: string]: unknown;
      };
      /** @description sha256:<64 hex digits> */
      plan_digest: string;
      /** @description An earlier plan of the queue has the same jobs, whatever its input was. */
      unchanged: components['schemas']['Unchanged'] | null;
      plan_blob_url: string;
      reason: components['schemas']['Reason'] | null;
      /** @description The latest build. */
      build_id: number | null;
      /** @enum {string} */
      build_mode: 'all' | 'failed';
      /** @description For pip install --index-url: the wheels that its latest build left; null if there are none. */
      index_url: string | null;
      superseded_by: number | null;
      trace_id: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
      error: string | null;
    };
    /** @description One execution of a plan. */
    Build: {
      id: number;
      plan_id: number;
      pending_input_id: number;
      filename: string;
      queue: string;
      /** @enum {string} */
      mode: 'all' | 'failed';
      /** @enum {string} */
      status: 'building' | 'built' | 'failed' | 'cancelled';
      cancel_requested: boolean;
      summary: {
        jobs: number;
        done: number;
        failed: number;
      };
      /** @description sha256:<64 hex digits> */
      plan_digest: string;
      /** @description sha256:<64 hex digits> */
      manifest_digest: string | null;
      manifest_url: string | null;
      reason: components['schemas']['Reason'] | null;
      trace_id: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      finished_at: string | null;
      /** Format: date-time */
      updated_at: string;
      error: string | null;
    };
    Attempt: {
      n: number;
      worker: string;
      status: string;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      ended_at: string | null;
      exit_code: number | null;
      /** @description rejected, failed, infra, timeout, limit, config, bug or cancelled */
      class: string | null;
      error: string | null;
      /** @description Bytes that all processes of the attempt used at once, with the files that they wrote as far as they were in memory; where no control groups can be made, of its largest process. null: not known. */
      peak_memory: number | null;
    };
    Output: {
      name: string;
      /** @description sha256:<64 hex digits> */
      digest: string;
      size: number;
      mode?: string;
    };
    /** @description What the cache had for a job. result: hit, miss, off; null before it was asked. */
    JobCache: {
      job_id: number;
      name: string;
      /** @enum {string|null} */
      result: 'hit' | 'miss' | 'off' | null;
      why: string | null;
      /** @description Digest of the parts. */
      key: string | null;
      /** @description What the result depends on; long values by their digest. */
      parts: {
        [key: string]: string;
      };
      /** @description The entry of another key of that job which differs least. */
      nearest: {
        job_id: number;
        /** Format: date-time */
        at: string;
        differs: {
          part: string;
          now: string | null;
          before: string | null;
        }[];
      } | null;
    };
    CacheForecast: {
      plan_id: number;
      jobs: number;
      hits: number;
      items: {
        name: string;
        /** @enum {string} */
        result: 'hit' | 'miss' | 'off';
        why: string;
      }[];
    };
    /** @description One node of a plan's graph. */
    Job: {
      /** @description null before the first build. */
      id: number | null;
      plan_id: number;
      build_id: number | null;
      /** @description Its id in the plan document. */
      name: string;
      /** @description In the plan document. */
      position: number;
      /** @enum {string} */
      status:
        | 'blocked'
        | 'ready'
        | 'running'
        | 'succeeded'
        | 'cached'
        | 'failed'
        | 'timed_out'
        | 'dep_failed'
        | 'cancelled';
      needs: string[];
      attempt: number;
      max_attempts: number;
      /** Format: date-time */
      next_attempt_at: string | null;
      attempts: components['schemas']['Attempt'][];
      /** @description It is being stopped. */
      cancel_requested: boolean;
      cache: {
        result: string;
        why: string;
      } | null;
      /** @description Of its builder, while that runs. */
      progress?: components['schemas']['Progress'] | null;
      outputs: components['schemas']['Output'][];
      exit_code: number | null;
      class: string | null;
      reason: components['schemas']['Reason'] | null;
      log_url: string | null;
      /** Format: date-time */
      started_at: string | null;
      /** Format: date-time */
      finished_at: string | null;
      error: string | null;
    };
    PendingInputPage: {
      items: components['schemas']['PendingInput'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    PlanPage: {
      items: components['schemas']['Plan'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    BuildPage: {
      items: components['schemas']['Build'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    JobPage: {
      items: components['schemas']['Job'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    PlanStage: {
      /** @description The Redis list. */
      list: string;
      paused: boolean;
      /** @description Why the stage is held, such as wrong settings. */
      reason: string | null;
      /** @description Items that wait and are due. */
      depth: number;
      running: number;
      /** @description Waiting for their next try. */
      delayed: number;
      /** @description Failed for a reason of the host's; they wait for a person. */
      dead: number;
      /** @description How long the oldest due item has waited. */
      oldest_seconds: number | null;
      /** @description Of all hosts. */
      workers: number;
      workers_per_host: number;
      busy: number;
      plugins: string[];
      /** @description Where each of the plugins runs. */
      isolation: ('inproc' | 'process')[];
      /** @description Items finished in the last minute. */
      rate_per_minute: number;
    };
    BuildStage: {
      /** @description The Redis list. */
      list: string;
      paused: boolean;
      /** @description Why the stage is held, such as wrong settings. */
      reason: string | null;
      /** @description Items that wait and are due. */
      depth: number;
      running: number;
      /** @description Waiting for their next try. */
      delayed: number;
      /** @description Failed for a reason of the host's; they wait for a person. */
      dead: number;
      /** @description How long the oldest due item has waited. */
      oldest_seconds: number | null;
      /** @description Of all hosts. */
      workers: number;
      workers_per_host: number;
      busy: number;
      plugins: string[];
      /** @description Where each of the plugins runs. */
      isolation: ('inproc' | 'process')[];
      /** @description Items finished in the last minute. */
      rate_per_minute: number;
      /** @description Room for running jobs, of all hosts. */
      job_slots: number;
      job_slots_per_host: number;
      jobs_running: number;
    };
    Queue: {
      name: string;
      auto_plan: boolean;
      auto_build: boolean;
      watch_dir: string;
      plan_workers: number;
      build_workers: number;
      job_slots: number;
      revision: number;
      plan: components['schemas']['PlanStage'];
      build: components['schemas']['BuildStage'];
      /** @description By status. */
      inputs: {
        [key: string]: number;
      };
      /** @description By status. */
      plans: {
        [key: string]: number;
      };
    };
    QueuePage: {
      items: components['schemas']['Queue'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    Settings: {
      queue: string;
      /** @description A new stable file is planned at once. */
      auto_plan: boolean;
      /** @description A finished plan is built at once. */
      auto_build: boolean;
      /** @description Files dropped here become inputs. */
      watch_dir: string;
      plan_workers: number;
      build_workers: number;
      job_slots: number;
      plan_paused: boolean;
      build_paused: boolean;
      /** @description Keys that were changed since the file was read. */
      overridden: string[];
      /** @description Keys that only the file may change. */
      locked: string[];
      /** @description The ETag. */
      revision: number;
      changed_by: string;
      /** Format: date-time */
      changed_at: string;
    };
    /** @description RFC 7396 merge patch. */
    SettingsPatch: {
      /** @description A new stable file is planned at once. */
      auto_plan?: boolean;
      /** @description A finished plan is built at once. */
      auto_build?: boolean;
      /** @description Files dropped here become inputs. */
      watch_dir?: string;
      plan_workers?: number;
      build_workers?: number;
      job_slots?: number;
      plan_paused?: boolean;
      build_paused?: boolean;
      /** @description With a gate turned on: also enqueue what waits at it. */
      apply_to_waiting?: boolean;
    };
    SettingSource: {
      /** @description Any JSON value. */
      value: unknown;
      /** @enum {string} */
      source: 'default' | 'file' | 'api';
      locked: boolean;
      file?: string;
      line?: number;
      changed_by?: string;
      /** Format: date-time */
      changed_at?: string;
    };
    SettingSources: {
      [key: string]: components['schemas']['SettingSource'];
    };
    EnqueuedPlan: {
      /** @description The Redis list. */
      queue: string;
      /** @description 1 = next. */
      position: number;
      pending_input: components['schemas']['PendingInput'];
    };
    EnqueuedBuild: {
      queue: string;
      position: number;
      plan: components['schemas']['Plan'];
    };
    /** @description The disk has changed bytes of the log that were read for this answer; a sentence and blanks stand in their place. */
    LogIsDamaged: boolean;
    /** @description So many bytes of the log are missing at its end; 0 as far as is known. */
    LogCutBytes: number;
    LogLines: {
      first_line: number;
      total_lines: number;
      /** @description The attempt has ended: nothing will be added. */
      complete: boolean;
      /** @description Some lines are cut, or the page is. */
      truncated: boolean;
      damaged: components['schemas']['LogIsDamaged'];
      cut_bytes: components['schemas']['LogCutBytes'];
      lines: string[];
      times?: string[];
    };
    LogHits: {
      damaged: components['schemas']['LogIsDamaged'];
      cut_bytes: components['schemas']['LogCutBytes'];
      lines: {
        line: number;
        text: string;
      }[];
      total: number;
      /** @description false: the time was over before the end of the log. */
      complete: boolean;
    };
    /** @description CloudEvents 1.0. */
    CloudEvent: {
      /** @constant */
      specversion: '1.0';
      /** @description The cursor. */
      id: string;
      source: string;
      /** @description Such as input.planned. */
      type: string;
      /** @description Such as plan/12. */
      subject: string;
      /** Format: date-time */
      time: string;
      datacontenttype: string;
      queue: string;
      /** @enum {string} */
      level: 'info' | 'warning' | 'error';
      actor: string;
      data: {
        message: string;
      } & {
        [key: string]: unknown;
      };
    };
    EventPage: {
      items: {
        cursor: string;
        event: components['schemas']['CloudEvent'];
      }[];
      /** @description With `after`: where to go on. Without: leads to older events. */
      next_cursor: string | null;
      /** @description Without `after`: where to go on from now. */
      newest_cursor?: string;
    };
    /** @description A running instance. */
    Worker: {
      id: number;
      hostname: string;
      pid: number;
      roles: string[];
      version: string;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      heartbeat_at: string;
      heartbeat_age_seconds: number;
      planning: number;
      building: number;
    };
    WorkerPage: {
      items: components['schemas']['Worker'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    /** @description A file that was seen and is not stable yet. */
    Arriving: {
      queue: string;
      filename: string;
      size: number;
      /** Format: date-time */
      since: string;
      reason: components['schemas']['Reason'];
    };
    ArrivingPage: {
      items: components['schemas']['Arriving'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    /** @description An input or plan that failed and waits for a person. */
    DeadLetter: {
      id: number;
      /** @enum {string} */
      kind: 'input' | 'plan';
      item_id: number;
      queue: string;
      /** @description Of the file. */
      name: string;
      /** @enum {string} */
      class: 'rejected' | 'failed' | 'infra' | 'timeout' | 'limit' | 'config' | 'bug' | 'cancelled';
      reason: components['schemas']['Reason'];
      /** @description The same for failures that differ in numbers only. */
      cause: string;
      attempts: number;
      /** Format: date-time */
      died_at: string;
      /** @enum {string} */
      status: 'waiting' | 'requeued' | 'discarded';
      /** Format: date-time */
      answered_at: string | null;
      item_url: string;
    };
    DeadLetterPage: {
      items: components['schemas']['DeadLetter'][];
      next_cursor: string | null;
      total: number;
      total_is_lower_bound?: boolean;
    };
    /** @description Dead letters with the same cause. */
    DeadLetterCause: {
      cause: string;
      title: string;
      /** @enum {string} */
      kind: 'input' | 'plan';
      /** @enum {string} */
      class: 'rejected' | 'failed' | 'infra' | 'timeout' | 'limit' | 'config' | 'bug' | 'cancelled';
      count: number;
      reason: components['schemas']['Reason'];
      /** Format: date-time */
      first_at: string;
      /** Format: date-time */
      last_at: string;
      /** @description Ids of the newest. */
      samples: number[];
    };
    DeadLetterCausePage: {
      items: components['schemas']['DeadLetterCause'][];
      next_cursor: string | null;
      total: number;
      total_is_lower_bound?: boolean;
    };
    /** @description What to do with all that fit the filter. */
    BulkWish: {
      /** @enum {string} */
      action: 'requeue' | 'discard';
      /** @enum {string} */
      target: 'dead-letters';
      /** @description {} takes all. */
      filter: {
        queue?: string;
        /** @enum {string} */
        kind?: 'input' | 'plan';
        /** @enum {string} */
        class?:
          | 'rejected'
          | 'failed'
          | 'infra'
          | 'timeout'
          | 'limit'
          | 'config'
          | 'bug'
          | 'cancelled';
        reason?: string;
        cause?: string;
        q?: string;
      };
      /** @default false */
      dry_run: boolean;
      /** @description How many must fit now, else 409. */
      expected?: number | null;
    };
    /** @description What a bulk operation would do. */
    BulkTrial: {
      matched: number;
      eligible: number;
      refused: number;
      refusals_by_code: {
        [key: string]: number;
      };
    };
    /** @description A bulk operation and how far it is. */
    BulkOperation: {
      id: number;
      /** @enum {string} */
      action: 'requeue' | 'discard';
      target: string;
      filter: {
        queue?: string;
        /** @description Of a caller of some queues: those. */
        queues?: string[];
        /** @enum {string} */
        kind?: 'input' | 'plan';
        /** @enum {string} */
        class?:
          | 'rejected'
          | 'failed'
          | 'infra'
          | 'timeout'
          | 'limit'
          | 'config'
          | 'bug'
          | 'cancelled';
        reason?: string;
        cause?: string;
        q?: string;
      };
      actor: string;
      /** @enum {string} */
      status: 'running' | 'done';
      /** @description When it was asked for. */
      matched: number;
      done: number;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      finished_at: string | null;
    };
    /** @description Failures whose text differs in numbers only. */
    FailureGroup: {
      fingerprint: string;
      title: string;
      /** @enum {string} */
      kind: 'input' | 'plan' | 'job';
      count: number;
      /** Format: date-time */
      first_at: string;
      /** Format: date-time */
      last_at: string;
      reason: components['schemas']['Reason'];
      samples: {
        kind: string;
        id: number;
        name: string;
        /** Format: date-time */
        at: string;
      }[];
    };
    FailurePage: {
      items: components['schemas']['FailureGroup'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    Plugin: {
      id: string;
      version: string;
      file: string;
      digest: string | null;
      description: string;
      pure: boolean;
      /** @description It came with the program. */
      bundled: boolean;
      /**
       * @description Where its stages run with isolation: auto; null if it is not usable.
       * @enum {string|null}
       */
      isolation: 'inproc' | 'process' | null;
      usable: boolean;
      error: string | null;
      stages: string[];
      /** @description Those that run this version now. */
      queues: string[];
      /** @description Versions of it that are not run. */
      quarantined: components['schemas']['QuarantinedVersion'][];
      /** @description Any JSON value. */
      settings_schema: unknown;
      /** @description Any JSON value. */
      manifest: unknown;
    };
    /** @description It is not run, since its processes died on one item after the other. */
    QuarantinedVersion: {
      version: string;
      digest: string;
      /** @description How it died, and what can be done. */
      reason: string;
      /** Format: date-time */
      since: string;
    };
    PluginRelease: {
      id: string;
      released: {
        version: string;
        digest: string;
      }[];
    };
    PluginPage: {
      items: components['schemas']['Plugin'][];
      /** @description Opaque; null at the end. */
      next_cursor: string | null;
      total: number;
      /** @description There are at least so many. */
      total_is_lower_bound?: boolean;
    };
    Reconciler: {
      /** @description By kind, since this host started. */
      repairs: {
        [key: string]: number;
      };
      /** @description Writes refused because the claim was lost. */
      fenced_writes: number;
    };
    Readiness: {
      /** @description Work goes on. Without Redis it does, only slower. */
      ready: boolean;
      /**
       * @description redis_away: work is found in Postgres instead; postgres_away: running jobs go on and their results are held, nothing new starts.
       * @enum {string}
       */
      mode?: 'normal' | 'redis_away' | 'postgres_away';
      dependencies?: {
        [key: string]: {
          ready: boolean;
          detail: string | null;
        };
      };
    };
    Health: {
      /** @constant */
      status: 'ok';
    };
    Version: {
      name: string;
      version: string;
      api: string;
      config?: components['schemas']['ConfigInForce'];
      sandbox?: components['schemas']['Sandbox'];
    };
    /** @description A queue that goes over to another version of its plugins. */
    PluginSwitch: {
      queue: string;
      generation: number;
      /** @enum {string} */
      state: 'trial' | 'in_force' | 'unchanged';
      /** @description Items that must go well before it is in force. */
      trial_items: number;
      plugins: {
        id: string;
        from: components['schemas']['PluginVersion'];
        to: components['schemas']['PluginVersion'];
      }[];
    };
    PluginVersion: {
      version: string;
      digest: string;
    };
    /** @description The configuration that new items begin with. */
    ConfigInForce: {
      /** @description Counts up with every reload that changed something. */
      generation: number;
      /** Format: date-time */
      loaded_at: string;
      file: string | null;
    };
    ReloadWish: {
      dry_run?: boolean;
      /** @description With dry_run: compare this YAML instead of the host's own file. It may name only plugins and programs that the file names as well. */
      text?: string;
    };
    ReloadAnswer: {
      generation: number;
      /** Format: date-time */
      loaded_at: string;
      /** @description false: there was nothing to change, or it was a dry run. */
      applied: boolean;
      changes: {
        /** @description Keys that a host reads at its start only; of a dry run. */
        restart: string[];
        host: string[];
        queues: {
          queue: string;
          /** @enum {string} */
          change: 'added' | 'removed' | 'changed';
          keys: string[];
        }[];
      };
    };
    /** @description How well this host can keep programs in their place, found by trying at its start. */
    Sandbox: {
      /** @enum {string} */
      level: 'none' | 'landlock' | 'namespaces';
      facilities: {
        /** @enum {string} */
        name: 'seccomp' | 'build_user' | 'control_groups' | 'landlock' | 'bubblewrap' | 'network';
        works: boolean;
        /** @description What there is, or why it does not work. */
        detail: string;
      }[];
      /** @description What would make it better; empty if nothing would. */
      remedy: string;
    };
    Blockers: {
      /** @description All that keeps it from being taken, in the order in which it would be noticed. */
      items: components['schemas']['Reason'][];
      /** @description The next free worker takes it. */
      eligible: boolean;
      /** @description In its queue, counted up to 10000. */
      position: number | null;
    };
    /** @description DSSE 1.0: the payload's bytes and type are signed together. */
    Envelope: {
      payloadType: string;
      /** @description Base64. */
      payload: string;
      signatures: {
        /** @description sha256 of the public key in DER form. */
        keyid: string;
        /** @description Ed25519, base64. */
        sig: string;
      }[];
    };
    KeyPage: {
      items: {
        id: string;
        /** @description PEM. */
        public_key: string;
        first_used_at: string;
        last_used_at: string;
      }[];
      next_cursor: string | null;
      total: number;
    };
    /** @description What a build produced. */
    Manifest: {
      build_id?: number;
      /** @description sha256:<64 hex digits> */
      plan_digest?: string;
      artifacts: {
        /** @description Where archives and `planwright fetch` put it: its name, or <job>/<name> where several jobs left one of that name. */
        path: string;
        /** @description Relative path in the job's folder. */
        name: string;
        job: string;
        /** @description sha256:<64 hex digits> */
        digest: string;
        size: number;
        mode: string;
      }[];
    };
    /** @description Two plan documents, compared. Jobs are the same by id, wherever they stand. */
    PlanDiff: {
      from: number;
      to: number;
      diff: {
        /** @description The same jobs: a build would do the same. */
        same: boolean;
        added: string[];
        removed: string[];
        changed: {
          job: string;
          fields: components['schemas']['FieldChange'][];
        }[];
        /** @description What differs besides the jobs: summary, input, planner. */
        document: components['schemas']['FieldChange'][];
      };
    };
    /** @description A member that differs; null on a side that has none. */
    FieldChange: {
      pointer: string;
      from: unknown;
      to: unknown;
    };
    /** @description As PEP 691 says. */
    IndexProjects: {
      meta: components['schemas']['IndexMeta'];
      projects: {
        name: string;
      }[];
    };
    /** @description As PEP 691 and PEP 700 say. */
    IndexProject: {
      meta: components['schemas']['IndexMeta'];
      name: string;
      versions: string[];
      files: components['schemas']['IndexFile'][];
    };
    IndexFile: {
      filename: string;
      /** @description Relative to the page. */
      url: string;
      hashes: components['schemas']['IndexHashes'];
      size: number;
      'requires-python'?: string;
      'core-metadata'?: components['schemas']['IndexHashes'];
      'data-dist-info-metadata'?: components['schemas']['IndexHashes'];
    };
    IndexHashes: {
      sha256: string;
    };
    IndexMeta: {
      'api-version': string;
    };
    Unchanged: {
      /** @description The first plan with these jobs that is not pruned. */
      since_plan: number;
      /** @description unchanged since plan 7 */
      message: string;
    };
    /** @description The sealed document; see sdk/schema/plan.schema.json. */
    PlanDocument: {
      jobs: unknown[];
    } & {
      [key: string]: unknown;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
