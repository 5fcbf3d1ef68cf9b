-- name: record_blobs
-- Arrays: $1 digest, $2 size, $3 small content in hex or null. Content that was lost is written again.
insert into blobs (digest, size, content)
select distinct on (d) d, s, decode(c, 'hex') from unnest($1::text[], $2::bigint[], $3::text[]) as r (d, s, c)
on conflict (digest) do update set doomed_at = null, content = coalesce(excluded.content, blobs.content)
   where blobs.doomed_at is not null or blobs.lost_at is not null

-- name: find_blob
-- $1 digest
select content, lost_at is not null as is_lost from blobs where digest = $1

-- name: blob_is_lost
-- $1 digest, $2 "damaged" or "missing", $3 what is to be told. A row if nobody has noted it before.
with u as (update blobs set lost_at = now() where digest = $1 and lost_at is null returning digest, size)
insert into events (subject, type, level, body)
select 'blob/' || digest, 'blob.lost', 'error', jsonb_build_object('what', $2::text, 'size', size, 'error', $3::text) from u
returning id

-- name: blob_is_back
-- $1 digest. A row if nobody has noted it before.
with u as (update blobs set lost_at = null where digest = $1 and lost_at is not null returning digest, size)
insert into events (subject, type, body)
select 'blob/' || digest, 'blob.back', jsonb_build_object('size', size) from u returning id

-- name: store_id
-- The name of this database's blob store, made once. The update changes nothing: it waits for a host that makes the name
-- at the same moment, and gives that one's.
insert into meta values ('store_id', gen_random_uuid()::text)
on conflict (key) do update set value = meta.value returning value
