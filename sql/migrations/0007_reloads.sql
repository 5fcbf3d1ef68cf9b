-- A host takes over another configuration while it runs: what it builds with is known from when on.
alter table instance_tools drop constraint instance_tools_pkey, add primary key (instance, recorded_at);
