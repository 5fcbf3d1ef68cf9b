-- Since when the bytes of a blob are known to be lost: the file is gone, or it (or `content`) has another digest. Null: as far
-- as anybody knows, they are there.
alter table blobs add column lost_at timestamptz;

-- How many bytes of text the log of the attempt had when it ended, so that one that was cut later is noticed. Null: nobody
-- counted them.
alter table job_attempts add column log_bytes bigint;
