-- Records :items inputs that wait in the plan queue, as intake would have: content, file and input of each.
-- Parameters: items, distinct_content (1: every input has content of its own).
insert into blobs (digest, size, content)
select 'sha256:' || encode(sha256(convert_to(c.content, 'UTF8')), 'hex'), length(c.content),
       convert_to(c.content, 'UTF8')
  from (select 'project-' || g || '==1.0' || chr(10) as content
          from generate_series(1, case when :distinct_content = 1 then :items else 1 end) g) c
on conflict (digest) do nothing;

create temporary table dropped as
select g as n, 'drop-' || g || '.txt' as filename, b.content, length(b.content) as size,
       'sha256:' || encode(sha256(convert_to(b.content, 'UTF8')), 'hex') as digest
  from generate_series(1, :items) g,
       lateral (select 'project-' || case when :distinct_content = 1 then g else 1 end || '==1.0' || chr(10)
                  as content) b;
insert into source_files (queue, filename, digest, generation)
select 'default', filename, digest, 1 from dropped order by n;
insert into pending_inputs (queue, source, filename, generation, digest, size, queued_at)
select 'default', 'bench', filename, 1, digest, size, now() from dropped order by n;
drop table dropped;
vacuum analyze pending_inputs;
vacuum analyze source_files;
vacuum analyze blobs;
checkpoint;
