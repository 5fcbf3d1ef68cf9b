-- name: record_blobs
-- Arrays: $1 digest, $2 size, $3 small content in hex or null
insert into blobs (digest, size, content)
select distinct on (d) d, s, decode(c, 'hex') from unnest($1::text[], $2::bigint[], $3::text[]) as r (d, s, c)
on conflict (digest) do nothing

-- name: find_blob
-- $1 digest
select size, content from blobs where digest = $1
