-- Was a job kept from the network and from files that it did not declare? Provenance calls materials complete only where
-- all jobs were. Results from the cache are as sealed as the attempt that they come from.
alter table jobs add column sealed boolean not null default false;
alter table job_cache add column sealed boolean not null default false;
