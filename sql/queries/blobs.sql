-- name: record_blobs
-- Arrays: $1 digest, $2 size, $3 small content in hex or null
insert into blobs (digest, size, content)
select distinct on (d) d, s, decode(c, 'hex') from unnest($1::text[], $2::bigint[], $3::text[]) as r (d, s, c)
on conflict (digest) do update set doomed_at = null where blobs.doomed_at is not null

-- name: find_blob
-- $1 digest
select size, content from blobs where digest = $1

-- name: store_id
-- The name of this database's blob store, made once. The update changes nothing: it waits for a host that makes the name
-- at the same moment, and gives that one's.
insert into meta values ('store_id', gen_random_uuid()::text)
on conflict (key) do update set value = meta.value returning value
