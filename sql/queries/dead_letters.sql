-- Letters that wait. A page is filled from windows, as in api_lists.sql.

-- name: dead_letters
-- $1 only ids below this, $2 filter (dead_letter_fits), $3 window, $4 limit
select d.* from (select * from dead_letters where answer is null and id < $1 order by id desc limit $3) d
 where dead_letter_fits(d::dead_letters, $2::jsonb)
 order by d.id desc limit $4

-- name: dead_letters_window
-- $1 only ids below this, $2 window. Gives (smallest id, rows).
select coalesce(min(id), 0), count(*)
  from (select id from dead_letters where answer is null and id < $1 order by id desc limit $2) w

-- name: dead_letters_total
-- $1 filter, $2 window. Gives (fitting, rows looked at).
select count(*) filter (where dead_letter_fits(d::dead_letters, $1::jsonb)), count(*)
  from (select * from dead_letters where answer is null order by id desc limit $2) d

-- name: dead_letters_newest
select coalesce(max(id), 0) from dead_letters where answer is null

-- name: dead_letter_causes
-- $1 filter, $2 window. The most frequent first, each with ids of its newest letters.
select cause, min(error) as title, min(kind) as kind, min(class) as class, min(reason_code) as reason_code, count(*) as count,
       min(died_at) as first_at, max(died_at) as last_at, to_json((array_agg(id order by id desc))[1:5]) as samples
  from (select * from dead_letters where answer is null order by id desc limit $2) d
 where dead_letter_fits(d::dead_letters, $1::jsonb)
 group by cause order by count(*) desc, max(died_at) desc limit 200

-- name: dead_letter
-- $1 id
select * from dead_letters where id = $1

-- name: discard_letters
-- $1 ids, $2 actor. The items stay as they are. Gives the ids that waited.
with u as (
  update dead_letters set answer = 'discarded', answered_at = now()
   where id = any ($1::bigint[]) and answer is null returning id, kind, item, queue),
e as (
  insert into events (queue, subject, type, actor) select queue, kind || '/' || item, kind || '.discarded', $2 from u)
select id from u

-- name: bulk_begin
-- $1 action, $2 target, $3 filter, $4 actor, $5 how many fit, $6 the newest letter of now
insert into bulk_operations (action, target, filter, actor, matched, up_to)
values ($1, $2, $3::jsonb, $4, $5, $6) returning *

-- name: bulk_operation
-- $1 id
select * from bulk_operations where id = $1

-- name: bulk_next
-- The oldest that is not done. Gives (id, action, actor).
select id, action, actor from bulk_operations where finished_at is null order by id limit 1

-- name: bulk_slice
-- $1 operation, $2 limit: its next letters. Gives (letter, kind, item).
select d.id, d.kind, d.item
  from bulk_operations b, dead_letters d
 where b.id = $1 and d.answer is null and d.id > b.position and d.id <= b.up_to and dead_letter_fits(d, b.filter)
 order by d.id limit $2

-- name: bulk_advance
-- $1 operation, $2 the last letter of the slice or 0 when there was none, $3 letters done
update bulk_operations
   set position = greatest(position, $2), done = done + $3, finished_at = case when $2 = 0 then now() end
 where id = $1
